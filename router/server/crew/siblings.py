"""What the workers of a crew say about themselves, gathered by whichever of them is asked.

Each answers at a socket of its own in the crew's folder, which is open to nobody else. It says there what it alone
knows; whoever asked puts the answers together.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

import aiohttp
from aiohttp import web

from router.server.crew.place import Place
from router.server.crew.worker_table import Stage, WorkerRow

_PATIENCE_S = 1.0
Sayings = Mapping[str, Callable[[], Awaitable[bytes]]]
"""What a worker can say about itself, by name."""


class Siblings:
    """The workers that take connections, this one among them, and its own `sayings`."""

    def __init__(self, place: Place, sayings: Sayings) -> None:
        self._place = place
        self._sayings = sayings

    async def listen(self, stack: AsyncExitStack) -> None:
        """Answer the others until `stack` is left. Raises OSError if it cannot listen."""
        app = web.Application()
        app.router.add_get("/{name}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.UnixSite(runner, self._socket(self._place.at)).start()

    async def say(self, name: str) -> dict[int, bytes | None]:
        """What each worker says about `name`, by its number; None for one that does not answer in time."""
        rows = [row for row in self._place.worker_table.rows() if row.stage is Stage.SERVING]
        said = await asyncio.gather(*(self._said(row, name) for row in rows))
        return {row.number: text for row, text in sorted(zip(rows, said, strict=True), key=_number)}

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        saying = self._sayings.get(request.match_info["name"])
        return web.Response(body=await saying()) if saying else web.Response(status=404)

    async def _said(self, row: WorkerRow, name: str) -> bytes | None:
        if row.at == self._place.at:
            return await self._sayings[name]()
        connector = aiohttp.UnixConnector(self._socket(row.at))
        timeout = aiohttp.ClientTimeout(_PATIENCE_S)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
                session.get(f"http://worker/{name}", raise_for_status=True) as answer,
            ):
                return await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    def _socket(self, at: int) -> str:
        return str(self._place.folder / f"{at}.sock")


def _number(each: tuple[WorkerRow, bytes | None]) -> int:
    return each[0].number
