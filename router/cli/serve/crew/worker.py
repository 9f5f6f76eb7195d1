"""A worker from its supervisor's view: a process, and a channel between the two."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from router.cli.serve.crew.orders import Job


class Worker(Struct, eq=False):
    """A running worker; `at` is its row in the table of workers; it was started at `began_s` of the monotonic clock."""

    number: int
    at: int
    began_s: float
    _process: asyncio.subprocess.Process
    _writer: asyncio.StreamWriter
    _begun: "asyncio.Task[int | None]"
    is_leaving: bool = False

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def takes_requests(self) -> bool:
        """Whether it has become ready; before that, most signals would end it."""
        return self._begun.done() and self._begun.result() is not None

    async def models(self) -> int | None:
        """Wait until it takes requests; returns how many models it has, or None if it ended before that."""
        return await asyncio.shield(self._begun)

    async def ended(self) -> str:
        """Wait until it has ended; returns how, in words."""
        status = await self._process.wait()
        self._writer.close()
        return f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; harmless if it has ended."""
        # asyncio's own way asks first whether it has ended, and then who waits for its status may not get that.
        with contextlib.suppress(ProcessLookupError):
            if self._process.returncode is None:
                os.kill(self.pid, number)

    def retire(self) -> None:
        """Another worker has its place: it takes no more connections, and ends when it has none left."""
        self.is_leaving = True
        self._tell(do="retire")

    def greet(self) -> None:
        """Have it greet the user at the terminal."""
        self._tell(do="greet")

    def _tell(self, **what: str) -> None:
        if not self._writer.is_closing():
            self._writer.write(json.dumps(what).encode() + b"\n")


async def hired(command: Sequence[str], job: Job, *inherited: int) -> Worker:
    """A new worker that is starting: `command` with the channel's number appended.

    It gets the `inherited` files, and no terminal: signals are for us. Raises OSError.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        process = await asyncio.create_subprocess_exec(
            *command,
            str(theirs.fileno()),
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=(theirs.fileno(), *inherited),
            start_new_session=True,
        )
    reader, writer = await asyncio.open_connection(sock=ours)
    writer.write(job.as_line())
    begun = asyncio.create_task(_models(reader))
    return Worker(job.number, job.at, time.monotonic(), process, writer, begun)


async def _models(reader: asyncio.StreamReader) -> int | None:
    """What a worker reports when it is ready."""
    with contextlib.suppress(ConnectionError):
        if line := await reader.readline():
            return int(json.loads(line)["models"])
    return None


def orders_of(line: bytes) -> dict[str, Any]:
    """What a worker is told on the channel; empty if that is not such a line."""
    with contextlib.suppress(ValueError):
        read = json.loads(line)
        return read if isinstance(read, dict) else {}
    return {}
