"""What the tests of stores share."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import Engine

from router.stores.redis.cache import RedisCache
from router.stores.redis.link import RedisLink
from router.stores.sql.database import open_central, open_database
from tests.servers import RedisServer
from tests.stores.conformance.kinds import Books, Clock
from tests.stores.napping import linked
from tests.stores.waiting import Naps


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def books() -> Books:
    """What the ledger says was spent."""
    return Books()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty ledger, on each database."""
    if request.param == "postgresql":
        engine = open_central(request.getfixturevalue("postgres_url"))
    else:
        engine = open_database(tmp_path / "farthing.db")
    yield engine
    engine.dispose()


@pytest_asyncio.fixture
async def naps() -> Naps:
    return Naps()


@pytest_asyncio.fixture
async def link(redis_server: RedisServer, naps: Naps) -> AsyncIterator[RedisLink]:
    async with linked(redis_server.url, naps) as made:
        yield made


@pytest.fixture
def cache(link: RedisLink) -> RedisCache:
    return RedisCache(link)
