"""Posting over kept connections: what is written, and when a connection may be used again."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from router.domain.fault import FaultKind
from router.domain.members import replace
from router.providers.connector import TimelyConnector
from router.providers.direct import DirectUpstream
from router.providers.endpoints import Endpoint
from router.providers.exchange import Exchanges
from tests.clock import Clock
from tests.providers.calls import KEY, call, fault_of, plain
from tests.providers.sockets import listening
from tests.simulated.raw import until

WHOLE = b'HTTP/1.1 200 OK\r\ncontent-length: 15\r\ncontent-type: application/json\r\n\r\n{"choices": []}'
EARLY = b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n"
LARGE = b" " * 2**24


@dataclass
class Scripted:
    """A server that answers each request with the same bytes; `hears_out` says whether it reads it first.

    `later` follows the answer byte by byte, each on its own; `leaves` says whether it hangs up then.
    """

    answer: bytes = WHOLE
    hears_out: bool = True
    later: bytes = b""
    leaves: bool = False
    url: str = ""
    connections: int = 0
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the client closes it."""
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.heads.append(head)
                if self.hears_out:
                    self.bodies.append(await reader.readexactly(length_of(head)))
                writer.write(self.answer)
                await self._trickle(writer)
                if self.leaves:
                    return
                if not self.hears_out:
                    await asyncio.Event().wait()
        except (asyncio.IncompleteReadError, ConnectionError):
            """The client has gone."""
        finally:
            writer.close()

    async def _trickle(self, writer: asyncio.StreamWriter) -> None:
        writer.transport.set_write_buffer_limits(0)
        for byte in self.later:
            await writer.drain()
            writer.write(bytes([byte]))
            await asyncio.sleep(0)


def length_of(head: str) -> int:
    return int(fields_of(head)["content-length"])


def fields_of(head: str) -> Mapping[str, str]:
    """The header's fields by their names in small letters, each of which comes once."""
    lines = [line.split(": ", 1) for line in head.strip().split("\r\n")[1:]]
    assert len({name.lower() for name, _ in lines}) == len(lines)
    return {name.lower(): value for name, value in lines}


@asynccontextmanager
async def scripted(**how: object) -> AsyncIterator[Scripted]:
    server = Scripted(**how)  # type: ignore[arg-type]
    async with listening(server.talk) as server.url:
        yield server


