"""Limits of requests and tokens per minute."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from router.domain.budget import RateLimit


class Exceeded(Struct, frozen=True):
    """A limit per minute that is reached, and in how many seconds there is room again."""

    limit: RateLimit
    for_s: float


class RateLimiter(Protocol):
    """Keeps limits per minute."""

    async def take(self, limits: Sequence[RateLimit], tokens: int) -> Exceeded | None:
        """Count a request of `tokens` against all limits; or against none, and return the first that is reached."""
        ...
