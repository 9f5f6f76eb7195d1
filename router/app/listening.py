"""Where Farthing listens for clients, and with what."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial

from aiohttp import web
from msgspec import Struct

from router.config.settings import Settings
from router.pipeline.time_limit import stood_still
from router.server.connection_close import ConnectionClose
from router.server.crew.accepting import Acceptor
from router.server.crew.address import BACKLOG, bound, url_of
from router.server.crew.place import Place
from router.server.crew.worker_table import Stage
from router.server.protocol import QuietRequestHandler, close_where_nothing_is_said, say_who

_LOOK_EVERY_S = 0.25
IDLE_S = 75.0
"""How long a connection must have been silent before we close it, since its client may still use it: longer
than most clients keep one (httpx 5 s, aiohttp 15 s, nginx 60 s), so that they have closed it by then."""

_Silent = Mapping[QuietRequestHandler, tuple[int, float]]
"""Connections without a request in flight: how many requests they have sent, and when that was first seen."""


async def listen(
    app: web.Application,
    settings: Settings,
    stack: AsyncExitStack,
    new_id: Callable[[], str],
    place: Place | None = None,
) -> "HttpListener":
    """Serve `app` until `stack` is left; with `place`, as one of several workers at a shared address.

    `new_id` makes the ids of requests that are no valid HTTP. Raises OSError if it cannot listen.
    """
    connection_close = ConnectionClose()
    app.on_response_prepare.extend((say_who, close_where_nothing_is_said, connection_close.say))
    runner = web.AppRunner(
        app,
        handler_cancellation=True,  # a client that goes away cancels its call to the upstream
        access_log=None,
        shutdown_timeout=settings.serving.shutdown_s,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    assert runner.server is not None  # noqa: S101 - setup() has made it
    if place is None:
        door = await _alone(runner.server, settings, new_id)
    else:
        door = _among_others(runner.server, settings, new_id, place)
    http_listener = HttpListener(runner.server, connection_close, door)
    stack.callback(http_listener.shut)
    return http_listener


class _Door(Struct, frozen=True):
    """Where clients come in: its URL, how to shut it, and how many connections there are, incoming ones included."""

    url: str
    shut: Callable[[], None]
    connections: Callable[[], int]


class HttpListener:
    """The address that clients connect to, and their connections."""

    def __init__(self, server: web.Server, connection_close: ConnectionClose, door: _Door) -> None:
        self._server = server
        self._connection_close = connection_close
        self._door = door

    @property
    def url(self) -> str:
        """The URL for clients."""
        return self._door.url

    def shut(self) -> None:
        """Accept no more clients, and end every connection with its next answer, which says so."""
        self._door.shut()
        self._connection_close.is_due = True

    async def emptied(self, within_s: float, *, idle_s: float = IDLE_S) -> None:
        """Wait until all connections have ended, but not longer than `within_s` seconds.

        Most end with their next answer. One that has been silent for `idle_s` seconds is closed.
        """
        loop = asyncio.get_running_loop()
        end_s = loop.time() + within_s
        silent: _Silent = {}
        while self._door.connections() and (now_s := loop.time()) < end_s:
            silent = _silent(self._connections(), silent, now_s)
            for each, (_, since_s) in silent.items():
                if now_s - since_s >= idle_s:
                    each.force_close()
            await asyncio.sleep(_LOOK_EVERY_S)

    def _connections(self) -> list[QuietRequestHandler]:
        ours = self._server.connections
        return [each for each in ours if isinstance(each, QuietRequestHandler)]


def _silent(connections: list[QuietRequestHandler], before: _Silent, now_s: float) -> _Silent:
    """Those of `connections` that are silent, and since when; `before` is the last result."""
    found = {}
    for each in connections:
        if each.is_silent:
            asked, since_s = before.get(each, (each.asked, now_s))
            found[each] = (each.asked, since_s if asked == each.asked else now_s)
    return found


async def _alone(server: web.Server, settings: Settings, new_id: Callable[[], str]) -> _Door:
    """Listen where the settings say. Raises OSError."""
    loop = asyncio.get_running_loop()
    connection = partial(_connection, server, loop, settings, new_id)
    if settings.host == "::":  # asyncio would refuse IPv4 there, which several workers take
        listener = bound(settings.host, settings.port)
        listening = await loop.create_server(connection, sock=listener, backlog=BACKLOG)
    else:
        listening = await loop.create_server(
            connection, settings.host, settings.port, backlog=BACKLOG
        )
    url = url_of(listening.sockets[0])
    return _Door(url, listening.close, lambda: len(server.connections))


def _among_others(
    server: web.Server, settings: Settings, new_id: Callable[[], str], place: Place
) -> _Door:
    """Take our share of the clients at the crew's listener."""
    loop = asyncio.get_running_loop()
    acceptor = Acceptor(place, lambda ended: _connection(server, loop, settings, new_id, ended))
    acceptor.start()
    place.turn(Stage.SERVING)

    def shut() -> None:
        acceptor.stop()
        place.turn(Stage.LEAVING)

    return _Door(url_of(place.listener), shut, lambda: acceptor.connections)


class _Connection(QuietRequestHandler):
    """A connection that says when it has ended, and ends when its client asks for nothing, or reads nothing.

    A client has `patience_s` seconds for its first request, and to read something of what waits for it.
    """

    def __init__(
        self, *args: object, ended: Callable[[], None], patience_s: float, **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # aiohttp's, passed on
        self._ended = ended
        self._patience_s = patience_s
        self._patience: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It has begun. aiohttp would wait for an hour for the head of its first request."""
        super().connection_made(transport)
        self._ask_later()

    def connection_lost(self, exc: BaseException | None) -> None:
        """It has ended."""
        for waiting in (self._patience, self._unread):
            if waiting is not None:
                waiting.cancel()
        super().connection_lost(exc)
        self._ended()

    def pause_writing(self) -> None:
        """More is written than the client reads."""
        super().pause_writing()
        self._look_later()

    def resume_writing(self) -> None:
        """It has read nearly all of it."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()

    def _end_unless_asked(self) -> None:
        if self.asked:
            return
        if self._patience is not None and stood_still(self._patience):
            self._ask_later()
        else:
            self.force_close()

    def _ask_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(self._patience_s, self._end_unless_asked)

    def _look_later(self) -> None:
        if self.transport is not None:
            unread_bytes = self.transport.get_write_buffer_size()
            loop = asyncio.get_running_loop()
            self._unread = loop.call_later(self._patience_s, self._end_unless_read, unread_bytes)

    def _end_unless_read(self, before_bytes: int) -> None:
        """End it unless less is waiting than `before_bytes`: a whole answer of megabytes takes some clients minutes."""
        if self.transport is None:
            return
        reads = self.transport.get_write_buffer_size() < before_bytes
        if reads or (self._unread is not None and stood_still(self._unread)):
            self._look_later()
        else:
            self.transport.abort()


def _connection(
    server: web.Server,
    loop: asyncio.AbstractEventLoop,
    settings: Settings,
    new_id: Callable[[], str],
    ended: Callable[[], None] = lambda: None,
) -> QuietRequestHandler:
    return _Connection(
        server,
        loop=loop,
        patience_s=settings.serving.write_timeout_s,
        access_log=None,
        auto_decompress=False,  # we decompress bodies ourselves, up to a limit
        new_id=new_id,
        ended=ended,
    )
