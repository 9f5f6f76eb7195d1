"""Calls that are passed through to an upstream that does nothing, or to one that is only waited for by us."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from router.domain.fault import AttemptFailed
from router.pipeline.passthrough_upstream import PassthroughCall
from router.providers.endpoints import Endpoint
from router.providers.passthrough import DirectPassthrough
from tests.clock import Clock

SILENCE_S = 0.2
PIECE = b"x" * 2**16
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"

Serves = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def passthrough_to(serves: Serves) -> AsyncIterator[DirectPassthrough]:
    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError):
                await serves(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(served, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    made = DirectPassthrough(
        Endpoint(f"http://{host}:{port}/v1"), connect_s=5.0, silence_s=SILENCE_S
    )
    async with server:
        try:
            yield made
        finally:
            await made.close()


def upload(pieces: AsyncIterator[bytes]) -> PassthroughCall:
    return PassthroughCall("POST", "/files", (), pieces)


async def fault_of(call: PassthroughCall, passthrough: DirectPassthrough) -> str:
    with pytest.raises(AttemptFailed) as failed:
        await passthrough.send(call)
    return failed.value.fault.code


async def test_an_upstream_that_takes_nothing_of_an_upload_is_given_up() -> None:
    async def many() -> AsyncIterator[bytes]:
        for _ in range(2**10):
            yield PIECE

    over = asyncio.Event()

    async def deaf(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await over.wait()

    async with passthrough_to(deaf) as passthrough:
        assert await fault_of(upload(many()), passthrough) == "timeout"
        over.set()


async def test_an_upstream_that_does_not_answer_an_upload_is_given_up() -> None:
    async def one() -> AsyncIterator[bytes]:
        yield PIECE

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with passthrough_to(silent) as passthrough:
        assert await fault_of(upload(one()), passthrough) == "timeout"
        assert await fault_of(PassthroughCall("GET", "/files", (), None), passthrough) == "timeout"


async def test_a_client_may_take_longer_to_send_than_an_upstream_to_answer() -> None:
    async def slowly() -> AsyncIterator[bytes]:
        yield b"beginning"
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 3 * SILENCE_S)
        yield b"end"

    async def whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"end")
        writer.write(ANSWER + b"ok")

    async with passthrough_to(whole) as passthrough:
        answer = await passthrough.send(upload(slowly()))
        assert [piece async for piece in answer.pieces()] == [b"ok"]
        await answer.close()


async def test_what_came_while_the_process_was_stopped_is_passed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    goes_on = asyncio.Event()

    async def in_two(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER + b"o")
        await goes_on.wait()
        writer.write(b"k")

    clock = Clock()
    async with passthrough_to(in_two) as passthrough:
        monkeypatch.setattr(asyncio.get_running_loop(), "time", clock)
        answer = await passthrough.send(PassthroughCall("GET", "/files", (), None))
        pieces = answer.pieces()
        assert await anext(pieces) == b"o"
        rest = asyncio.create_task(_next_of(pieces))
        await asyncio.sleep(0)
        goes_on.set()
        await asyncio.sleep(0)  # it is in the socket now
        clock.now_s += 600
        assert await rest == b"k"
        await answer.close()


async def _next_of(pieces: AsyncIterator[bytes]) -> bytes:
    return await anext(pieces)
