"""A cache in Redis (or Valkey), shared by every process that uses the same server.

A failure reads as an empty cache: see `router.stores.redis_link`.
"""

from router.stores.redis_link import RedisAway, RedisLink

_PREFIX = "farthing:1:cache:"
"""Format version in the key, so that a newer Farthing never misreads an older one's entries."""


class RedisCache:
    """Implements `router.ports.Cache` on a Redis."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def get(self, key: str) -> bytes | None:
        """The stored value; None when there is none or Redis does not answer in time."""
        try:
            value = await self._link.ask(lambda: self._link.client.get(_PREFIX + key))
        except RedisAway:
            return None
        return value if isinstance(value, bytes) else None

    async def put(self, key: str, value: bytes, ttl_s: int) -> None:
        """Store `value` with an expiry, if Redis answers in time."""
        try:
            await self._link.ask(lambda: self._link.client.set(_PREFIX + key, value, ex=ttl_s))
        except RedisAway:
            return

    async def close(self) -> None:
        """Close the connections."""
        await self._link.close()
