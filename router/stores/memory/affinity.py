"""Which model a session is with, in this process."""

from collections import OrderedDict
from collections.abc import Callable

from msgspec import Struct

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
        self._most_sessions = most_sessions
        self._stays: OrderedDict[str, _Stay] = OrderedDict()

    async def model_of(self, session: str) -> str | None:
        """The model that `session` stays with, unless it has expired or been evicted."""
        stay = self._stays.get(session)
        if stay is not None and stay.until_s <= self._monotonic_s():
            del self._stays[session]
            return None
        return stay.model if stay is not None else None

    async def stay(self, session: str, model: str, ttl_s: int) -> None:
        """`session` stays with this model for `ttl_s` seconds from now, or until others need the room."""
        self._stays[session] = _Stay(model, self._monotonic_s() + ttl_s)
        self._stays.move_to_end(session)
        if len(self._stays) > self._most_sessions:
            self._stays.popitem(last=False)

    async def close(self) -> None:
        """Nothing to release."""
