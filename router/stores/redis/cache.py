"""A cache in Redis (or Valkey), shared by every process that uses the same server.

A failure reads as an empty cache: see `router.stores.redis.link`.
"""

from router.stores.redis import keys
from router.stores.redis.link import RedisAway, RedisLink


class RedisCache:
    """Implements `router.ports.Cache` on a Redis."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def get(self, key: str) -> bytes | None:
        """The stored value; None when there is none or Redis does not answer in time."""
        try:
            value = await self._link.ask(lambda: self._link.client.get(keys.cached(key)))
        except RedisAway:
            return None
        return value if isinstance(value, bytes) else None

    async def put(self, key: str, value: bytes, ttl_s: int) -> None:
        """Store `value` with an expiry, if Redis answers in time."""
        try:
            await self._link.ask(lambda: self._link.client.set(keys.cached(key), value, ex=ttl_s))
        except RedisAway:
            return

    async def close(self) -> None:
        """Close the connections."""
        await self._link.close()
