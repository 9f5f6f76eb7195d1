"""A hundred identical requests at once are one call to an upstream, whatever happens to the first of them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from router.providers.simulated import default_models
from tests.pipeline.kit import Proxy, proxy
from tests.simulated.raw import until
from tests.telemetry.kit import of, scraped

HUNDRED = 100
CACHED = {"cache": {"ttl_s": 60}}


@asynccontextmanager
async def slow(folder: Path, **options: Any) -> AsyncIterator[Proxy]:
    """A proxy whose models take their time, and whose policy stores answers."""
    policy = {**CACHED, **options.pop("policy", {})}
    async with proxy(folder, policy=policy, cache="memory", speed=1, **options) as it:
        yield it


async def answer(it: Proxy, **fields: Any) -> tuple[Mapping[str, str], bytes]:
    async with it.post(**fields) as response:
        assert response.status == 200, await response.text()
        return response.headers, await response.read()


def asked(it: Proxy) -> int:
    return sum(counters.requests for counters in it.upstream.counters.values())


def text(stream: bytes) -> str:
    events = [line[6:] for line in stream.split(b"\n") if line.startswith(b"data: {")]
    choices = [choice for event in events for choice in orjson.loads(event)["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_hundred_at_once_are_one_call(tmp_path: Path, stream: bool) -> None:
    async with slow(tmp_path) as it:
        got = await asyncio.gather(*(answer(it, stream=stream) for _ in range(HUNDRED)))
        rows = it.rows()

    assert asked(it) == 1
    states = sorted(headers["x-farthing-cache"] for headers, _ in got)
    assert states == ["miss", *["shared"] * (HUNDRED - 1)]
    if stream:
        assert len({text(body) for _, body in got}) == 1
        assert all(body.endswith(b"data: [DONE]\n\n") for _, body in got)
        assert sum(b"cost-usd=0\n" in body for _, body in got) == HUNDRED - 1
    else:
        assert len({body for _, body in got}) == 1
    paid = [row for row in rows if row["cost_pico"]]
    assert len(rows) == HUNDRED
    assert [row["outcome"] for row in paid] == ["ok"]
    assert {row["outcome"] for row in rows} == {"ok", "cache_hit"}
    assert len({row["baseline_pico"] for row in rows}) == 1


async def test_one_that_comes_in_the_middle_gets_it_from_the_beginning(tmp_path: Path) -> None:
    async with slow(tmp_path) as it:
        async with it.post(stream=True) as first:
            begun = await first.content.readany()
            late = asyncio.create_task(answer(it, stream=True))
            rest = await first.content.read()
        _, body = await late

    assert asked(it) == 1
    assert text(body) == text(begun + rest) != ""


async def test_when_the_first_leaves_in_the_middle_the_others_get_the_whole_stream(
    tmp_path: Path,
) -> None:
    async with slow(tmp_path) as it:
        async with it.post(stream=True) as first:
            await first.content.readany()
            others = [asyncio.create_task(answer(it, stream=True)) for _ in range(9)]
            async with it.post(stream=True) as eleventh:  # all others are in, too
                await eleventh.content.readany()
                first.close()
                rest = await asyncio.gather(*others)
        rows = it.rows()

    assert asked(it) == 1
    assert {body.endswith(b"data: [DONE]\n\n") for _, body in rest} == {True}
    assert len({text(body) for _, body in rest}) == 1
    (paid,) = [row for row in rows if row["cost_pico"]]
    assert (paid["outcome"], paid["baseline_pico"]) == ("client_left", 0)
    assert sum(row["outcome"] == "cache_hit" for row in rows) >= 9


async def test_whoever_leaves_a_stream_that_another_pays_for_is_in_the_books(
    tmp_path: Path,
) -> None:
    async with slow(tmp_path) as it:
        async with it.post(stream=True) as first:
            await first.content.readany()
            async with it.post(stream=True) as second:
                await second.content.readany()
                left = second.headers["x-request-id"]
            await first.content.read()
        await until(lambda: len(it.rows()) == 2)
        rows = {row["request_id"]: row for row in it.rows()}
        told = await scraped(it)

    assert asked(it) == 1
    row = rows[left]
    assert (row["attempt"], row["outcome"], row["error"]) == (0, "client_left", "client_left")
    assert (row["closes"], row["is_answer"], row["cost_pico"]) == (True, False, 0)
    assert of(told, "farthing_requests_total", outcome="client_left") == 1
    assert of(told, "farthing_attempts_total") == 1


async def test_when_the_first_leaves_before_anything_came_another_one_asks(tmp_path: Path) -> None:
    async with slow(tmp_path) as it:
        first = asyncio.create_task(answer(it))
        await until(lambda: asked(it) == 1)
        others = [asyncio.create_task(answer(it)) for _ in range(9)]
        await until(lambda: "waiting=9" in repr(it.running.pipeline.flights))
        first.cancel()
        got = await asyncio.gather(*others)

    assert asked(it) == 2
    assert len({body for _, body in got}) == 1


async def test_what_goes_wrong_goes_wrong_for_all_and_is_asked_twice_at_most(
    tmp_path: Path,
) -> None:
    server = {"attempts_per_model": 1}
    async with slow(tmp_path, models=["sim-mid"], server=server) as it:

        async def failing() -> int:
            async with it.post(faults="status,code=500") as response:
                return int(response.status)

        statuses = await asyncio.gather(*(failing() for _ in range(20)))

    assert set(statuses) == {500}
    assert asked(it) == 2


async def test_nobody_waits_for_another_beyond_his_own_deadline(tmp_path: Path) -> None:
    async with slow(tmp_path) as it:
        first = asyncio.create_task(answer(it, faults="silence", stream=False))
        await until(lambda: asked(it) == 1)
        async with it.post(faults="silence", headers={"x-farthing-deadline-s": "0.2"}) as response:
            assert response.status == 504
        first.cancel()
        with pytest.raises((asyncio.CancelledError, aiohttp.ClientError)):
            await first


async def test_a_client_that_wants_no_stored_answer_shares_none(tmp_path: Path) -> None:
    async with slow(tmp_path) as it:
        alone = {"cache-control": "no-store"}
        await asyncio.gather(*(answer(it, headers=alone) for _ in range(3)))

    assert asked(it) == 3


async def test_after_all_that_nothing_is_left(tmp_path: Path) -> None:
    async with slow(tmp_path, simulated=default_models()) as it:
        await asyncio.gather(*(answer(it, stream=True) for _ in range(10)))
        assert len(it.running.pipeline.flights) == 0
        assert (await it.standings())["sim-open-8b"]["in_flight"] == 0
