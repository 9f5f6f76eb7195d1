"""Towers of several processes on one Redis."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic

from router.ports import Lead
from router.stores.redis.link import RedisLink
from router.stores.redis.tower import Cadence, RedisTower

QUICK = Cadence(lease_s=0.6, watch_s=0.02, slice_s=0.1, wish_s=0.5)


def nobody() -> None: ...


@asynccontextmanager
async def towers(url: str, count: int, pace: Cadence = QUICK) -> AsyncIterator[list[RedisTower]]:
    """So many processes' towers."""
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(count):
            link = RedisLink(url, timeout_s=1.0, monotonic_s=monotonic, pause_s=0.1)
            waiting = RedisLink(url, timeout_s=2.0, monotonic_s=monotonic, pause_s=0.1)
            stack.push_async_callback(waiting.close)
            stack.push_async_callback(link.close)
            await asyncio.gather(link.open(), waiting.open())
            tower = RedisTower(link, waiting, monotonic, asyncio.sleep, pace)
            stack.push_async_callback(tower.close)
            made.append(tower)
        yield made


async def led(tower: RedisTower, key: str, wanted: asyncio.Event | None = None) -> Lead:
    lead = await tower.lead(key, wanted.set if wanted else nobody)
    assert lead is not None
    return lead


async def leads(tower: RedisTower, key: str) -> bool:
    return await tower.lead(key, nobody) is not None


async def soon(found: Callable[[], Awaitable[bool]], wanted: bool) -> bool:
    """Whether this comes true within a few seconds."""
    end_s = monotonic() + 5
    while monotonic() < end_s:
        if await found() is wanted:
            return True
        await asyncio.sleep(0.01)
    return False


async def collect(tower: RedisTower, key: str) -> list[bytes]:
    return [frame async for frame in tower.follow(key)]
