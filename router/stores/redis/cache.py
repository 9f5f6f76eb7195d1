"""Stored answers in Redis (or Valkey), shared by every process that uses the same server.

A hash for each request, with a field for each model that answered: one command reads them all.
A failure reads as an empty cache: see `router.stores.redis.link`.
"""

from collections.abc import AsyncIterator, Mapping

from router.ports import CacheEntry
from router.stores.memory.cache import MAX_ENTRY_BYTES
from router.stores.redis import keys
from router.stores.redis.link import RedisAway, RedisLink
from router.stores.redis.script import Script

_PUT = """
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) * 1000 then
  redis.call('EXPIRE', KEYS[1], ARGV[3])
end
"""
"""The hash lives as long as its longest-lived answer; a new one has no expiry (-1) yet."""


class RedisCache:
    """Implements `router.ports.Cache` on a Redis."""

    def __init__(self, link: RedisLink, *, max_entry_bytes: int = MAX_ENTRY_BYTES) -> None:
        self._link = link
        self._max_entry_bytes = max_entry_bytes
        self._put = Script(link, _PUT)

    async def answers(self, key: str) -> Mapping[str, bytes]:
        """The answers stored under `key`, by writer; none if Redis does not answer in time."""
        try:
            return await self._hash(keys.cached(key))
        except RedisAway:
            return {}

    async def put(self, key: str, writer: str, value: bytes, ttl_s: int) -> None:
        """Store `value` for at least `ttl_s` seconds, if it is not too large and Redis answers in time."""
        if len(value) > self._max_entry_bytes:
            return
        try:
            await self._put([keys.cached(key)], [writer, value, ttl_s])
        except RedisAway:
            return

    async def drop(self, key: str, writer: str) -> None:
        """Forget what `writer` answered to `key`, if Redis answers in time."""
        try:
            await self._link.send("HDEL", keys.cached(key), writer)
        except RedisAway:
            return

    async def entries(self) -> AsyncIterator[CacheEntry]:
        """All that is stored on all servers; what is stored meanwhile may be missed or come twice."""
        try:
            async for name in self._link.names(keys.cached("*")):
                for writer, value in (await self._hash(name)).items():
                    yield CacheEntry(keys.request(name), writer, value)
        except RedisAway:
            return

    async def _hash(self, name: str) -> dict[str, bytes]:
        found = await self._link.send("HGETALL", name)
        return {writer.decode(): value for writer, value in found.items()}
