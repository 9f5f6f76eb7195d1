"""A link to a Redis that it looks for without pauses, or when it is woken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from router.stores.redis.cache import RedisCache
from router.stores.redis.link import RedisLink
from tests.clock import Clock
from tests.stores.waiting import Naps

TIMEOUT_S = 0.2
W = "some-model"


@asynccontextmanager
async def linked(
    url: str, naps: Naps | None = None, timeout_s: float = TIMEOUT_S
) -> AsyncIterator[RedisLink]:
    """A link that looks for a Redis without pauses, or as `naps` says."""
    link = RedisLink(
        url, timeout_s=timeout_s, monotonic_s=Clock(), sleep=naps or asyncio.sleep, pause_s=0.2
    )
    try:
        yield link
    finally:
        await link.close()


async def got(cache: RedisCache, key: str) -> bytes | None:
    """What the one writer answered."""
    return (await cache.answers(key)).get(W)
