"""What every test may ask for, and how Hypothesis searches."""

import gc
import time
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
from aiohttp import web_app
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.e2e.browser import Page, browsing, chromium, chromium_running
from tests.once import keep_what_ships
from tests.postgres import PostgresServer, cluster
from tests.redis_clusters import RedisCluster
from tests.servers import RedisServer

# Every run tries the same examples, so a red run is red again, and few enough for ten minutes; to look further:
# make test ARGS=--hypothesis-profile=search
settings.register_profile("steady", derandomize=True, database=None, deadline=None, max_examples=40)
settings.register_profile("search", max_examples=2000, deadline=None)
settings.load_profile("steady")


_COLLECTED_AT_S = pytest.StashKey[float]()
_COLLECTED_EVERY_S = 5.0


def pytest_configure(config: pytest.Config) -> None:
    """Before any module of the tests asks for it by name."""
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    keep_what_ships(patch)


@given(st.none())
def _draws(_nothing: None) -> None:
    """Hypothesis makes its dice when it first draws."""


def pytest_collection_finish() -> None:
    """The tests themselves are no garbage: nobody need look through them again and again.

    Hypothesis looks for what holds its dice, and warns if it finds nothing. It finds nothing in what is frozen, and
    from Python 3.14 on that includes dicts that are still empty, such as the one for its dice.
    """
    _draws()
    gc.collect()
    gc.freeze()


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Let go of the servers that ran in this process, now and then: together they would be gigabytes.

    aiohttp remembers the last thousand handlers, and each leads to all that its server was made of.
    """
    now_s, stash = time.monotonic(), item.config.stash
    if now_s > stash.get(_COLLECTED_AT_S, 0.0) + _COLLECTED_EVERY_S:
        stash[_COLLECTED_AT_S] = now_s
        web_app._cached_build_middleware.cache_clear()  # noqa: SLF001 - there is no other way
        gc.collect()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of one real Redis for the whole run; each test uses its own keys."""
    with RedisServer() as server:
        yield server.url


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A real, empty Redis for this test alone, to be killed, paused and restarted."""
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[RedisCluster]:
    """A real cluster of three for the whole run; tests leave it as they found it."""
    with RedisCluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Path]:
    """An empty PostgreSQL cluster, for servers to be copied from."""
    with cluster() as data:
        yield data


@pytest.fixture(scope="session")
def _shared_postgres(postgres_cluster: Path) -> Iterator[tuple[PostgresServer, Iterator[int]]]:
    with PostgresServer(postgres_cluster) as server:
        yield server, count()


@pytest.fixture
def postgres_url(_shared_postgres: tuple[PostgresServer, Iterator[int]]) -> str:
    """The address of an empty database of this test's own, on one server for the whole run."""
    server, numbers = _shared_postgres
    return server.create_database(f"test{next(numbers)}")


@pytest.fixture
def postgres_server(postgres_cluster: Path) -> Iterator[PostgresServer]:
    """A real, empty PostgreSQL for this test alone, to be killed, paused and restarted."""
    with PostgresServer(postgres_cluster) as server:
        yield server


@pytest.fixture(scope="module")
def devtools() -> Iterator[str]:
    """Where a real Chromium can be controlled; tests that ask for it are skipped if there is none."""
    binary = chromium()
    assert binary
    with chromium_running(binary) as address:
        yield address


@pytest.fixture
async def page(devtools: str) -> AsyncIterator[Page]:
    """A page as large as that of a small laptop, which knows nothing of other tests."""
    async with browsing(devtools) as opened:
        await opened.looks(width=1280, height=900)
        yield opened
