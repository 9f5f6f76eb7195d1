"""Stored answers, in this process and in Redis: what every cache keeps to."""

import asyncio

import pytest

from router.ports import CacheEntry
from tests.stores.conformance.kinds import Stores


async def test_answers_are_found_by_who_wrote_them(stores: Stores) -> None:
    cache = stores.cache()
    await cache.put("a", "small", b"\x00\xffof small", 60)
    await cache.put("a", "large", b"of large", 60)
    await cache.put("b", "small", b"another", 60)

    assert await cache.answers("a") == {"small": b"\x00\xffof small", "large": b"of large"}
    assert await cache.answers("b") == {"small": b"another"}
    assert await cache.answers("c") == {}


async def test_a_later_answer_takes_the_place_of_the_same_writers_earlier_one(
    stores: Stores,
) -> None:
    cache = stores.cache()
    await cache.put("a", "small", b"1", 60)
    await cache.put("a", "large", b"2", 60)
    await cache.put("a", "small", b"", 60)

    assert await cache.answers("a") == {"small": b"", "large": b"2"}


async def test_an_answer_that_is_dropped_leaves_the_others_alone(stores: Stores) -> None:
    cache = stores.cache()
    await cache.put("a", "small", b"1", 60)
    await cache.put("a", "large", b"2", 60)
    await cache.drop("a", "small")
    await cache.drop("a", "nobody")
    await cache.drop("b", "small")

    assert await cache.answers("a") == {"large": b"2"}
    await cache.drop("a", "large")
    assert await cache.answers("a") == {}


async def test_an_answer_is_gone_when_its_time_is_up(stores: Stores) -> None:
    cache = stores.cache()
    await cache.put("a", "small", b"1", 1)
    assert await cache.answers("a") == {"small": b"1"}

    await stores.wait(1.1)
    assert await cache.answers("a") == {}
    assert [each async for each in cache.entries()] == []


@pytest.mark.parametrize("order", [("patient", "hasty"), ("hasty", "patient")])
async def test_an_answer_outlives_another_writers_shorter_one(
    stores: Stores, order: tuple[str, str]
) -> None:
    cache, ttl_s = stores.cache(), {"patient": 60, "hasty": 1}
    for writer in order:
        await cache.put("a", writer, b"1", ttl_s[writer])

    await stores.wait(1.1)
    assert (await cache.answers("a")).get("patient") == b"1"


async def test_what_is_too_large_is_not_kept(stores: Stores) -> None:
    cache = stores.cache(max_entry_bytes=1000)
    await cache.put("a", "small", bytes(1000), 60)
    await cache.put("a", "large", bytes(1001), 60)

    assert list(await cache.answers("a")) == ["small"]


@pytest.mark.parametrize("name", ["", "a b", "{a}", "vendor/modèle:1", "\r\n$5\r\n*", "é" * 300])
async def test_names_may_be_any_text(stores: Stores, name: str) -> None:
    cache = stores.cache()
    await cache.put(name, name, b"1", 60)

    assert await cache.answers(name) == {name: b"1"}
    assert [each async for each in cache.entries()] == [CacheEntry(name, name, b"1")]


async def test_all_entries_are_told_whatever_else_is_stored(stores: Stores) -> None:
    cache, expected = stores.cache(), set()
    for number in range(500):
        key, value = f"k{number}", b"%d" % number
        await asyncio.gather(*(cache.put(key, writer, value, 60) for writer in ("x", "y")))
        expected |= {CacheEntry(key, "x", value), CacheEntry(key, "y", value)}
    if stores.link is not None:
        await stores.link.client.set("another:tenant", "x")

    told = [each async for each in cache.entries()]
    assert len(told) == 1000
    assert set(told) == expected
