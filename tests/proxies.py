"""An HTTP proxy as companies have them: it makes tunnels and forwards requests, asks for a password, and fails."""

import asyncio
import re
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

Pipe = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_MADE = b"HTTP/1.1 200 Connection established\r\nvia: 1.1 test\r\n\r\n"
_UNKNOWN = b"HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\ncontent-length: 3\r\n\r\nno!"
NEVER = b"never"


@dataclass
class FakeProxy:
    """One proxy. `hosts` says where names lead that it alone knows; others lead where they lead everywhere.

    It serves only who presents `known_by` (user:password; "" for everybody). Asked for a tunnel, it says `instead` if
    that is set, and nothing at all if that is `NEVER`; if it `leaves`, it hangs up then.
    """

    hosts: Mapping[str, int] = field(default_factory=dict)
    known_by: str = ""
    instead: bytes = b""
    leaves: bool = False
    port: int = 0
    asked: list[str] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    open: int = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side closes it."""
        self.open += 1
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            method, target = self._first_line(head)
            if self.instead:
                await self._fail(reader, writer)
            elif not self._knows(head):
                writer.write(_UNKNOWN)
            elif method == "CONNECT":
                await self._tunnel(target, (reader, writer))
            else:
                await self._forward(head, target, (reader, writer))
        except (OSError, asyncio.IncompleteReadError):
            """One of them has gone."""
        finally:
            self.open -= 1
            writer.close()

    def _first_line(self, head: bytes) -> tuple[str, str]:
        line = head.partition(b"\r\n")[0].decode()
        self.asked.append(line.rpartition(" ")[0])
        method, target, _ = line.split(" ")
        return method, target

    def _knows(self, head: bytes) -> bool:
        token = b64encode(self.known_by.encode())
        return not self.known_by or b"Proxy-Authorization: Basic %b\r\n" % token in head

    async def _fail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.instead is not NEVER:
            writer.write(self.instead)
        if not self.leaves:
            await reader.read()

    async def _tunnel(self, target: str, ours: Pipe) -> None:
        theirs = await self._reached(target)
        ours[1].write(_MADE)
        await _joined(ours, theirs)

    async def _forward(self, head: bytes, target: str, ours: Pipe) -> None:
        """This request and those that follow on the same connection."""
        theirs = await self._reached(urlsplit(target).netloc)
        answers = asyncio.create_task(_copied(theirs[0], ours[1]))
        try:
            while self._knows(head):
                theirs[1].write(_as_asked_directly(head, target))
                theirs[1].write(await ours[0].readexactly(_length(head)))
                head = await ours[0].readuntil(b"\r\n\r\n")
                self.heads.append(head)
                target = self._first_line(head)[1]
        finally:
            answers.cancel()
            theirs[1].close()

    async def _reached(self, target: str) -> Pipe:
        host, _, port = target.rpartition(":") if ":" in target else (target, "", "80")
        if host in self.hosts:
            return await asyncio.open_connection("127.0.0.1", self.hosts[host])
        return await asyncio.open_connection(host.strip("[]"), int(port))


def _as_asked_directly(head: bytes, target: str) -> bytes:
    path = target.removeprefix(f"http://{urlsplit(target).netloc}")
    lines = head.replace(target.encode(), path.encode(), 1).split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.startswith(b"Proxy-Authorization"))


def _length(head: bytes) -> int:
    found = re.search(rb"(?i)content-length: (\d+)", head)
    return int(found[1]) if found else 0


async def _joined(ours: Pipe, theirs: Pipe) -> None:
    """Return when either side has gone."""
    try:
        ways = [_copied(ours[0], theirs[1]), _copied(theirs[0], ours[1])]
        tasks = [asyncio.create_task(way) for way in ways]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        theirs[1].close()


async def _copied(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await source.read(2**16):
            sink.write(piece)
            await sink.drain()


@asynccontextmanager
async def proxying(
    proxy: FakeProxy, context: ssl.SSLContext | None = None
) -> AsyncIterator[FakeProxy]:
    """Runs a proxy at a port of its own, over TLS if there is a context."""
    async with _served(proxy.talk, context) as proxy.port:
        yield proxy


@asynccontextmanager
async def secured(port: int, context: ssl.SSLContext) -> AsyncIterator[int]:
    """The port of a server that speaks TLS and passes on to `port` what is said there."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _joined((reader, writer), await asyncio.open_connection("127.0.0.1", port))
        finally:
            writer.close()

    async with _served(talk, context) as made:
        yield made


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@asynccontextmanager
async def _served(talk: Talk, context: ssl.SSLContext | None) -> AsyncIterator[int]:
    """The port at which each connection is talked to; at the end, all talks are over."""
    talks: set[asyncio.Task[None]] = set()

    def opened(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.create_task(talk(reader, writer)))

    server = await asyncio.start_server(opened, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in talks:
            each.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
