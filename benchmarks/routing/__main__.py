"""Measure what the prediction of quality is worth, and print it as Markdown.

    python -m benchmarks.routing ../shared/data [--only NAME ...] [--json OUT] [--page docs/evidence.md]

An experiment is a file of this folder. `--page` puts the tables into a page, where it has places for them, and the
pictures beside it. The same data, seed and versions give the same numbers, but for `speed`.
"""

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path
from time import perf_counter

from benchmarks.routing.findings import Picture, Table, document, markdown, renewed
from benchmarks.routing.outcome_folder import OutcomeFolder
from benchmarks.routing.running import Settings, experiment

EXPERIMENTS = ("pools", "cascades", "elsewhere", "routellm", "newcomer", "ablation", "speed")


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for; 0, even if there is no data."""
    args = _parser().parse_args(arguments)
    folder = OutcomeFolder(args.data)
    if not folder.is_there:
        print(f"skipped: there is no outcome data in {args.data}")
        return 0
    kept: dict[str, list[object]] = {}
    for name in args.only or EXPERIMENTS:
        kept[name] = []
        module = import_module(f"benchmarks.routing.{name}")
        print(f"\n## {module.TITLE}", flush=True)
        began = perf_counter()
        for found in experiment(module)(folder, Settings(args.seed, args.samples)):
            if isinstance(found, Picture):
                _draw(found, args.page)
            else:
                _tell(found, args.page)
                kept[name].append(document(found))
                _keep(kept, args.json)
        print(f"\n({name}: {perf_counter() - began:.0f} s)", flush=True)
    return 0


def _tell(table: Table, page: Path | None) -> None:
    print(f"\n{table.title}\n")
    for line in markdown(table):
        print(line, flush=True)
    if page is not None:
        page.write_text(renewed(page.read_text(encoding="utf-8"), [table]), encoding="utf-8")


def _draw(picture: Picture, page: Path | None) -> None:
    if page is not None:
        (page.parent / f"{page.stem}-{picture.name}.svg").write_text(picture.svg, encoding="utf-8")


def _keep(kept: dict[str, list[object]], path: Path | None) -> None:
    """Writes everything found so far: an interrupted run keeps what it had."""
    if path is not None:
        path.write_text(json.dumps(kept, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.routing", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of outcome data")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=EXPERIMENTS,
        metavar="NAME",
        help=f"of {', '.join(EXPERIMENTS)}",
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write every number to this file")
    parser.add_argument("--page", type=Path, metavar="PAGE.md", help="put tables into this page")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=int, default=1000, help="of prompts, for intervals")
    return parser


if __name__ == "__main__":
    sys.exit(main())
