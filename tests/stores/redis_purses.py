"""Budgets in a Redis: one that all tests share, or one that may be killed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from router.stores.redis.link import RedisLink
from router.stores.redis.purse import RedisPurse
from tests.servers import RedisServer
from tests.stores.conformance.kinds import Books, Clock


@asynccontextmanager
async def linked(url: str, timeout_s: float = 2.0) -> AsyncIterator[RedisLink]:
    loop = asyncio.get_running_loop()
    link = RedisLink(url, timeout_s=timeout_s, monotonic_s=loop.time, pause_s=0.05)
    try:
        yield link
    finally:
        await link.close()


@asynccontextmanager
async def emptied(
    server: RedisServer, clock: Clock, books: Books, timeout_s: float = 2.0
) -> AsyncIterator[tuple[RedisLink, RedisPurse]]:
    """A Redis without accounts, and a purse that keeps some there."""
    async with linked(server.url, timeout_s) as link:
        await link.client.flushall()
        purse = RedisPurse(link, clock, books)
        yield link, purse
        await purse.close()  # what it asks in the background has a connection


@asynccontextmanager
async def mortal(
    clock: Clock, books: Books
) -> AsyncIterator[tuple[RedisServer, RedisLink, RedisPurse]]:
    """A Redis that nobody else needs, and a purse that keeps accounts there."""
    with RedisServer() as server:
        async with linked(server.url) as link:
            yield server, link, RedisPurse(link, clock, books)
