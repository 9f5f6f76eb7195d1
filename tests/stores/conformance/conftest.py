"""The stores of each kind, empty for every test."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from router.stores.redis.link import RedisLink
from tests.servers import RedisServer
from tests.stores.conformance.kinds import Stores

_FIXTURES = {"redis": "emptied_redis", "cluster": "redis_cluster"}


@pytest.fixture(scope="session")
def emptied_redis() -> Iterator[RedisServer]:
    """A real Redis that every test here finds empty."""
    with RedisServer() as server:
        yield server


@pytest_asyncio.fixture(params=["memory", "redis", "cluster"])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    if request.param == "memory":
        yield Stores(None)
        return
    url = request.getfixturevalue(_FIXTURES[request.param]).url
    loop = asyncio.get_running_loop()
    link = RedisLink(url, timeout_s=2.0, monotonic_s=loop.time, pause_s=0.05)
    await link.open()
    await link.client.flushall()
    yield Stores(link)
    assert link.is_up
    await link.close()
