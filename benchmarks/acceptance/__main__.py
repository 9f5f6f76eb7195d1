"""Whether final answers are found in what models say, and how long a ruling takes.

    python -m benchmarks.acceptance [../shared/data] [--every 5]

The shared data has final answers, and no texts around them: so each is put into made-up ones, in which it
must be found again. Two different answers to one prompt that become the same must have been scored alike.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.acceptance import free, real, speed

_FILES = ("zeroeval", "mmlu_pro", "bfcl_basic")
_REAL = ("dataset", "texts", "found", "the same as bare", "pairs", "made one", "scored otherwise")
_FREE = ("asked", "parts of documents", "come to something", "pairs", "agree")
_SPEED = ("two answers", "microseconds", "ruling")


def main() -> None:
    """Prints a table for each file, one for free text, and one for times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--every", type=int, default=5, help="take every so-manieth prompt")
    options = parser.parse_args()
    console = Console(width=120)
    for name in _FILES:
        path = options.data / f"{name}.parquet" if options.data else None
        if path is None or not path.exists():
            console.print(f"{name}: skipped, there is no such file in the folder of data")
            continue
        console.print(_table(_REAL, real.rows(real.tally(real.read_prompts(path, options.every)))))
    console.print(_table(_FREE, free.rows()))
    console.print(_table(_SPEED, speed.rows()))


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(*headings)
    for row in rows:
        table.add_row(*row)
    return table


if __name__ == "__main__":
    main()
