"""Where answers are stored, to be given again."""

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from msgspec import Struct


class CacheEntry(Struct, frozen=True):
    """A stored answer as a cache keeps it: the request's key, the writer, and the bytes."""

    key: str
    writer: str
    value: bytes


class Cache(Protocol):
    """Stored answers: for each request one by each model that wrote one.

    A cache that is down behaves like an empty one and never raises.
    """

    async def answers(self, key: str) -> Mapping[str, bytes]:
        """The stored answers to the request `key`, by the model that wrote them."""
        ...

    async def put(self, key: str, writer: str, value: bytes, ttl_s: int) -> None:
        """Keep what `writer` answered to the request `key` for `ttl_s` seconds."""
        ...

    async def drop(self, key: str, writer: str) -> None:
        """Forget what `writer` answered to the request `key`."""
        ...

    def entries(self) -> AsyncIterator[CacheEntry]:
        """All that is stored, in no order. For operators: it reads the whole cache."""
        ...
