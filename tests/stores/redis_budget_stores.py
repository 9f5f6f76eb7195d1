"""Budgets in a Redis: one that all tests share, or one that may be killed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from router.stores.redis.budget_store import RedisBudgetStore
from router.stores.redis.link import RedisLink
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
) -> AsyncIterator[tuple[RedisLink, RedisBudgetStore]]:
    """A Redis without accounts, and budgets that are kept there."""
    async with flushed(server, timeout_s) as link:
        budget_store = RedisBudgetStore(link, clock, books)
        yield link, budget_store
        await budget_store.close()  # what it asks in the background has a connection


@asynccontextmanager
async def mortal(
    clock: Clock, books: Books
) -> AsyncIterator[tuple[RedisServer, RedisLink, RedisBudgetStore]]:
    """A Redis that nobody else needs, and budgets whose accounts are kept there."""
    with RedisServer() as server:
        async with linked(server.url) as link:
            yield server, link, RedisBudgetStore(link, clock, books)
