"""What is behind Farthing: simulated models, and an upstream that sends the bytes it was given."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, Self, TypeVar, Unpack

from aiohttp import web

from router.providers.simulated import RunningSimulator, default_models, running
from router.providers.simulated.counters import CallRecord, Counters
from router.providers.simulated.server import Options
from tests.e2e.patience import until

T = TypeVar("T")
_PATIENCE_S = 10.0


class InAThread(Generic[T]):
    """An asyncio server that runs in the background, so that tests may be synchronous or not."""

    def __init__(self, server: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        self._server = server
        self._stop = asyncio.Event()
        self._started: Future[tuple[asyncio.AbstractEventLoop, T]] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._loop, self.served = self._started.result(_PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_PATIENCE_S)

    async def _serve(self) -> None:
        async with self._server() as served:
            self._started.set_result((asyncio.get_running_loop(), served))
            await self._stop.wait()


class Simulator(InAThread[RunningSimulator]):
    """The four simulated models without delays; they keep the bodies that they are sent."""

    def __init__(self, **options: Unpack[Options]) -> None:
        told: Options = {"speed": 0, "keep_bodies": True, **options}
        super().__init__(lambda: running(default_models(), **told))

    @property
    def base_url(self) -> str:
        """What an upstream's `base_url` is set to."""
        return self.served.base_url

    @property
    def counters(self) -> Counters:
        """The exact counts."""
        return self.served.counters

    @property
    def calls(self) -> list[CallRecord]:
        """The log of the last calls. One is written down when its answer has left, which its client may see before."""

        async def written() -> list[CallRecord]:
            return list(self.counters.calls)

        until(lambda: not self.counters.in_flight)
        return asyncio.run_coroutine_threadsafe(written(), self._loop).result(_PATIENCE_S)

    def call_with(self, sign: bytes) -> CallRecord:
        """The last call whose body has these bytes; it is there soon after its answer is."""
        found: list[CallRecord] = []

        def is_there() -> bool:
            found.extend(call for call in self.counters.calls if sign in (call.body or b""))
            return bool(found)

        until(is_there)
        return found[-1]

    def will(self, model: str, *faults: str) -> None:
        """The model's next requests meet these faults, one each."""
        self.served.faults.script(model, faults)

    def forget(self) -> None:
        """Nothing goes wrong any more."""
        self.served.faults.clear()


@dataclass(frozen=True)
class Arrived:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Canned:
    """An answer by the byte: `pieces` are written one at a time, each on its own."""

    pieces: tuple[bytes, ...]
    content_type: str = "application/json"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class FixedUpstream(InAThread[str]):
    """An upstream that sends `answer` to everybody, and keeps what it was sent."""

    def __init__(self, answer: Canned) -> None:
        super().__init__(self._running)
        self.answer = answer
        self.arrived: list[Arrived] = []

    @property
    def base_url(self) -> str:
        """What an upstream's `base_url` is set to."""
        return f"{self.served}/v1"

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[str]:
        app = web.Application(client_max_size=2**28)
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.arrived.append(Arrived(request.path, dict(request.headers), body))
        canned = self.answer
        response = web.StreamResponse(status=canned.status, headers=canned.headers)
        response.headers["content-type"] = canned.content_type
        await response.prepare(request)
        for piece in canned.pieces:
            await response.write(piece)
            await asyncio.sleep(0)
        await response.write_eof()
        return response
