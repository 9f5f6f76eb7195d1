"""A process that leads a request for all: when it looks for an answer that another one has stored meanwhile."""

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
from msgspec import structs

from router.pipeline.flow import Pipeline
from router.stores.memory.cache import MemoryCache
from tests.pipeline.kit import Proxy, proxy

CACHED = {"cache": {"ttl_s": 600, "max_temperature": None}}


class Lead:
    """A lead that nobody else waits for."""

    def __init__(self, *, is_successor: bool) -> None:
        self.is_successor = is_successor

    async def send(self, _frame: bytes) -> None: ...

    async def is_wanted(self) -> bool:
        return False

    async def give_up(self) -> None: ...


class FlightCoordinator:
    """Implements `router.ports.FlightCoordinator`: whoever asks leads, after another process has `stored` its answer."""

    is_shared = True

    def __init__(self, cache: "Watched", *, is_successor: bool) -> None:
        self._cache = cache
        self._is_successor = is_successor

    async def lead(self, _key: str, _wanted: Callable[[], None]) -> Lead:
        self._cache.is_hidden = False
        return Lead(is_successor=self._is_successor)

    async def follow(self, _key: str) -> AsyncIterator[bytes]:
        for frame in list[bytes]():
            yield frame

    async def close(self) -> None: ...


class Watched(MemoryCache):
    """A cache that counts how often it is looked into, and may seem empty."""

    is_hidden = False
    looks = 0

    async def answers(self, key: str) -> Mapping[str, bytes]:
        self.looks += 1
        return {} if self.is_hidden else await super().answers(key)


def watched(running: Pipeline, *, is_successor: bool) -> Watched:
    """The cache of a pipeline before such a coordinator."""
    cache = Watched(max_bytes=2**20, monotonic_s=lambda: 0.0)
    structs.force_setattr(running, "cache", cache)
    structs.force_setattr(
        running, "coordinator", FlightCoordinator(cache, is_successor=is_successor)
    )
    return cache


async def asked(one: Proxy) -> str:
    """What the header says of the cache."""
    async with one.post() as response:
        assert response.status == 200
        await response.read()
        said: str = response.headers["x-farthing-cache"]
        return said


@pytest.mark.parametrize(("is_successor", "looks", "said"), [(True, 2, "hit"), (False, 1, "miss")])
async def test_only_after_another_leader_the_cache_is_looked_into_again(
    tmp_path: Path, is_successor: bool, looks: int, said: str
) -> None:
    async with proxy(tmp_path, cache="memory", policy=CACHED) as one:
        cache = watched(one.running.pipeline, is_successor=is_successor)
        assert await asked(one) == "miss"
        cache.is_hidden, cache.looks = True, 0

        assert await asked(one) == said
        assert cache.looks == looks
