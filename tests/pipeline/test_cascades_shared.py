"""Cascades whose answers are stored, or wanted by several at the same time."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from router.domain.caching import Writer
from router.domain.cascade import CascadeTerms
from router.domain.members import replace
from router.pipeline.flight_publisher import SharedFlightPublisher, followed
from router.pipeline.flights import Flights, FlightTurn, JoinedStream
from router.pipeline.kept_alive import KeptWaiting
from router.pipeline.listener import Listener
from router.pipeline.opened import OpenedPlain
from router.pipeline.relay import Broadcast, Patience
from router.pipeline.replayed import Replayed
from router.pipeline.reply import StreamReply
from router.wire.answer import read_plain
from tests.pipeline.cascade_kit import (
    LYING,
    MODELS,
    PAIR,
    SLOW,
    SUM,
    answer,
    asked,
    cascading,
    said,
    text,
)
from tests.pipeline.kit import Proxy
from tests.servers import RedisServer
from tests.simulated.raw import until

STORING = {"cache": {"ttl_s": 60}}


@pytest.mark.parametrize("stream", [False, True])
async def test_an_accepted_answer_is_stored_and_needs_no_cascade_again(
    tmp_path: Path, stream: bool
) -> None:
    async with cascading(tmp_path, policy=STORING, cache="memory") as it:
        await answer(it, stream=stream)
        headers, body = await answer(it, stream=stream)
        other, _ = await answer(it, stream=not stream)

    assert headers["x-farthing-cache"] == other["x-farthing-cache"] == "hit"
    assert headers["x-farthing-model"] == "cheap"
    assert "42" in (text(body) if stream else said(body))
    assert asked(it, "cheap") == 1
    assert asked(it, "strong") == 0


async def test_an_answer_that_no_cascade_has_accepted_does_not_do(tmp_path: Path) -> None:
    """The same words, answered by a cheap model that was asked by name."""
    async with cascading(tmp_path, policy=STORING, cache="memory") as it:
        await answer(it, model="cheap")
        headers, _ = await answer(it)

    assert headers["x-farthing-cache"] == "miss"


def _is_shared(headers: Mapping[str, str], body: bytes) -> bool:
    return headers.get("x-farthing-cache") == "shared" or b": farthing cache=shared\n" in body


@pytest.mark.parametrize("keep_alive_s", [None, 0.02])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("step", [PAIR, LYING])
async def test_fifty_at_once_are_one_cascade(
    tmp_path: Path, step: tuple[str, str], stream: bool, keep_alive_s: float | None
) -> None:
    terms = CascadeTerms(keep_alive_s=keep_alive_s)
    simulated = [replace(each, ttft_s=0.3) for each in MODELS]
    options: dict[str, Any] = {
        "policy": STORING,
        "cache": "memory",
        "simulated": simulated,
        "speed": 1,
    }
    async with cascading(tmp_path, step, terms=terms, **options) as it:
        got = await asyncio.gather(*(answer(it, stream=stream) for _ in range(50)))
        rows = it.rows()

    assert asked(it, "cheap") == 1
    assert asked(it, "strong") == (step is LYING)
    assert sum(_is_shared(headers, body) for headers, body in got) == 49
    assert len({text(body) if stream else said(body) for _, body in got}) == 1
    assert sum(row["is_answer"] for row in rows) == 50


async def test_when_the_first_client_leaves_in_a_step_the_next_one_takes_over(
    tmp_path: Path,
) -> None:
    terms = CascadeTerms(keep_alive_s=0.02)
    simulated = [replace(each, ttft_s=0.4) for each in MODELS]
    options: dict[str, Any] = {
        "policy": STORING,
        "cache": "memory",
        "simulated": simulated,
        "speed": 1,
    }
    async with cascading(tmp_path, terms=terms, **options) as it:
        async with it.post(prompt=SUM, stream=True) as response:
            await response.content.readany()
            second = asyncio.create_task(answer(it, stream=True))
            await asyncio.sleep(0)
            await until(lambda: "waiting=1" in repr(it.running.pipeline.flights))
        _, body = await second

    assert "42" in text(body)


async def _two(it: Proxy, **fields: Any) -> tuple["asyncio.Task[Any]", "asyncio.Task[Any]"]:
    """Two that ask the same; when this returns, the second waits for the first one's answer."""
    first = asyncio.create_task(answer(it, stream=True, **fields))
    await until(lambda: asked(it, "cheap") == 1)
    second = asyncio.create_task(answer(it, stream=True, **fields))
    await until(lambda: "waiting=1" in repr(it.running.pipeline.flights))
    return first, second


