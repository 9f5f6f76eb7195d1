"""What each room of a decision costs, in microseconds, and what became slower.

    python -m benchmarks.rooms [--models 12] [--json OUT] [--against OLD.json] [--only 'REQUEST'] [--budget-s 0.5]

Rows are steps of the walk, columns requests: a question of 300 bytes to 1 MB, and a coding agent's conversation of
10 and of 60 turns, with all of it new, and with all but its last turn seen before. A cell is the median by the clock,
that of the processor's own time, and the processor's time of the fastest tenth, which others on the machine disturb
least: against an earlier run it is that which counts. Ends with 1 where a step became slower.
"""

import argparse
import gc
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.rooms.asked import Asked, every
from benchmarks.rooms.comparing import Cell, Run, read, slower, write
from benchmarks.rooms.house import a_dozen, a_hundred, pipeline_of
from benchmarks.rooms.steps import STEPS, Act, Make, Scene
from benchmarks.rooms.timing import Time, timed
from router.pipeline.flow import Pipeline

_MOST_ROUNDS = 300
_WIDTH = 17
_HOUSES = {12: a_dozen, 100: a_hundred}


def measured(house: Pipeline, asked: Sequence[Asked], budget_s: float) -> Run:
    """Every step with every request, printed row by row."""
    _row("us: clock, processor, best", [each.name for each in asked])
    run = dict[Cell, Time]()
    for (room, step), make in STEPS.items():
        for each in asked:
            prepare = partial(_prepared, make, house, each)
            run[Cell(room, step, each.name)] = timed(prepare, budget_s, _MOST_ROUNDS)
        times = (run[Cell(room, step, each.name)] for each in asked)
        _row(
            f"{room}: {step}",
            [f"{time.p50_us:.0f} {time.cpu_us:.0f} {time.least_us:.0f}" for time in times],
        )
    return run


def _prepared(make: Make, house: Pipeline, asked: Asked) -> Act:
    return make(Scene(house, asked))


def _row(head: str, cells: Sequence[str]) -> None:
    print(f"{head:28}" + "".join(f"{cell[-_WIDTH + 1 :]:>{_WIDTH}}" for cell in cells), flush=True)


def _against(old: Path, run: Run) -> int:
    worse = slower(read(old), run)
    for each in worse:
        print(f"slower: {each}")
    if not worse:
        print(f"nothing is slower than in {old}")
    return bool(worse)


def main() -> int:
    """Measure, print, save and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=int, choices=_HOUSES, default=12)
    parser.add_argument("--json", type=Path, metavar="OUT")
    parser.add_argument("--against", type=Path, metavar="OLD.json")
    parser.add_argument("--only", action="append", metavar="REQUEST", help="such as '1 KB'")
    parser.add_argument("--budget-s", type=float, default=0.5, help="for each cell")
    args = parser.parse_args()
    house = pipeline_of(_HOUSES[args.models]())
    asked = [each for each in every() if not args.only or each.name in args.only]
    # As `farthing serve` does once it has started: permanent objects are not examined again and again.
    gc.collect()
    gc.freeze()
    run = measured(house, asked, args.budget_s)
    if args.json:
        write(args.json, run)
    return _against(args.against, run) if args.against else 0


if __name__ == "__main__":
    sys.exit(main())
