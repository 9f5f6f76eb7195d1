"""Which model a session is with, in Redis: wherever its next request arrives."""

from router.stores.redis import keys
from router.stores.redis.link import RedisAway, RedisLink


class RedisAffinity:
    """Implements `router.ports.Affinity` on a Redis."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def model_of(self, session: str) -> str | None:
        """The model that `session` stays with; also None if Redis does not answer in time."""
        try:
            found = await self._link.send("GET", keys.session(session))
        except RedisAway:
            return None
        return found.decode() if isinstance(found, bytes) else None

    async def stay(self, session: str, model: str, ttl_s: int) -> None:
        """`session` stays with this model for `ttl_s` seconds from now, if Redis answers in time."""
        try:
            await self._link.send("SET", keys.session(session), model, "EX", ttl_s)
        except RedisAway:
            return
