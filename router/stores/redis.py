"""A cache in Redis (or Valkey), shared by every process that uses the same server.

A failure reads as an empty cache: see `router.stores.redis_link`.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress

from router.ports import Shelved
from router.stores.redis_link import RedisAway, RedisLink

_PREFIX = "farthing:2:cache:"
"""Format version in the key, so that a newer Farthing never misreads an older one's entries."""


class RedisCache:
    """Implements `router.ports.Cache` on a Redis."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def answers(self, key: str) -> Mapping[str, bytes]:
        """The stored answers; none when Redis does not answer in time."""
        try:
            found = await self._link.ask(lambda: self._link.client.hgetall(_PREFIX + key))
        except RedisAway:
            return {}
        return {writer.decode(): value for writer, value in found.items()}

    async def put(self, key: str, writer: str, value: bytes, ttl_s: int) -> None:
        """Store `value` with an expiry, if Redis answers in time."""
        pipe = self._link.client.pipeline()
        pipe.hset(_PREFIX + key, writer, value)
        pipe.expire(_PREFIX + key, ttl_s, nx=True)
        pipe.expire(_PREFIX + key, ttl_s, gt=True)
        with suppress(RedisAway):
            await self._link.ask(pipe.execute)

    async def drop(self, key: str, writer: str) -> None:
        """Forget one answer."""
        with suppress(RedisAway):
            await self._link.ask(lambda: self._link.client.hdel(_PREFIX + key, writer))

    async def entries(self) -> AsyncIterator[Shelved]:
        """All that is stored."""
        async for name in self._link.client.scan_iter(f"{_PREFIX}*"):
            key = name.decode().removeprefix(_PREFIX)
            for writer, value in (await self.answers(key)).items():
                yield Shelved(key, writer, value)

    async def close(self) -> None:
        """Close the connections."""
        await self._link.close()