async def test_who_waits_for_the_answer_to_another_hears_that_it_is_waited_for(
    tmp_path: Path,
) -> None:
    terms = CascadeTerms(keep_alive_s=0.05)
    options: dict[str, Any] = {"policy": STORING, "cache": "memory", "simulated": SLOW, "speed": 1}
    async with cascading(tmp_path, LYING, terms=terms, **options) as it:
        first, second = await _two(it)
        _, paid = await first
        headers, body = await second
        rows = it.rows()

    assert "x-farthing-model" not in headers
    assert headers["x-farthing-policy"] == "test"
    waiting, _, rest = body.partition(b"data: ")
    assert waiting.count(b": waiting\n\n") >= 3
    assert b": waiting" not in rest
    assert _is_shared(headers, body)
    assert b": farthing model=strong\n" in body
    assert text(body) == text(paid)
    assert body.endswith(b"data: [DONE]\n\n")
    assert sum(row["outcome"] == "cache_hit" for row in rows) == 1


@asynccontextmanager
async def _two_processes(
    folder: Path, redis: RedisServer, terms: CascadeTerms
) -> AsyncIterator[tuple[Proxy, Proxy]]:
    """Two that share a Redis, and nothing else."""
    options: dict[str, Any] = {
        "policy": STORING,
        "cache": redis.url,
        "simulated": SLOW,
        "speed": 1,
    }
    folders = [folder / name for name in ("one", "two")]
    for each in folders:
        each.mkdir()
    one, two = (cascading(each, LYING, terms=terms, **options) for each in folders)
    async with one as first, two as second:
        yield first, second


