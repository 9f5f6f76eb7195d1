"""Limits per minute kept in this process."""

from collections.abc import Callable, Sequence

from router.dispatch.rate import Rate
from router.domain.budget import RateLimit
from router.ports import Exceeded


class MemoryMeter:
    """Implements `router.ports.Meter` in this process."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._rates: dict[tuple[RateLimit, str], Rate] = {}

    async def take(self, limits: Sequence[RateLimit], tokens: int) -> Exceeded | None:
        """Count a request of so many tokens in all limits, or in none: then the first that is reached."""
        now_s = self._monotonic_s()
        wanted = [each for limit in limits for each in self._wanted(limit, tokens)]
        for limit, rate, amount in wanted:
            if (wait_s := rate.wait_s(amount, now_s)) > 0:
                return Exceeded(limit, wait_s)
        for _, rate, amount in wanted:
            rate.take(amount, now_s)
        return None

    async def close(self) -> None:
        """Nothing to release."""

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
