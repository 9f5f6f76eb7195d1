"""Takes connections off a socket that several workers share.

A connection stays with the worker that took it for as long as it is kept alive, so that decides how work
is spread. The kernel does not care: it wakes every worker, and the first takes all connections that wait.
Here each takes one at a time, and a worker that has more than another first steps back for a moment.
"""

import asyncio
import logging
import socket
from collections.abc import Callable

from router.server.crew.place import Place

_LOG = logging.getLogger(__name__)
_NO_FILE_S = 1.0
"""Pause when no file descriptor is free; new clients wait meanwhile, or another worker takes them."""
_STEP_BACK_S = 0.001
_LONGEST_STEP_S = 0.01
"""A step back per connection that a worker has more than another, and the longest: what a client may have to wait."""

Made = Callable[[Callable[[], None]], asyncio.Protocol]
"""Makes the protocol of a connection, which must call the function that it is given when the connection ends."""


class Acceptor:
    """Takes connections off the listener of `place` until it is stopped; `connections` is how many it has."""

    def __init__(self, place: Place, made: Made) -> None:
        self._place = place
        self._made = made
        self._loop = asyncio.get_running_loop()
        self.connections = 0
        self._adopting: set[asyncio.Task[None]] = set()
        self._later: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Take connections from now on."""
        self._loop.add_reader(self._place.listener, self._knock)

    def stop(self) -> None:
        """Take no more; those that wait are left to the others. Stopping again is harmless.

        The address refuses clients once none of the crew has its listener open: who came later would only wait.
        """
        if self._later is not None:
            self._later.cancel()
        if self._place.listener.fileno() >= 0:
            self._loop.remove_reader(self._place.listener)
            self._place.listener.close()

    def _knock(self) -> None:
        """A client waits. Let workers with fewer connections go first; if none does, it is our turn."""
        ahead = self.connections - self._place.worker_table.fewest()
        if ahead <= 0:
            self._accept()
        else:
            self._step_back(min(ahead * _STEP_BACK_S, _LONGEST_STEP_S), self._after_all)

    def _step_back(self, pause_s: float, then: Callable[[], None]) -> None:
        self._loop.remove_reader(self._place.listener)
        self._later = self._loop.call_later(pause_s, then)

    def _after_all(self) -> None:
        self.start()
        self._accept()

    def _accept(self) -> None:
        try:
            connection, _ = self._place.listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another worker has it, or it has gone
        except OSError as error:
            _LOG.error("no connection can be accepted now: %s", error.strerror)
            self._step_back(_NO_FILE_S, self.start)
            return
        connection.setblocking(False)
        self._count(1)
        task = self._loop.create_task(self._adopt(connection))
        self._adopting.add(task)
        task.add_done_callback(self._adopting.discard)

    async def _adopt(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: self._made(self._gone), connection)
        except OSError:  # it has gone already
            connection.close()
            self._gone()

    def _gone(self) -> None:
        self._count(-1)

    def _count(self, more: int) -> None:
        self.connections += more
        self._place.count(self.connections)
