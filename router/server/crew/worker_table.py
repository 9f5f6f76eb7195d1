"""Which workers of a crew are at work, and how many connections each has: a table in shared memory.

Each process writes only its own row, a word at a time, so that none waits for another. After the rows come a word for
each row's beats, and one for each worker's number, which its supervisor writes: during an upgrade some processes know
the rows only.
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
_BEATS = ROWS * _WORDS
_KILLED = _BEATS + ROWS
_BYTES = (_KILLED + ROWS) * 8


class Stage(IntEnum):
    """What a worker does: start, take connections, or wait for its last ones to end. Or nobody has the row.

    Older supervisors read the stages of newer workers, so there can be no others.
    """

    VACANT = 0
    STARTING = 1
    SERVING = 2
    LEAVING = 3


class WorkerRow(Struct, frozen=True):
    """A worker's entry in the table: its row, its stage, its number, its process, its connections, its beats.

    It beats for as long as its event loop runs; 0 if it has not begun to.
    """

    at: int
    stage: Stage
    number: int
    pid: int
    connections: int
    beats: int = 0


class WorkerTable:
    """The table in the file `fd`, which all processes of a crew have inherited."""

    def __init__(self, fd: int) -> None:
        # An older supervisor's is shorter; of a newer one's nothing may be cut off.
        os.ftruncate(fd, max(_BYTES, os.fstat(fd).st_size))
        self._map = mmap.mmap(fd, _BYTES)
        self._words = memoryview(self._map).cast("q")

    @classmethod
    def made(cls, fd: int) -> Self:
        """A table of vacant rows in the empty file `fd`. Raises OSError."""
        return cls(fd)

    def free(self) -> int | None:
        """The first vacant row; None if there is none."""
        return next((at for at in range(ROWS) if self._words[at * _WORDS] == Stage.VACANT), None)

    def enter(self, at: int, number: int, pid: int) -> None:
        """Give the row `at` to worker `number`, which is starting."""
        begins = at * _WORDS
        self._words[begins : begins + _WORDS] = array("q", (Stage.STARTING, number, pid, 0))
        self._words[_BEATS + at] = 0

    def vacate(self, at: int) -> None:
        """Nobody has this row any more."""
        self.turn(at, Stage.VACANT)

    def turn(self, at: int, stage: Stage) -> None:
        """The worker of this row is at another stage now."""
        self._words[at * _WORDS] = stage

    def count(self, at: int, connections: int) -> None:
        """The worker of this row has this many connections."""
        self._words[at * _WORDS + 3] = connections

    def beat(self, at: int) -> None:
        """The event loop of this row's worker runs."""
        self._words[_BEATS + at] += 1

    def count_killed(self, number: int) -> None:
        """A worker with this number was killed because its event loop stood still."""
        self._words[_KILLED + number] += 1

    def killed(self, number: int) -> int:
        """How often that has happened."""
        return self._words[_KILLED + number]

    def rows(self) -> Iterator[WorkerRow]:
        """All rows that are not vacant."""
        words = self._words.tolist()
        for at, begins in enumerate(range(0, _BEATS, _WORDS)):
            if words[begins] != Stage.VACANT:
                stage, number, pid, connections = words[begins : begins + _WORDS]
                yield WorkerRow(at, Stage(stage), number, pid, connections, words[_BEATS + at])

    def fewest(self) -> int:
        """The fewest connections of any worker that takes new ones; 0 if there is none."""
        serving = (row.connections for row in self.rows() if row.stage is Stage.SERVING)
        return min(serving, default=0)

    def close(self) -> None:
        """Let go of the memory."""
        self._words.release()
        self._map.close()
