"""Limits per minute kept in this process."""

from collections.abc import Callable, Sequence

from router.dispatch.rate import Rate
from router.domain.budget import RateLimit
from router.ports import Exceeded

MOST_RATES = 10_000


class MemoryRateLimiter:
    """Implements `router.ports.RateLimiter` in this process.

    Clients choose tags, so there may be any number of limits "for each tag": when there are many, buckets
    that are full again are forgotten, which makes no difference when they are needed again.
    """

    def __init__(self, monotonic_s: Callable[[], float], *, most_rates: int = MOST_RATES) -> None:
        self._monotonic_s = monotonic_s
        self._rates: dict[tuple[RateLimit, str], Rate] = {}
        self._least_room = self._room = most_rates

    def __len__(self) -> int:
        return len(self._rates)

    async def take(self, limits: Sequence[RateLimit], tokens: int) -> Exceeded | None:
        """Count a request of `tokens` against all limits; or against none, and return the first that is reached."""
        now_s = self._monotonic_s()
        self._make_room(now_s)
        wanted = [each for limit in limits for each in self._wanted(limit, tokens)]
        for limit, rate, amount in wanted:
            if (wait_s := rate.wait_s(amount, now_s)) > 0:
                return Exceeded(limit, wait_s)
        for _, rate, amount in wanted:
            rate.take(amount, now_s)
        return None

    def _make_room(self, now_s: float) -> None:
        if len(self._rates) < self._room:
            return
        self._rates = {key: rate for key, rate in self._rates.items() if not rate.is_full(now_s)}
        self._room = max(self._least_room, 2 * len(self._rates))

    def _wanted(self, limit: RateLimit, tokens: int) -> list[tuple[RateLimit, Rate, int]]:
        bounds = {
            "requests": (limit.requests_per_minute, 1),
            "tokens": (limit.tokens_per_minute, tokens),
        }
        return [
            (limit, self._rates.setdefault((limit, what), Rate(bound)), amount)
            for what, (bound, amount) in bounds.items()
            if bound is not None
        ]
