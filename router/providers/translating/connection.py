"""The connections that litellm may use: watched, never repeated, never redirected.

litellm's own HTTP clients follow redirects (with the key, if it is in a header of the
provider's own), resend a request when the connection was reset (the first may have been
billed), and leave the connection open when a stream is closed. So it is given a session of ours,
and what happens on it is recorded in a `ConnectionTrace`, which also has status and headers from before they
are translated.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum, auto
from typing import Any

import aiohttp
from msgspec import Struct, field

from router.providers.connector import TimelyConnector
from router.providers.exchange import KEEPALIVE_S


class Loss(Enum):
    """How a request can go unanswered."""

    UNREACHABLE = auto()
    """No connection was established, so nothing was sent."""
    BROKEN = auto()
    """The connection broke; the request may have arrived."""


class ConnectionTrace(Struct):
    """What one call met on the network.

    `sent` is true from the first request on. `status` and `headers` are those of the last response,
    None and empty before there is one; `lost` says why none came, if so.
    """

    sent: bool = False
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    lost: Loss | None = None
    _gone: bool = False
    _responses: list[aiohttp.ClientResponse] = field(default_factory=list)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Record here what the current task sends inside the block."""
        token = _CURRENT.set(self)
        try:
            yield
        finally:
            _CURRENT.reset(token)

    def sending(self) -> None:
        """A request is about to be sent. Raises ClientConnectionError if nobody waits for it any more."""
        if self._gone:
            raise aiohttp.ClientConnectionError("nobody is waiting for the answer")
        self.sent = True

    def answered(self, response: aiohttp.ClientResponse) -> None:
        """A response's head has arrived."""
        self.status = response.status
        self.headers = response.headers
        self._responses.append(response)

    def hang_up(self) -> None:
        """Close what is open, at once, so that the upstream stops, and send nothing more."""
        self._gone = True
        for response in self._responses:
            response.close()


_CURRENT: ContextVar[ConnectionTrace | None] = ContextVar(
    "the trace of the current call", default=None
)


def new_session(connect_s: float) -> aiohttp.ClientSession:
    """A connection pool that records what happens in the current call's trace.

    A connection must be established within `connect_s`; other time limits come with each request.
    Needs a running loop.
    """
    return aiohttp.ClientSession(
        connector=_Connector(connect_s), cookie_jar=aiohttp.DummyCookieJar(), middlewares=(_watch,)
    )


class _Connector(TimelyConnector):
    """litellm has a single timeout for everything; here, connecting has its own."""

    def __init__(self, connect_s: float) -> None:
        super().__init__(limit=0, keepalive_timeout=KEEPALIVE_S)
        self._connect_s = connect_s

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  aiohttp's signature
    ) -> Any:
        """A connection for `req`, new or from the pool."""
        limits = aiohttp.ClientTimeout(connect=timeout.connect, sock_connect=self._connect_s)
        return await super().connect(req, traces, limits)


async def _watch(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    trace = _CURRENT.get() or ConnectionTrace()
    trace.sending()
    try:
        response = await handler(request)
    except aiohttp.ClientConnectionError as error:
        # Of this general class, because litellm resends what fails with a more specific one.
        trace.lost = _loss_of(error)
        raise aiohttp.ClientConnectionError(trace.lost.name) from error
    trace.answered(response)
    if 300 <= response.status < 400:
        response.close()
        raise aiohttp.ClientConnectionError("redirects are not followed")
    return response


def _loss_of(error: aiohttp.ClientConnectionError) -> Loss:
    unreachable = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
    return Loss.UNREACHABLE if isinstance(error, unreachable) else Loss.BROKEN
