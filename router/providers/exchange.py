"""One POST and its answer, over aiohttp's connections and its parser, without its session.

A session builds a new request and response for each call, with what a browser would want: cookies,
redirects, traces, a walk through all headers. For a body of a few hundred bytes that is more work than
everything else that a call needs (docs/adr/0032-exchanges.md). The pool, DNS, TLS, connecting and
the parsing of answers are aiohttp's own.

A pool meets connections that the other side has just closed, while the news of it waits in the kernel until the
event loop looks. So before a connection is reused the kernel is asked, and a closed one is replaced: not a byte was
written to it, so nobody can bill for that. A close that is still on its way cannot be seen. Then the request may
have arrived, and be billed: this is a failure like any other, reported and booked, and only the attempt machine
asks again. (RFC 9112, section 9.3.1, forbids repeating a POST silently; aiohttp's session, Go's client and nginx do
not either.)

While a machine sleeps, the clock by which the pool forgets idle connections stands still. What they lead to has gone
without a word when it wakes up, and a request over one would wait for minutes. So the calendar decides as well.
"""

import asyncio
import re
import select
from collections.abc import Callable, Mapping
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import HttpProcessingError, RawResponseMessage
from msgspec import Struct
from multidict import CIMultiDict
from yarl import URL

from router.providers.connector import TimelyConnector

KEEPALIVE_S = 4.0
"""Shorter than the 5 s after which uvicorn, and so vLLM, closes an idle connection."""

_STALE_S = 2 * KEEPALIVE_S
"""A connection that has been idle for longer by the calendar was forgotten by the pool, unless time stood still."""

_OLDEST_S = 300.0
"""A connection that is used for longer is made anew: the upstream's name may lead to another place by now."""

LINGER_S = 1.0
"""Uvicorn, and so vLLM, sends the end within a millisecond; whatever takes longer was not going to be kept."""

_BREAK = re.compile(r"[\r\n\0]")
_REQUEST = b"%bContent-Length: %d\r\n\r\n%b"
_NO_HEADERS: Mapping[str, str] = {}
_SWITCHING = 101
"""No interim answer: nothing follows in HTTP (RFC 9110, section 15.2.2), though nobody asked to switch."""
_NOT_BY_ITSELF = ("Content-Type",)
"""What aiohttp would otherwise add to a request without a body."""


class Address(Struct, frozen=True):
    """An address to post to: what aiohttp's pool wants to know of it, and the headers that are always sent."""

    request: aiohttp.ClientRequest
    head: bytes

    @classmethod
    def of(
        cls,
        url: URL,
        headers: Mapping[str, str],
        connector: TimelyConnector,
        loop: asyncio.AbstractEventLoop,
    ) -> "Address":
        """The address `url` over this connector. Raises ValueError for a header with a line break."""
        request = aiohttp.ClientRequest(
            "POST", url, headers=headers, skip_auto_headers=_NOT_BY_ITSELF, loop=loop
        )
        request.headers.popall("content-length", None)
        connector.aim(request)
        return cls(request, _head(request, request.headers))

    def head_with(self, headers: Mapping[str, str]) -> bytes:
        """The lines before the body's length, with further `headers`. Raises ValueError."""
        always = self.request.headers
        if not any(name in always for name in headers):
            return self.head + _lines(headers)
        both = CIMultiDict(always)
        both.update(headers)
        return _head(self.request, both)


class _Keeping:
    """When connections were first and last used, and which still wait for the end of an answer that is known."""

    def __init__(self, loop: asyncio.AbstractEventLoop, unix_s: Callable[[], float]) -> None:
        self._loop = loop
        self._unix_s = unix_s
        self._used_s: WeakKeyDictionary[ResponseHandler, tuple[float, float]] = WeakKeyDictionary()
        self._lingering: set[Connection] = set()

    def is_usable(self, connection: Connection) -> bool:
        """Whether it is new, or still open, was used a moment ago, and is not too old."""
        protocol = connection.protocol
        if protocol is None or (used_s := self._used_s.get(protocol)) is None:
            return True
        now_s, (first_s, last_s) = self._unix_s(), used_s
        is_fresh = abs(now_s - last_s) < _STALE_S and now_s - first_s < _OLDEST_S
        return is_fresh and not _is_over(connection)

    def free(self, connection: Connection) -> None:
        """Give it back to the pool."""
        if (protocol := connection.protocol) is not None:
            now_s = self._unix_s()
            first_s, _ = self._used_s.get(protocol, (now_s, now_s))
            self._used_s[protocol] = first_s, now_s
        self._lingering.discard(connection)
        connection.release()

    def linger(self, connection: Connection) -> None:
        """Let what is missing arrive for `LINGER_S`, then close it if it has not been freed."""
        self._lingering.add(connection)
        self._loop.call_later(LINGER_S, self._give_up, connection)

    def close(self) -> None:
        """Close those that still wait."""
        for connection in [*self._lingering]:
            self._give_up(connection)

    def _give_up(self, connection: Connection) -> None:
        self._lingering.discard(connection)
        connection.close()


