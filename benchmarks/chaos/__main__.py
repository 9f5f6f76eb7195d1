"""`python -m benchmarks.chaos`: soak the proxy for some minutes and say what held."""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

import orjson
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.chaos.mutants import MUTANTS
from benchmarks.chaos.plan import Plan
from benchmarks.chaos.report import Report
from benchmarks.chaos.soak import run_soak


def main() -> int:
    """Run it; 0 if every invariant held, 1 if not."""
    args = _parser().parse_args()
    plan = Plan.of_minutes(args.minutes, seed=args.seed, concurrency=args.concurrency)
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="farthing-chaos-") as temporary:
        folder = args.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        report = asyncio.run(_run(plan, folder, args.mutant, console))
    console.print(report.as_table())
    if args.json:
        args.json.write_bytes(orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2))
    return 0 if report.ok else 1


async def _run(plan: Plan, folder: Path, mutant: str | None, console: Console) -> Report:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=plan.seconds)
        began_s = time.monotonic()

        def show(phase: str, report: Report) -> None:
            asked, broken = sum(report.requests.values()), sum(report.violations.values())
            said = f"{phase}: {asked:,} requests, {broken:,} violations"
            progress.update(task, description=said, completed=time.monotonic() - began_s)

        return await run_soak(plan, folder, mutant=mutant, on_progress=show)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.chaos", description=__doc__, epilog="See docs/chaos.md."
    )
    parser.add_argument(
        "--minutes", type=float, default=1.0, help="of load, in rounds of about one (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the schedule (%(default)s)")
    parser.add_argument(
        "--concurrency", type=int, default=24, help="clients at a time (%(default)s)"
    )
    parser.add_argument(
        "--mutant", choices=tuple(MUTANTS), help="soak a proxy that is broken on purpose"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there as well")
    parser.add_argument(
        "--folder", type=Path, help="keep configs, logs and the ledger there, for a look afterwards"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
