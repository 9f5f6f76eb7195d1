"""The shared cache against a real server that is killed, frozen and brought back."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from router.stores.redis.cache import RedisCache
from router.stores.redis.link import RedisLink
from tests.servers import RedisServer

TIMEOUT_S = 0.2
PAUSE_S = 30.0
W = "some-model"


class Clock:
    """A clock that goes when it is told to, for the pause after a failure."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@asynccontextmanager
async def connected(url: str, clock: Clock | None = None) -> AsyncIterator[RedisCache]:
    link = RedisLink(url, timeout_s=TIMEOUT_S, monotonic_s=clock or Clock(), pause_s=PAUSE_S)
    cache = RedisCache(link)
    try:
        yield cache
    finally:
        await cache.close()


async def got(cache: RedisCache, key: str) -> bytes | None:
    """What the one writer answered."""
    return (await cache.answers(key)).get(W)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def cache(redis_server: RedisServer, clock: Clock) -> AsyncIterator[RedisCache]:
    async with connected(redis_server.url, clock) as made:
        yield made


async def test_what_one_process_stores_another_finds(redis_url: str) -> None:
    async with connected(redis_url) as one, connected(redis_url) as other:
        await one.put("stores-1", W, b"\x00\xffanswer", 60)

        assert await got(other, "stores-1") == b"\x00\xffanswer"
        assert await got(other, "stores-2") is None


async def test_an_answer_has_an_expiry_and_a_key_of_our_own(redis_url: str) -> None:
    async with connected(redis_url) as cache, Redis.from_url(redis_url) as client:
        await cache.put("stores-3", W, b"1", 60)

        assert 0 < await client.ttl("farthing:2:cache:stores-3") <= 60
        await client.expireat("farthing:2:cache:stores-3", 1)
        assert await got(cache, "stores-3") is None


async def test_a_dead_server_is_an_empty_cache(
    redis_server: RedisServer, cache: RedisCache
) -> None:
    await cache.put("a", W, b"1", 60)
    redis_server.kill()

    assert await got(cache, "a") is None
    await cache.put("a", W, b"2", 60)


async def test_a_server_that_was_never_there_is_an_empty_cache() -> None:
    async with connected("redis://127.0.0.1:1/0") as cache:
        assert await got(cache, "a") is None


async def test_after_a_failure_the_server_is_left_alone_and_then_found_again(
    redis_server: RedisServer, cache: RedisCache, clock: Clock
) -> None:
    redis_server.kill()
    assert await got(cache, "a") is None
    redis_server.restart()

    await cache.put("a", W, b"1", 60)
    assert await got(cache, "a") is None

    clock.now_s += PAUSE_S
    await cache.put("a", W, b"1", 60)
    assert await got(cache, "a") == b"1"


async def test_a_restart_that_nobody_noticed_costs_one_miss_at_most(
    redis_server: RedisServer, cache: RedisCache, clock: Clock
) -> None:
    await cache.put("a", W, b"1", 60)
    redis_server.restart()

    await got(cache, "a")
    clock.now_s += PAUSE_S
    await cache.put("a", W, b"2", 60)
    assert await got(cache, "a") == b"2"


async def test_a_frozen_server_delays_a_request_by_the_timeout_and_no_more(
    redis_server: RedisServer, cache: RedisCache, clock: Clock
) -> None:
    await cache.put("a", W, b"1", 60)
    redis_server.pause()

    began_s = monotonic()
    assert await got(cache, "a") is None
    assert monotonic() - began_s < TIMEOUT_S + 0.3
    began_s = monotonic()
    assert [await got(cache, "a") for _ in range(100)] == [None] * 100
    assert monotonic() - began_s < TIMEOUT_S / 2

    redis_server.resume()
    clock.now_s += PAUSE_S
    assert await got(cache, "a") == b"1"


async def test_a_late_reply_never_answers_another_question(
    redis_server: RedisServer, cache: RedisCache, clock: Clock
) -> None:
    keys = [f"k{number}" for number in range(8)]
    for key in keys:
        await cache.put(key, W, key.encode(), 60)
    redis_server.pause()
    late = await asyncio.gather(*(got(cache, key) for key in keys))
    redis_server.resume()
    clock.now_s += PAUSE_S

    for key in reversed(keys):
        assert await got(cache, key) == key.encode()
    assert late == [None] * len(keys)


async def test_a_request_that_is_cancelled_leaves_no_reply_behind(
    redis_server: RedisServer, cache: RedisCache
) -> None:
    await cache.put("a", W, b"of a", 60)
    await cache.put("b", W, b"of b", 60)
    redis_server.pause()
    for steps in range(1, 12):
        asking = asyncio.create_task(got(cache, "a"))
        for _ in range(steps):
            await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    redis_server.resume()

    assert await got(cache, "b") == b"of b"


async def test_its_going_and_coming_back_are_each_logged_once(
    redis_server: RedisServer,
    cache: RedisCache,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "router.stores.redis.link")
    redis_server.kill()
    for _ in range(3):
        await got(cache, "a")
        clock.now_s += PAUSE_S
    redis_server.restart()
    for _ in range(3):
        await got(cache, "a")

    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert caplog.messages[0].startswith("Redis does not answer (ConnectionError)")
    assert caplog.messages[1] == "Redis answers again"


async def test_an_error_of_the_server_is_an_empty_cache(
    redis_server: RedisServer, cache: RedisCache
) -> None:
    async with Redis.from_url(redis_server.url) as client:
        await client.lpush("farthing:2:cache:a", "not ours")

    assert await got(cache, "a") is None
