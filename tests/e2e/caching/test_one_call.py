"""Two processes and one Redis: a hundred identical requests at once are one call to an upstream."""

import asyncio
import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.books import rows
from tests.e2e.configs import ledger_of, write_config
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import chat
from tests.servers import RedisServer
from tests.simulated.raw import until

NUMBERS = itertools.count(7000)
DONE = b"data: [DONE]\n\n"


@contextmanager
def two(folder: Path, simulator: Simulator, redis: str) -> Iterator[tuple[Farthing, Farthing]]:
    """Two processes with a ledger each, which share a Redis."""
    paths = []
    for name in ("one", "other"):
        (folder / name).mkdir()
        cache = {"url": redis, "timeout_s": 1}
        paths.append(write_config(folder / name, simulator.base_url, cache=cache))
    with Farthing(paths[0]) as one, Farthing(paths[1]) as other:
        yield one, other


def question(**fields: Any) -> dict[str, Any]:
    return chat(f"Tell me a long story about the number {next(NUMBERS)}", **fields)


async def answer(
    client: aiohttp.ClientSession, farthing: Farthing, body: Mapping[str, Any]
) -> tuple[Mapping[str, str], bytes]:
    url = f"{farthing.base_url}/chat/completions"
    async with client.post(url, json=body) as response:
        assert response.status == 200, await response.text()
        return response.headers, await response.read()


def session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=60)
    )


@pytest.fixture(scope="module")
def slow() -> Iterator[Simulator]:
    """Models that take their time."""
    with Simulator(speed=1) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory, slow: Simulator, redis_url: str
) -> Iterator[tuple[Farthing, Farthing]]:
    """Two for all tests that let them live."""
    with two(tmp_path_factory.mktemp("pair"), slow, redis_url) as both:
        yield both


def calls(simulator: Simulator) -> int:
    return sum(counter.requests for counter in simulator.counters.values())


def in_flight(simulator: Simulator) -> int:
    return sum(counter.in_flight for counter in simulator.counters.values())


@pytest.mark.parametrize("stream", [False, True])
async def test_a_hundred_in_two_processes_are_one_call(
    pair: tuple[Farthing, Farthing], slow: Simulator, stream: bool
) -> None:
    body, before = question(stream=stream), calls(slow)
    async with session() as client:
        got = await asyncio.gather(
            *(answer(client, farthing, body) for farthing in pair for _ in range(50))
        )
    states = sorted(headers["x-farthing-cache"] for headers, _ in got)
    assert calls(slow) == before + 1
    assert states == ["miss", *["shared"] * 99]
    paid, found = 0, 0
    for farthing in pair:
        for headers, _ in got:
            for row in rows(ledger_of(farthing.config), headers["x-request-id"]):
                found += 1
                paid += row["cost_pico"] > 0
    assert (found, paid) == (100, 1)
    bodies = {raw.replace(b"cost-usd=0\n", b"") for _, raw in got}
    if stream:
        assert all(raw.endswith(DONE) for _, raw in got)
        assert len({said(raw) for _, raw in got}) == 1
    else:
        assert len(bodies) == 1


def said(stream: bytes) -> bytes:
    """The events of a stream without comments."""
    return b"\n\n".join(event for event in stream.split(b"\n\n") if event.startswith(b"data: {"))


async def test_a_stream_reaches_the_other_process_while_it_is_written(
    pair: tuple[Farthing, Farthing], slow: Simulator
) -> None:
    one, other = pair
    body = question(stream=True)
    url = "{}/chat/completions"
    async with session() as client, client.post(url.format(one.base_url), json=body) as first:
        await first.content.readany()
        async with client.post(url.format(other.base_url), json=body) as second:
            begun = await second.content.readany()
            assert second.headers["x-farthing-cache"] == "shared"
            assert (in_flight(slow), DONE in begun) == (1, False)
            assert (await second.content.read()).endswith(DONE)


async def test_when_the_leaders_client_leaves_the_other_process_gets_it_all(
    pair: tuple[Farthing, Farthing], slow: Simulator
) -> None:
    one, other = pair
    body, before = question(stream=True), calls(slow)
    async with session() as client:
        first = await client.post(f"{one.base_url}/chat/completions", json=body)
        await first.content.readany()
        following = asyncio.create_task(answer(client, other, body))
        second = await client.post(f"{other.base_url}/chat/completions", json=body)
        await second.content.readany()
        first.close()
        second.close()
        _, raw = await following
    assert raw.endswith(DONE)
    assert calls(slow) == before + 1


async def test_when_the_leading_process_is_killed_the_other_one_asks_itself(
    tmp_path: Path, slow: Simulator, redis_url: str
) -> None:
    with two(tmp_path, slow, redis_url) as (one, other):
        body = question(metadata={"simulate": "silence"})
        async with session() as client:
            first = asyncio.create_task(answer(client, one, body))
            await until(lambda: in_flight(slow) == 1)
            second = asyncio.create_task(answer(client, other, {**body, "metadata": {}}))
            await asyncio.sleep(0.3)
            one.kill()
            _, raw = await second
            with pytest.raises(aiohttp.ClientError):
                await first
        assert b"content" in raw


async def test_redis_may_go_while_one_follows_the_other(
    tmp_path: Path, slow: Simulator, redis_server: RedisServer
) -> None:
    with two(tmp_path, slow, redis_server.url) as (one, other):
        body = question()
        async with session() as client:
            first = asyncio.create_task(answer(client, one, body))
            await until(lambda: in_flight(slow) == 1)
            second = asyncio.create_task(answer(client, other, body))
            await asyncio.sleep(0.2)
            redis_server.kill()
            (_, raw), (_, again) = await asyncio.gather(first, second)
        assert b"content" in raw
        assert b"content" in again
