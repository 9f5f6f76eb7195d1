"""What every store is tried on: this process, a real Redis, and a real cluster of three."""

import asyncio
from dataclasses import dataclass, field
from functools import cached_property

from router.domain.budget import Period, Scope
from router.domain.money import ZERO, Money
from router.ports import Affinity, BudgetStore, Cache, Notices, RateLimiter
from router.stores.memory.affinity import MemoryAffinity
from router.stores.memory.budget_store import MemoryBudgetStore, SpentUnknown
from router.stores.memory.cache import MemoryCache
from router.stores.memory.rate_limiter import MemoryRateLimiter
from router.stores.redis.affinity import RedisAffinity
from router.stores.redis.budget_store import RedisBudgetStore
from router.stores.redis.cache import RedisCache
from router.stores.redis.link import RedisLink
from router.stores.redis.notices import RedisNotices
from router.stores.redis.rate_limiter import RedisRateLimiter
from tests import clock
from tests.stores.notices import MemoryNotices

NOON_S = 1_790_000_000.0


class Clock(clock.Clock):
    """Unix and monotonic time in one, from a day of this century on."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = NOON_S


class Books:
    """What a ledger says was spent; it can be slow, or away, and counts how often it is asked."""

    def __init__(self) -> None:
        self.spent: dict[Scope, Money] = {}
        self.asked = 0
        self.slow: asyncio.Event | None = None
        self.is_away = False

    async def __call__(self, scope: Scope, _period: Period) -> Money:
        self.asked += 1
        if self.slow is not None:
            await self.slow.wait()
        if self.is_away:
            raise SpentUnknown(ZERO)
        return self.spent.get(scope, ZERO)


@dataclass
class Stores:
    """Makes stores of one kind; what several of them share is shared as between processes."""

    link: RedisLink | None
    clock: Clock = field(default_factory=Clock)
    books: Books = field(default_factory=Books)

    @cached_property
    def board(self) -> MemoryNotices:
        """The one that all share in this process."""
        return MemoryNotices(self.clock)

    def cache(self, max_entry_bytes: int = 2**20) -> Cache:
        if self.link is not None:
            return RedisCache(self.link, max_entry_bytes=max_entry_bytes)
        return MemoryCache(max_bytes=2**24, monotonic_s=self.clock, max_entry_bytes=max_entry_bytes)

    def budget_store(self) -> BudgetStore:
        if self.link is not None:
            return RedisBudgetStore(self.link, self.clock, self.books)
        return MemoryBudgetStore(self.clock, self.books)

    def rate_limiter(self) -> RateLimiter:
        if self.link is not None:
            return RedisRateLimiter(self.link, self.clock)
        return MemoryRateLimiter(self.clock)

    def notices(self) -> Notices:
        return self.board if self.link is None else RedisNotices(self.link)

    def affinity(self, most_sessions: int = 1000) -> Affinity:
        if self.link is not None:
            return RedisAffinity(self.link)
        return MemoryAffinity(self.clock, most_sessions=most_sessions)

    async def wait(self, for_s: float) -> None:
        """Let time pass: ours by hand, Redis' own as it does."""
        self.clock.now_s += for_s
        if self.link is not None:
            await asyncio.sleep(for_s)