class Exchange:
    """An answer whose head has come. It must be closed, or read to its end."""

    def __init__(
        self,
        message: RawResponseMessage,
        content: aiohttp.StreamReader,
        connection: Connection,
        keeping: _Keeping,
    ) -> None:
        self.status = message.code
        self.headers = message.headers
        self.content = content
        self._connection = connection
        self._keeping = keeping
        self._is_told = False
        content.on_eof(self._ended)

    def hear_out(self) -> None:
        """Say that of the body nothing is missing but its end."""
        self._is_told = True

    def close(self) -> None:
        """Close the connection of an answer that was not read to its end; closing again is harmless.

        Some servers send the end of a body on its own, after the last event. It may still come, so that the
        connection need not be made again.
        """
        if self._is_told and not self._connection.closed:
            self._is_told = False
            self._keeping.linger(self._connection)
        else:
            self._connection.close()

    def _ended(self) -> None:
        """Free the connection for the next request, unless this one is still being sent."""
        transport = self._connection.transport
        if transport is not None and transport.get_write_buffer_size():
            self._connection.close()
        else:
            self._keeping.free(self._connection)


class Exchanges:
    """Posts to paths below one address, over the connections of `connector`. Made inside a running loop."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        connector: TimelyConnector,
        *,
        connect_s: float,
        unix_s: Callable[[], float],
    ) -> None:
        self._url = url
        self._headers = headers
        self._connector = connector
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_s)
        self._loop = asyncio.get_running_loop()
        self._addresses: dict[str, Address] = {}
        self._keeping = _Keeping(self._loop, unix_s)

    async def post(
        self, body: bytes, headers: Mapping[str, str] = _NO_HEADERS, path: str = ""
    ) -> Exchange:
        """The head of the answer to `body`; `headers` win over those that are always sent.

        Raises aiohttp.ClientError, OSError and ValueError.
        """
        address = self._address(path)
        head = address.head_with(headers)
        connection = await self._connected(address)
        try:
            message, content = await _answer(connection, _REQUEST % (head, len(body), body))
            return Exchange(message, content, connection, self._keeping)
        except BaseException:
            connection.close()
            raise

    async def close(self) -> None:
        """Close all connections."""
        self._keeping.close()
        await self._connector.close()

    def _address(self, path: str) -> Address:
        if (address := self._addresses.get(path)) is None:
            url = URL(self._url + path)
            address = self._addresses[path] = Address.of(
                url, self._headers, self._connector, self._loop
            )
        return address

    async def _connected(self, address: Address) -> Connection:
        """A new connection, or a kept one that is still open."""
        while True:
            try:
                connection = await self._connector.connect(address.request, [], self._timeout)
            except TimeoutError as error:
                raise aiohttp.ConnectionTimeoutError("connecting took too long") from error
            if self._keeping.is_usable(connection):
                return connection
            connection.close()


async def _answer(
    connection: Connection, request: bytes
) -> tuple[RawResponseMessage, aiohttp.StreamReader]:
    protocol = connection.protocol
    if protocol is None or protocol.transport is None:
        raise aiohttp.ServerDisconnectedError
    # An answer without a length lasts until its connection ends (RFC 9112, section 6.3).
    protocol.set_response_params(auto_decompress=False, read_until_eof=True)
    protocol.transport.write(request)
    return await _final(protocol)


async def _final(protocol: ResponseHandler) -> tuple[RawResponseMessage, aiohttp.StreamReader]:
    """The head of the final answer, after any interim ones (1xx: RFC 9110, section 15.2)."""
    while True:
        try:
            message, content = await protocol.read()
        except HttpProcessingError as error:
            raise aiohttp.ClientPayloadError("the answer is not HTTP") from error
        if message.code >= 200 or message.code == _SWITCHING:
            return message, content


def _is_over(connection: Connection) -> bool:
    """Whether something has arrived on an idle connection: mostly its end."""
    transport = connection.transport
    if transport is None or transport.is_closing():
        return True
    looking = select.poll()
    looking.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
    return bool(looking.poll(0))


def _head(request: aiohttp.ClientRequest, headers: Mapping[str, str]) -> bytes:
    is_forwarded = request.proxy is not None and not request.is_ssl()
    target = str(request.url) if is_forwarded else request.url.raw_path_qs
    return f"POST {target} HTTP/1.1\r\n".encode() + _lines(headers)


def _lines(headers: Mapping[str, str]) -> bytes:
    told = [f"{name}: {value}" for name, value in headers.items()]
    if any(map(_BREAK.search, told)):
        raise ValueError("a header must be one line")
    return "".join(f"{line}\r\n" for line in told).encode()
