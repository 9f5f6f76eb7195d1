"""With which model a session is, in this process and in Redis: what every store of it keeps to."""

import pytest
from redis.asyncio import Redis

from router.stores.memory.affinity import MemoryAffinity
from router.stores.redis.affinity import RedisAffinity
from router.stores.redis.link import RedisLink
from tests.servers import RedisServer
from tests.stores.conformance.kinds import Clock, Stores


async def test_a_session_stays_with_the_model_that_it_was_last_with(stores: Stores) -> None:
    affinity = stores.affinity()
    assert await affinity.model_of("s") is None

    await affinity.stay("s", "small", 60)
    await affinity.stay("t", "vendor/modèle:1", 60)
    assert await affinity.model_of("s") == "small"
    assert await affinity.model_of("t") == "vendor/modèle:1"

    await affinity.stay("s", "large", 60)
    assert await affinity.model_of("s") == "large"


async def test_it_is_forgotten_when_its_time_is_over_and_a_later_stay_is_a_longer_one(
    stores: Stores,
) -> None:
    affinity = stores.affinity()
    await affinity.stay("s", "small", 1)
    await affinity.stay("t", "small", 1)
    await affinity.stay("t", "small", 60)
    await stores.wait(1.1)

    assert await affinity.model_of("s") is None
    assert await affinity.model_of("t") == "small"


@pytest.mark.parametrize("session", ["", "a b", "{x}", "\r\n", "é" * 2000])
async def test_a_session_may_be_named_by_any_text(stores: Stores, session: str) -> None:
    affinity = stores.affinity()
    await affinity.stay(session, "small", 60)

    assert await affinity.model_of(session) == "small"


async def test_in_memory_the_one_that_stayed_longest_ago_makes_room() -> None:
    affinity = MemoryAffinity(Clock(), most_sessions=3)
    for session in ("a", "b", "c", "a", "d"):
        await affinity.stay(session, "small", 60)

    assert [await affinity.model_of(each) for each in "abcd"] == ["small", None, "small", "small"]


async def test_in_redis_no_session_can_be_read_off_its_key(redis_url: str) -> None:
    link = RedisLink(redis_url, timeout_s=2.0, monotonic_s=Clock())
    await RedisAffinity(link).stay("alice@example.org", "small", 60)
    async with Redis.from_url(redis_url) as client:
        names = [name async for name in client.scan_iter("farthing:2:session:*")]
    await link.close()

    assert names
    assert not [name for name in names if b"alice" in name]


async def test_without_redis_no_session_is_known(redis_server: RedisServer) -> None:
    link = RedisLink(redis_server.url, timeout_s=0.2, monotonic_s=Clock())
    affinity = RedisAffinity(link)
    await affinity.stay("s", "small", 60)
    redis_server.kill()

    assert await affinity.model_of("s") is None
    await affinity.stay("s", "small", 60)
    await link.close()
