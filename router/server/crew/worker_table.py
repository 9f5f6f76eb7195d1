"""Which workers of a crew are at work, and how many connections each has: a table in shared memory.

Each process writes only its own row, a word at a time, so that none waits for another.
"""

import mmap
import os
from array import array
from collections.abc import Iterator
from enum import IntEnum
from typing import Self

from msgspec import Struct

ROWS = 64
"""More than there are workers, since those that are leaving keep theirs until they end."""
_WORDS = 4
_BYTES = ROWS * _WORDS * 8


class Stage(IntEnum):
    """What a worker does: start, take connections, or wait for its last ones to end. Or nobody has the row."""

    VACANT = 0
    STARTING = 1
    SERVING = 2
    LEAVING = 3


class WorkerRow(Struct, frozen=True):
    """A worker's entry in the table: its row, its stage, its number, its process, its connections."""

    at: int
    stage: Stage
    number: int
    pid: int
    connections: int


class WorkerTable:
    """The table in the file `fd`, which all processes of a crew have inherited."""

    def __init__(self, fd: int) -> None:
        self._map = mmap.mmap(fd, _BYTES)
        self._words = memoryview(self._map).cast("q")

    @classmethod
    def made(cls, fd: int) -> Self:
        """A table of vacant rows in the empty file `fd`. Raises OSError."""
        os.ftruncate(fd, _BYTES)
        return cls(fd)

    def free(self) -> int | None:
        """The first vacant row; None if there is none."""
        return next((at for at in range(ROWS) if self._words[at * _WORDS] == Stage.VACANT), None)

    def enter(self, at: int, number: int, pid: int) -> None:
        """Give the row `at` to worker `number`, which is starting."""
        begins = at * _WORDS
        self._words[begins : begins + _WORDS] = array("q", (Stage.STARTING, number, pid, 0))

    def vacate(self, at: int) -> None:
        """Nobody has this row any more."""
        self.turn(at, Stage.VACANT)

    def turn(self, at: int, stage: Stage) -> None:
        """The worker of this row is at another stage now."""
        self._words[at * _WORDS] = stage

    def count(self, at: int, connections: int) -> None:
        """The worker of this row has this many connections."""
        self._words[at * _WORDS + 3] = connections

    def rows(self) -> Iterator[WorkerRow]:
        """All rows that are not vacant."""
        words = self._words.tolist()
        for begins in range(0, len(words), _WORDS):
            if words[begins] != Stage.VACANT:
                stage, number, pid, connections = words[begins : begins + _WORDS]
                yield WorkerRow(begins // _WORDS, Stage(stage), number, pid, connections)

    def fewest(self) -> int:
        """The fewest connections of any worker that takes new ones; 0 if there is none."""
        serving = (row.connections for row in self.rows() if row.stage is Stage.SERVING)
        return min(serving, default=0)

    def close(self) -> None:
        """Let go of the memory."""
        self._words.release()
        self._map.close()
