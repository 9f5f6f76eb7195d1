"""`farthing serve` that can report what its memory consists of.

    python -m benchmarks.slope.traced FOLDER serve --config ...

The first SIGUSR1 starts tracing, because starting up under tracemalloc takes long. Each further one writes a snapshot
to the folder: `1`, `2` and so on; a line on standard error says when it is complete.
"""

import gc
import itertools
import signal
import sys
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

from router.cli import main

WRITTEN = "snapshot {} is written"
FRAMES = 4
"""Of each allocation so many callers are kept."""


def trace_into(folder: Path) -> None:
    """Start tracing at the first SIGUSR1, and write a snapshot at each further one."""
    numbers = itertools.count(1)

    def write(*_: object) -> None:
        if not tracemalloc.is_tracing():
            tracemalloc.start(FRAMES)
            return
        number = next(numbers)
        gc.collect()
        path = folder / str(number)
        tracemalloc.take_snapshot().dump(str(path))
        print(WRITTEN.format(path), file=sys.stderr)

    signal.signal(signal.SIGUSR1, write)


def grown(before: Path, after: Path, most: int) -> Sequence[str]:
    """What takes more memory in the snapshot `after`, the most first, one line each."""
    ours = (tracemalloc.Filter(False, tracemalloc.__file__),)
    first, last = (
        tracemalloc.Snapshot.load(str(each)).filter_traces(ours) for each in (before, after)
    )
    changes = last.compare_to(first, "traceback")
    return [
        f"{change.size_diff / 1024:+9.1f} KiB {change.count_diff:+7} "
        + " < ".join(
            f"{_short(frame.filename)}:{frame.lineno}" for frame in reversed(change.traceback)
        )
        for change in sorted(changes, key=lambda each: -each.size_diff)[:most]
    ]


def _short(path: str) -> str:
    return "/".join(Path(path).parts[-2:])


if __name__ == "__main__":
    trace_into(Path(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
