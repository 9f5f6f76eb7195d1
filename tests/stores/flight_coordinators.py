"""Coordinators of several processes on one Redis."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic

from router.ports import Lead
from router.stores.redis.flight_coordinator import Cadence, RedisFlightCoordinator
from router.stores.redis.link import RedisLink

QUICK = Cadence(lease_s=0.6, watch_s=0.02, slice_s=0.1, wish_s=0.5)


def nobody() -> None: ...


@asynccontextmanager
async def coordinators(
    url: str, count: int, pace: Cadence = QUICK
) -> AsyncIterator[list[RedisFlightCoordinator]]:
    """So many processes' coordinators."""
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(count):
            link = RedisLink(url, timeout_s=1.0, monotonic_s=monotonic, pause_s=0.1)
            waiting = RedisLink(url, timeout_s=2.0, monotonic_s=monotonic, pause_s=0.1)
            stack.push_async_callback(waiting.close)
            stack.push_async_callback(link.close)
            await asyncio.gather(link.open(), waiting.open())
            coordinator = RedisFlightCoordinator(link, waiting, monotonic, asyncio.sleep, pace)
            stack.push_async_callback(coordinator.close)
            made.append(coordinator)
        yield made


async def led(
    coordinator: RedisFlightCoordinator, key: str, wanted: asyncio.Event | None = None
) -> Lead:
    lead = await coordinator.lead(key, wanted.set if wanted else nobody)
    assert lead is not None
    return lead


async def leads(coordinator: RedisFlightCoordinator, key: str) -> bool:
    return await coordinator.lead(key, nobody) is not None


async def soon(found: Callable[[], Awaitable[bool]], wanted: bool) -> bool:
    """Whether this comes true within a few seconds."""
    end_s = monotonic() + 5
    while monotonic() < end_s:
        if await found() is wanted:
            return True
        await asyncio.sleep(0.01)
    return False


async def collect(coordinator: RedisFlightCoordinator, key: str) -> list[bytes]:
    return [frame async for frame in coordinator.follow(key)]
