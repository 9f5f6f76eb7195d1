"""A worker's place in its crew: what it shares with the others, and what is its own."""

import asyncio
import os
import socket
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from router.server.crew.worker_table import Stage, WorkerTable

LONGEST_FOLDER = 90
"""In bytes: the path of a socket has at most 103 on macOS, 107 on Linux, and its own name has up to seven."""
BEAT_S = 1.0
"""How often a worker says that its event loop runs."""


class Place(Struct, frozen=True):
    """Worker `number`, at the row `at` of the table of workers.

    `listener` is bound and listens; all workers take connections from it. In `folder`, which is open
    to nobody else, they ask each other for figures.
    """

    number: int
    at: int
    worker_table: WorkerTable
    listener: socket.socket
    folder: Path

    def count(self, connections: int) -> None:
        """Tell the others how many connections we have."""
        self.worker_table.count(self.at, connections)

    def turn(self, stage: Stage) -> None:
        """Tell the others our stage."""
        self.worker_table.turn(self.at, stage)

    async def beat(self) -> None:
        """Have the supervisor see that our event loop runs, until cancelled."""
        while True:
            self.worker_table.beat(self.at)
            await asyncio.sleep(BEAT_S)

    def told(self) -> Sequence[dict[str, object]]:
        """What all workers are doing, in the order of their numbers, as JSON."""
        return [
            {
                "worker": row.number,
                "pid": row.pid,
                "state": row.stage.name.lower(),
                "connections": row.connections,
                "answered_this": row.pid == os.getpid(),
            }
            for row in sorted(self.worker_table.rows(), key=lambda row: (row.number, row.pid))
        ]
