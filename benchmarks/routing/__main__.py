"""Measure what the prediction of quality is worth, and print it as Markdown.

    python -m benchmarks.routing ../shared/data [--only NAME ...] [--json OUT] [--pictures FOLDER]

An experiment is a file of this folder. All of them together take some two hours; `--samples 300` makes
intervals coarser and halves it. The same data, seed and versions give the same numbers.
"""

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path
from time import perf_counter

from benchmarks.routing.data import Data
from benchmarks.routing.findings import Found, Picture, document, markdown
from benchmarks.routing.running import Settings, experiment

EXPERIMENTS = ("pools",)


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for; 0, also where there is no data."""
    args = _parser().parse_args(arguments)
    data = Data(args.data)
    if not data.is_there:
        print(f"skipped: there is no outcome data in {args.data}")
        return 0
    kept: dict[str, list[object]] = {}
    for name in args.only or EXPERIMENTS:
        kept[name] = []
        module = import_module(f"benchmarks.routing.{name}")
        print(f"\n## {module.TITLE}", flush=True)
        began = perf_counter()
        for found in experiment(module)(data, Settings(args.seed, args.samples)):
            kept[name].extend(_shown(found, args.pictures))
            _keep(kept, args.json)
        print(f"\n({name}: {perf_counter() - began:.0f} s)", flush=True)
    return 0


def _shown(found: Found, pictures: Path | None) -> list[object]:
    """Prints a table, or draws a picture; what of it is to be kept."""
    if isinstance(found, Picture):
        if pictures is not None:
            pictures.mkdir(parents=True, exist_ok=True)
            (pictures / f"{found.name}.svg").write_text(found.svg, encoding="utf-8")
        return []
    print(f"\n{found.title}\n")
    for line in markdown(found):
        print(line, flush=True)
    return [document(found)]


def _keep(kept: dict[str, list[object]], path: Path | None) -> None:
    """Writes all that was found so far: a run that is cut short leaves what it had."""
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
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="draw pictures into it")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=int, default=1000, help="of prompts, for intervals")
    return parser


if __name__ == "__main__":
    sys.exit(main())
