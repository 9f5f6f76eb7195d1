"""How evenly two workers share connections that are kept alive: our way, and the kernel's.

    python -m benchmarks.connections [--rounds 5]

For some numbers of connections, opened at once, one each 10 ms, or likewise while all of them ask, the largest
share that one worker had in the worst round; .50 is even. `SO_REUSEPORT` gives each worker a listener of its own.
"""

import argparse
import asyncio
import os
import signal
import socket
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop
from aiohttp import web
from rich.console import Console
from rich.table import Table

from router.server.crew.accepting import Acceptor
from router.server.crew.address import bound
from router.server.crew.place import Place
from router.server.crew.worker_table import Stage, WorkerTable
from tests.servers import free_port

_WORKERS = 2
_QUESTION = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
_STEPS_OF_WORK = 20_000
_WAYS = {"at once": (0.0, False), "one by one": (0.01, False), "while all ask": (0.01, True)}


def _reuseport(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(1024)
    return listener


async def _serve(place: Place, is_ours: bool) -> None:
    """Answer with our number, after as much work as a request takes."""

    async def answer(_: web.BaseRequest) -> web.Response:
        sum(range(_STEPS_OF_WORK))
        return web.Response(text=str(place.number))

    server = web.Server(answer, access_log=None)
    if is_ours:
        Acceptor(place, lambda ended: _Telling(server, ended)).start()
        place.turn(Stage.SERVING)
    else:
        loop = asyncio.get_running_loop()
        await loop.create_server(server, sock=place.listener, backlog=1024)
    await asyncio.Event().wait()


class _Telling(web.RequestHandler):
    """A connection that reports when it has ended."""

    def __init__(self, server: web.Server, ended: Callable[[], None]) -> None:
        super().__init__(server, loop=asyncio.get_running_loop())
        self._ended = ended

    def connection_lost(self, exc: BaseException | None) -> None:
        """It has ended."""
        super().connection_lost(exc)
        self._ended()


@contextmanager
def _workers(is_ours: bool) -> Iterator[int]:
    """Two workers; their port. They are forked, since there is nothing else in this process yet."""
    with tempfile.TemporaryFile() as table:
        worker_table = WorkerTable.made(table.fileno())
        port = free_port()
        shared = bound("127.0.0.1", port) if is_ours else None
        pids = []
        listeners = [shared or _reuseport(port) for _ in range(_WORKERS)]
        for number, listener in enumerate(listeners):
            worker_table.enter(number, number, 1)
            if not (pid := os.fork()):
                place = Place(number, number, worker_table, listener, Path())
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    runner.run(_serve(place, is_ours))
            pids.append(pid)
        try:
            yield port
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            for listener in listeners:
                listener.close()


async def _largest_share(port: int, count: int, pause_s: float, is_busy: bool) -> float:
    """Open this many connections; the share of the worker that has most of them."""
    seen: Counter[bytes] = Counter()
    over = asyncio.Event()

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        seen[await _asked(reader, writer)] += 1
        while is_busy and not over.is_set():
            await _asked(reader, writer)
        await over.wait()
        writer.close()

    tasks = []
    for _ in range(count):
        tasks.append(asyncio.create_task(client()))
        if pause_s:
            await asyncio.sleep(pause_s)
    while sum(seen.values()) < count:  # noqa: ASYNC110 - nothing is measured here
        await asyncio.sleep(0.01)
    over.set()
    await asyncio.gather(*tasks)
    await asyncio.sleep(0.1)  # until the workers have noticed that they are closed
    return max(seen.values()) / count


async def _asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(_QUESTION)
    await reader.readuntil(b"\r\n\r\n")
    return await reader.readexactly(1)


async def _worst(port: int, count: int, rounds: int) -> list[str]:
    worst = []
    for pause_s, is_busy in _WAYS.values():
        shares = [await _largest_share(port, count, pause_s, is_busy) for _ in range(rounds)]
        worst.append(f"{max(shares):.2f}")
    return worst


def main() -> None:
    """Parse the arguments, measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    table = Table("connections", "listener", *_WAYS)
    for is_ours, name in ((False, "SO_REUSEPORT"), (True, "ours")):
        with _workers(is_ours) as port:
            for count in (8, 32, 128):
                table.add_row(str(count), name, *asyncio.run(_worst(port, count, args.rounds)))
    Console().print(table)


if __name__ == "__main__":
    main()
