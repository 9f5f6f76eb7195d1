"""Streams whose last event comes a little before the end of their body: whether the connection is used again."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from router.domain.members import replace
from router.pipeline.opened import OpenedStream, open_answer
from router.ports import Call, Upstream
from router.providers import exchange
from router.providers.anthropic import anthropic_upstream
from router.providers.direct import DirectUpstream
from router.providers.endpoints import AnthropicEndpoint, Endpoint
from router.wire.dialects.dialect import Dialect
from router.wire.dialects.translate import event_bytes
from router.wire.original import Original
from tests.providers.calls import KEY, QUESTION, call
from tests.providers.sockets import listening
from tests.simulated.raw import until

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
HELLO = b'data: {"choices": [{"index": 0, "delta": {"content": "Hello"}}]}\n\n'
DONE = b"data: [DONE]\n\n"
MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
MESSAGES: list[dict[str, Any]] = [
    {"type": "message_start", "message": {**MESSAGE, "usage": {"input_tokens": 3}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
    {"type": "message_stop"},
]
SAID = b"".join(event_bytes(event, Dialect.MESSAGES) for event in MESSAGES)


@dataclass
class Tardy:
    """A server that answers every request with `events`, and ends the body only when it may."""

    events: bytes
    url: str = ""
    connections: int = 0
    ended: int = 0
    left: int = 0
    may_end: asyncio.Event = field(default_factory=asyncio.Event)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the client closes it."""
        self.connections += 1
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).lower():
                _, _, length = head.partition(b"content-length: ")
                await reader.readexactly(int(length.split(b"\r\n")[0]))
                writer.write(HEAD + b"%x\r\n%b\r\n" % (len(self.events), self.events))
                leaving = asyncio.create_task(reader.read(1))
                ending = asyncio.create_task(self.may_end.wait())
                await asyncio.wait({leaving, ending}, return_when=asyncio.FIRST_COMPLETED)
                ending.cancel()
                if leaving.done():
                    return
                leaving.cancel()
                await asyncio.gather(leaving, return_exceptions=True)
                writer.write(END)
                self.ended += 1
        except (asyncio.IncompleteReadError, ConnectionError):
            """The client has gone."""
        finally:
            self.left += 1
            writer.close()


@asynccontextmanager
async def tardy(events: bytes) -> AsyncIterator[Tardy]:
    server = Tardy(events)
    async with listening(server.talk) as server.url:
        yield server


def chat(url: str) -> Upstream:
    return DirectUpstream(Endpoint(f"{url}/v1", KEY, {}), unix_s=lambda: 0.0)


def messages(url: str) -> Upstream:
    return anthropic_upstream(AnthropicEndpoint(url, KEY, {}), unix_s=lambda: 0.0)


@asynccontextmanager
async def reaching(made: Upstream) -> AsyncIterator[Upstream]:
    try:
        yield made
    finally:
        await made.close()


async def begun(way: Upstream, asked: Call | None = None) -> OpenedStream:
    """A stream that has come up to its first content."""
    asked = asked or call("m", stream=True)
    opened = await open_answer(await way.send(asked), asked, lambda: None)
    assert isinstance(opened, OpenedStream)
    return opened


async def heard(way: Upstream, asked: Call | None = None, last: bytes = DONE) -> None:
    """Ask for a stream, and leave it after its last event, as clients are left."""
    stream, said = await begun(way, asked), b""
    while not said.endswith(last):
        piece = await stream.next_piece()
        assert piece is not None
        said += b"".join(event.raw for event in stream.told(piece))
    await stream.close()


WAYS = pytest.mark.parametrize(
    ("to", "events"), [(chat, HELLO + DONE), (messages, SAID)], ids=["chat", "messages"]
)


@WAYS
async def test_an_end_that_comes_after_the_last_event_keeps_the_connection(
    to: Callable[[str], Upstream], events: bytes
) -> None:
    async with tardy(events) as server, reaching(to(server.url)) as way:
        await heard(way)
        server.may_end.set()
        for answers in range(1, 4):
            await until(lambda answers=answers: server.ended == answers)  # type: ignore[misc]
            await asyncio.sleep(0)  # the loop looks at its sockets
            await heard(way)

    assert server.connections == 1


async def test_so_does_that_of_a_stream_that_is_passed_on_as_it_is() -> None:
    asked = {"model": "m", "max_tokens": 9, "messages": QUESTION, "stream": True}
    original = Original(Dialect.MESSAGES, json.dumps(asked).encode(), asked)
    last = event_bytes(MESSAGES[-1], Dialect.MESSAGES)
    async with tardy(SAID) as server, reaching(messages(server.url)) as way:
        server.may_end.set()
        for answers in range(1, 4):
            await heard(way, replace(call("m", stream=True), original=original), last)
            await until(lambda answers=answers: server.ended == answers)  # type: ignore[misc]
            await asyncio.sleep(0)  # the loop looks at its sockets

    assert server.connections == 1


@WAYS
async def test_nobody_waits_for_the_end(to: Callable[[str], Upstream], events: bytes) -> None:
    async with tardy(events) as server, reaching(to(server.url)) as way:
        for _ in range(3):
            await heard(way)

        assert (server.connections, server.left) == (3, 0)


async def test_an_end_that_does_not_come_is_not_waited_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exchange, "LINGER_S", 0.0)
    async with tardy(HELLO + DONE) as server, reaching(chat(server.url)) as way:
        await heard(way)
        await until(lambda: server.left == 1)


async def test_a_stream_that_is_left_before_its_last_event_is_cut_off() -> None:
    """What the model goes on writing would be paid for."""
    async with tardy(HELLO) as server, reaching(chat(server.url)) as way:
        await (await begun(way)).close()
        await until(lambda: server.left == 1)


async def test_closing_does_not_wait_for_ends_either() -> None:
    async with tardy(HELLO + DONE) as server:
        async with reaching(chat(server.url)) as way:
            await heard(way)
        await until(lambda: server.left == 1)
