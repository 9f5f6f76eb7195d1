"""Runs as JSON, and what is slower in one than in another."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import orjson

from benchmarks.rooms.timing import Time

NOISE = 1.25
"""What takes a quarter longer is slower; less differs from run to run."""
LEAST_US = 5.0
"""A difference below it is nobody's."""


class Cell(NamedTuple):
    """What was measured: a step of a room, with one request."""

    room: str
    step: str
    asked: str


Run = Mapping[Cell, Time]


@dataclass(frozen=True, slots=True)
class Slower:
    """A cell that takes longer than before, in microseconds of CPU time at its best."""

    cell: Cell
    before_us: float
    after_us: float

    def __str__(self) -> str:
        """As `features, category at 1 KB: 40.1 us, and it was 20.0 (x 2.01)`."""
        times = self.after_us / self.before_us
        room, step, asked = self.cell
        return f"{room}, {step} at {asked}: {self.after_us:.1f} us, and it was {self.before_us:.1f} (x {times:.2f})"


def write(path: Path, run: Run) -> None:
    """Save a run."""
    told = [{**cell._asdict(), **asdict(time)} for cell, time in run.items()]
    path.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))


def read(path: Path) -> Run:
    """The run that was saved."""
    return {
        Cell(row["room"], row["step"], row["asked"]): Time(
            row["p50_us"], row["cpu_us"], row["least_us"]
        )
        for row in orjson.loads(path.read_bytes())
    }


def slower(before: Run, after: Run) -> list[Slower]:
    """What became slower among what both runs have, the worst first."""
    return sorted(_slower(before, after), key=lambda each: each.before_us / each.after_us)


def _slower(before: Run, after: Run) -> Iterator[Slower]:
    for cell in before.keys() & after.keys():
        was_us, is_us = before[cell].least_us, after[cell].least_us
        if is_us > max(was_us * NOISE, was_us + LEAST_US):
            yield Slower(cell, was_us, is_us)