async def test_so_does_who_waits_for_the_answer_of_another_process(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    terms = CascadeTerms(keep_alive_s=0.05)
    async with _two_processes(tmp_path, redis_server, terms) as (one, two):
        first = asyncio.create_task(answer(one, stream=True))
        await until(lambda: asked(one, "cheap") == 1)
        headers, body = await answer(two, stream=True)
        _, paid = await first

    assert asked(two, "cheap") == 0
    assert _is_shared(headers, body)
    assert body.partition(b"data: ")[0].count(b": waiting\n\n") >= 3
    assert text(body) == text(paid)


async def test_who_leaves_while_another_process_is_waited_for_is_not_waited_for(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    terms = CascadeTerms(keep_alive_s=0.05)
    async with _two_processes(tmp_path, redis_server, terms) as (one, two):
        first = asyncio.create_task(answer(one, stream=True))
        await until(lambda: asked(one, "cheap") == 1)
        async with two.post(prompt=SUM, stream=True) as left:
            assert await left.content.readany() == b": waiting\n\n"
        await until(lambda: repr(two.running.pipeline.flights) == "<Flights []>")
        _, paid = await first

    assert "42" in text(paid)


async def test_whoever_waits_twice_hears_of_it_in_between() -> None:
    """If the leader leaves, the next one leads, and waits for the steps of a cascade."""
    turn = asyncio.get_running_loop().create_future()

    async def pieces() -> AsyncGenerator[bytes]:
        yield b"data: 42\n\n"

    async def landed(_: FlightTurn) -> StreamReply:
        return StreamReply({}, pieces())

    async def its_turn() -> FlightTurn:
        return FlightTurn(await turn)

    reply = await KeptWaiting(0.001, {}, landed, Flights().board("k").decline).reply(its_turn())
    assert isinstance(reply, StreamReply)
    heard = [await anext(reply.pieces)]
    turn.set_result(FlightTurn.LATE)
    heard += [piece async for piece in reply.pieces]

    assert heard == [b": waiting\n\n", b": waiting\n\n", b"\ndata: 42\n\n"]


async def test_who_leaves_while_another_is_waited_for_leaves_the_line(tmp_path: Path) -> None:
    terms = CascadeTerms(keep_alive_s=0.02)
    options: dict[str, Any] = {"policy": STORING, "cache": "memory"}
    async with cascading(tmp_path, terms=terms, **options) as it:
        fields: dict[str, Any] = {"prompt": SUM, "stream": True, "faults": "other:silence"}
        async with it.post(**fields) as first:
            await first.content.readany()
            async with it.post(**fields) as second:
                assert await second.content.readany() == b": waiting\n\n"
            await until(lambda: "waiting=0" in repr(it.running.pipeline.flights))
        await until(lambda: repr(it.running.pipeline.flights) == "<Flights []>")


async def test_an_error_that_both_get_is_an_event_for_who_has_waited(tmp_path: Path) -> None:
    terms = CascadeTerms(keep_alive_s=0.05)
    options: dict[str, Any] = {"policy": STORING, "cache": "memory", "within_s": 0.3}
    async with cascading(tmp_path, terms=terms, **options) as it:
        _, second = await _two(it, faults="other:silence;strong:status,code=400")
        headers, body = await second

    assert headers["content-type"].startswith("text/event-stream")
    (event,) = [line for line in body.split(b"\n") if line.startswith(b"data: ")]
    assert orjson.loads(event[6:])["error"]["message"]


@pytest.mark.parametrize("is_accepted", [False, True])
async def test_another_process_hears_whether_a_cascade_has_accepted_the_stream(
    is_accepted: bool,
) -> None:
    stream = Replayed.of(OpenedPlain(COMPLETION, read_plain(COMPLETION)), "id")
    here, there = Flights().board("k"), Flights().board("k")
    owner, frames, working = _Owner(), _Frames(), list[asyncio.Task[None]]()
    broadcast = Broadcast(stream, Listener(1_000, is_accepted=is_accepted), owner)
    patience = Patience(5.0, float("inf"), lambda: 0.0)
    publisher = SharedFlightPublisher(
        here, patience, lambda work: working.append(asyncio.create_task(work))
    )
    await here.turn(1.0)
    broadcast.enter()  # the client's that leads
    here.begun(Writer("m", "u", "n"), broadcast)
    publisher.light(frames)
    publisher.wanted()
    await asyncio.gather(*working)

    landed = await followed(frames.again(), there)
    assert isinstance(landed, JoinedStream)
    assert landed.writer == Writer("m", "u", "n")
    assert landed.is_accepted is is_accepted
    await landed.leave()


COMPLETION = orjson.dumps(
    {"id": "1", "choices": [{"message": {"role": "assistant", "content": "42"}}]}
)


class _Frames:
    """Implements `router.ports.Lead`, and gives out again what it was sent."""

    is_successor = False

    def __init__(self) -> None:
        self._sent: list[bytes] = []

    async def send(self, frame: bytes) -> None:
        self._sent.append(frame)

    async def is_wanted(self) -> bool:
        return True

    async def give_up(self) -> None: ...

    async def again(self) -> AsyncIterator[bytes]:
        for frame in self._sent:
            yield frame


class _Owner:
    """Implements `router.pipeline.relay.Owner` for a stream that nobody pays."""

    def close_books(self, listener: Listener) -> None: ...

    async def keep(self, listener: Listener) -> None: ...

    def abandon(self, listener: Listener) -> None: ...