@asynccontextmanager
async def exchanges(url: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[Exchanges]:
    pool = TimelyConnector(limit=0)
    made = Exchanges(url, headers or {}, pool, connect_s=5.0, unix_s=Clock())
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def upstream(
    url: str, headers: Mapping[str, str] | None = None
) -> AsyncIterator[DirectUpstream]:
    made = DirectUpstream(Endpoint(f"{url}/v1", KEY, headers or {}), unix_s=lambda: 0.0)
    try:
        yield made
    finally:
        await made.close()


async def test_one_connection_serves_one_call_after_the_other() -> None:
    async with scripted() as server, upstream(server.url) as way:
        for _ in range(3):
            assert await plain(way, call("m")) == {"choices": []}

    assert server.connections == 1
    assert server.bodies == [call("m").body] * 3


async def test_a_request_too_deep_to_be_written_anew_is_not_for_this_model() -> None:
    parameters: dict[str, Any] = {}
    for _ in range(300):
        parameters = {"not": parameters}
    tool = {"type": "function", "function": {"name": "f", "parameters": parameters}}
    signed = {
        "id": "c1",
        "type": "function",
        "function": {"name": "f", "arguments": "{}"},
        "extra_content": {"google": {}},
    }
    history = [
        {"role": "assistant", "content": None, "tool_calls": [signed]},
        {"role": "tool", "tool_call_id": "c1", "content": "4"},
    ]
    async with scripted() as server, upstream(server.url) as way:
        fault = await fault_of(way, call("m", messages=history, tools=[tool]))

    assert (fault.kind, fault.status, fault.code) == (FaultKind.UNSUITED, 400, "untranslatable")
    assert server.bodies == []


async def test_a_second_try_has_a_connection_of_its_own() -> None:
    async with scripted() as server, upstream(server.url) as way:
        await plain(way, call("m"))
        for _ in range(2):
            response = await way.send(replace(call("m"), fresh=True))
            await response.read()

    assert server.connections == 3


async def test_what_is_sent_is_a_key_a_type_a_length_and_the_body() -> None:
    async with scripted() as server, upstream(server.url, {"x-team": "search"}) as way:
        await plain(way, call("m"))

    assert server.heads[0].startswith("POST /v1/chat/completions HTTP/1.1\r\n")
    assert fields_of(server.heads[0]) == {
        "host": server.url.removeprefix("http://"),
        "accept": "*/*",
        "accept-encoding": "identity",
        "authorization": f"Bearer {KEY}",
        "content-type": "application/json",
        "content-length": str(len(call("m").body)),
        "user-agent": "farthing",
        "x-team": "search",
    }


async def test_a_call_s_own_headers_win() -> None:
    async with scripted() as server, exchanges(server.url, {"User-Agent": "farthing"}) as posts:
        (await posts.post(b"{}", {"user-agent": "another", "x-more": "1"})).close()
        (await posts.post(b"{}")).close()

    assert [fields_of(head)["user-agent"] for head in server.heads] == ["another", "farthing"]
    assert "x-more" not in fields_of(server.heads[1])


@pytest.mark.parametrize("value", ["a\r\nx-admin: yes", "a\nb", "a\0b"])
async def test_a_header_that_would_become_two_is_not_sent(value: str) -> None:
    async with scripted() as server, upstream(server.url, {"x-team": value}) as way:
        fault = await fault_of(way, call("m"))

    assert fault.code == "connection_broken"
    assert server.heads == []


async def test_a_head_that_only_says_that_the_answer_will_come_is_no_answer() -> None:
    async with scripted(answer=EARLY + WHOLE) as server, upstream(server.url) as way:
        assert await plain(way, call("m")) == {"choices": []}
        assert await plain(way, call("m")) == {"choices": []}

    assert server.connections == 1


@pytest.mark.parametrize("version", ["1.1 200 OK\r\nconnection: close", "1.0 200 OK"])
async def test_an_answer_without_a_length_lasts_until_its_connection_ends(version: str) -> None:
    head = f"HTTP/{version}\r\ncontent-type: application/json\r\n\r\n".encode()
    answer = head + b'{"choices": []}'
    async with scripted(answer=answer, leaves=True) as server, upstream(server.url) as way:
        assert await plain(way, call("m")) == {"choices": []}
        assert await plain(way, call("m")) == {"choices": []}

    assert server.connections == 2


async def test_who_switches_protocols_unasked_has_failed() -> None:
    switch = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"
    async with scripted(answer=switch) as server, upstream(server.url) as way:
        fault = await fault_of(way, call("m"))

    assert (fault.kind, fault.status) == (FaultKind.TRANSIENT, 101)


@pytest.mark.parametrize("encoding", ["", "identity", "Identity"])
async def test_an_answer_that_says_it_is_not_encoded_is_read(encoding: str) -> None:
    answer = WHOLE.replace(b"\r\n\r\n", f"\r\ncontent-encoding: {encoding}\r\n\r\n".encode())
    async with scripted(answer=answer) as server, upstream(server.url) as way:
        assert await plain(way, call("m")) == {"choices": []}


TOO_LONG = b'{"error": {"message": "the maximum context length is 4096 tokens", "code": null}}'


async def test_an_error_that_comes_in_pieces_is_read_to_its_end() -> None:
    pieces = b"".join(b"1\r\n%c\r\n" % byte for byte in TOO_LONG)
    head = b"HTTP/1.1 400 Bad Request\r\ntransfer-encoding: chunked\r\n\r\n"
    later = pieces + b"0\r\n\r\n"
    async with scripted(answer=head, later=later) as server, upstream(server.url) as way:
        fault = await fault_of(way, call("m"))

    assert fault.kind is FaultKind.CONTEXT


async def test_an_error_that_breaks_off_counts_by_its_status() -> None:
    head = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 99\r\n\r\n"
    async with scripted(answer=head + b"{", leaves=True) as server, upstream(server.url) as way:
        fault = await fault_of(way, call("m"))

    assert (fault.kind, fault.retry_after_s) == (FaultKind.RATE_LIMITED, 7.0)


async def test_after_an_answer_that_did_not_wait_for_its_request_the_connection_ends() -> None:
    async with scripted(hears_out=False) as server, exchanges(server.url) as posts:
        for _ in range(2):
            answer = await posts.post(LARGE)
            assert await answer.content.read() == b'{"choices": []}'

    assert server.connections == 2


@pytest.mark.parametrize("answer", [b"Hello!\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n"])
async def test_what_is_no_http_is_a_connection_that_broke(answer: bytes) -> None:
    async with scripted(answer=answer) as server, upstream(server.url) as way:
        fault = await fault_of(way, call("m"))

    assert fault.code == "connection_broken"
    assert fault.reached_model


async def test_a_wait_that_is_cancelled_closes_its_connection() -> None:
    async with scripted(answer=b"") as server, upstream(server.url) as way:
        for heard in (1, 2):
            sending = asyncio.create_task(way.send(call("m")))
            await until(lambda: len(server.bodies) == heard)  # noqa: B023 - it is asked at once
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending

    assert server.connections == 2


class Silent(AbstractResolver):
    """A name server that never answers."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        await asyncio.Event().wait()
        return []

    async def close(self) -> None:
        """Nothing to release."""


async def test_a_name_that_is_not_resolved_in_time_is_as_bad_as_a_connection_that_is_not_made() -> (
    None
):
    connector = TimelyConnector(limit=0, resolver=Silent())
    made = Exchanges("http://silent.test", {}, connector, connect_s=0.05, unix_s=Clock())
    try:
        async with asyncio.timeout(20):
            with pytest.raises(aiohttp.ConnectionTimeoutError):
                await made.post(b"{}")
    finally:
        await made.close()
