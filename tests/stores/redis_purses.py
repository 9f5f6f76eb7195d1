"""Budgets in a Redis: one that all tests share, or one that may be killed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from router.stores.redis.link import RedisLink
from router.stores.redis.purse import RedisPurse
from tests.servers import RedisServer
from tests.stores.conformance.kinds import Books, Clock
from tests.stores.links import linked


@asynccontextmanager
async def flushed(server: RedisServer, timeout_s: float = 2.0) -> AsyncIterator[RedisLink]:
    """A link to a Redis in which nothing is any more."""
    async with linked(server.url, timeout_s) as link:
        await link.client.flushall()
        yield link


@asynccontextmanager
async def emptied(
    server: RedisServer, clock: Clock, books: Books, timeout_s: float = 2.0
) -> AsyncIterator[tuple[RedisLink, RedisPurse]]:
    """A Redis without accounts, and a purse that keeps some there."""
    async with flushed(server, timeout_s) as link:
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
