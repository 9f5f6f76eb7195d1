"""Which model a session is with, in this process."""

from collections.abc import Callable

from msgspec import Struct

from router.domain.lru_cache import LruCache

MOST_SESSIONS = 100_000
"""About 30 MB of them."""


class _Stay(Struct, frozen=True):
    """Which model, and until when (monotonic seconds)."""

    model: str
    until_s: float


class MemoryAffinity:
    """Implements `router.ports.Affinity` for a bounded number of sessions; the one renewed longest ago goes first."""

    def __init__(
        self, monotonic_s: Callable[[], float], *, most_sessions: int = MOST_SESSIONS
    ) -> None:
        self._monotonic_s = monotonic_s
        self._stays = LruCache[str, _Stay](most_sessions)

    async def model_of(self, session: str) -> str | None:
        """The model that `session` stays with, unless it has expired or been evicted."""
        stay = self._stays.get(session)
        if stay is not None and stay.until_s <= self._monotonic_s():
            del self._stays[session]
            return None
        return stay.model if stay is not None else None

    async def stay(self, session: str, model: str, ttl_s: int) -> None:
        """`session` stays with this model for `ttl_s` seconds from now, or until others need the room."""
        self._stays.keep(session, _Stay(model, self._monotonic_s() + ttl_s))
