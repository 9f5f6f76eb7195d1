"""What single commands to Redis cost: the server's time, the client's, and bytes; with our own stores."""

import asyncio
import itertools
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from statistics import median

import redis

from benchmarks.overhead.processes import cpu_s
from benchmarks.units.measured import Step
from router.domain.budget import Budget, BudgetWindow, RateLimit, Scope, ScopeKind
from router.domain.money import Money
from router.ports import Reservation
from router.stores.memory.budget_store import nothing_spent
from router.stores.redis.affinity import RedisAffinity
from router.stores.redis.budget_store import RedisBudgetStore
from router.stores.redis.cache import RedisCache
from router.stores.redis.flight_coordinator import RedisFlightCoordinator
from router.stores.redis.link import RedisLink
from router.stores.redis.notices import RedisNotices
from router.stores.redis.rate_limiter import RedisRateLimiter

_ROUNDS = 5
_AT_ONCE = 16
_ANSWER_BYTES = 2_000
_LARGE = Money.from_usd("1000000")
_TTL_S = 3600
_BUDGETS = (
    Budget(Scope(ScopeKind.ALL, ""), _LARGE, BudgetWindow.DAY),
    Budget(Scope(ScopeKind.KEY, "team-1"), _LARGE, BudgetWindow.DAY),
)
_LIMITS = (RateLimit(Scope(ScopeKind.KEY, "team-1"), requests_per_minute=10**9),)
_PRICE = Money(1_000_000)


@dataclass(frozen=True, slots=True)
class Desk:
    """All stores on one Redis."""

    link: RedisLink
    cache: RedisCache
    affinity: RedisAffinity
    budget_store: RedisBudgetStore
    rate_limiter: RedisRateLimiter
    notices: RedisNotices
    coordinator: RedisFlightCoordinator

    @classmethod
    def at(cls, link: RedisLink) -> "Desk":
        """Those behind `link`."""
        return cls(
            link,
            RedisCache(link),
            RedisAffinity(link),
            RedisBudgetStore(link, time.time, nothing_spent),
            RedisRateLimiter(link, time.monotonic),
            RedisNotices(link),
            RedisFlightCoordinator(link, link, time.monotonic, asyncio.sleep),
        )


Act = Callable[[Desk, str], Awaitable[object]]
"""One thing that a request asks of Redis; the text is another one each time."""


async def _put(desk: Desk, name: str) -> None:
    await desk.cache.put(name, "model", os.urandom(_ANSWER_BYTES), _TTL_S)


async def _reserved(desk: Desk, _: str) -> None:
    assert isinstance(await desk.budget_store.reserve(_BUDGETS, _PRICE), Reservation)


async def _settled(desk: Desk, _: str) -> None:
    """Both halves; it is reported minus what the first one took."""
    held = await desk.budget_store.reserve(_BUDGETS, _PRICE)
    assert isinstance(held, Reservation)
    desk.budget_store.settle(held, _PRICE)
    await desk.budget_store.close()


async def _led(desk: Desk, name: str) -> None:
    """Both halves of a flight that nobody else wants."""
    lead = await desk.coordinator.lead(name, lambda: None)
    assert lead is not None
    await lead.give_up()


_ACTS: Mapping[str, tuple[str, Act]] = {
    "look for an answer that is there": ("answers", lambda desk, _: desk.cache.answers("known")),
    "look for one that is not": ("answers", lambda desk, name: desk.cache.answers(name)),
    "store an answer of 2 KB": ("answers", _put),
    "which model a session is with": ("sessions", lambda desk, _: desk.affinity.model_of("s")),
    "keep it there": ("sessions", lambda desk, name: desk.affinity.stay(name, "model", _TTL_S)),
    "look at two budgets": ("budgets", lambda desk, _: desk.budget_store.look(_BUDGETS)),
    "set money aside in two budgets": ("budgets", _reserved),
    "set aside, and settle": ("budgets", _settled),
    "count a request in one limit": (
        "limits",
        lambda desk, _: desk.rate_limiter.take(_LIMITS, 100),
    ),
    "lead a flight, and end it": ("flights", _led),
    "read notices": ("notices", lambda desk, _: desk.notices.read()),
}
_TWO = {"set aside, and settle": "set money aside in two budgets", "lead a flight, and end it": ""}
"""What consists of two commands, and the one of them that is told apart."""


async def steps_at(url: str, times: int) -> tuple[Step, ...]:
    """What each costs, in the fastest of several rounds; each round has all commands in turn."""
    link = RedisLink(url, timeout_s=30.0, monotonic_s=time.monotonic)
    await link.open()
    desk, numbers = Desk.at(link), itertools.count()
    await desk.cache.put("known", "model", os.urandom(_ANSWER_BYTES), _TTL_S)
    seen: dict[str, list[tuple[float, float, float]]] = {name: [] for name in _ACTS}
    with redis.Redis.from_url(url) as asking:
        for _ in range(_ROUNDS):
            for name, (_, act) in _ACTS.items():
                seen[name].append(await _cost(desk, act, times, numbers, asking))
    await desk.coordinator.close()
    await link.close()
    costs = {name: _least(each) for name, each in seen.items()}
    return tuple(_step(name, costs) for name in _ACTS)


def _least(seen: list[tuple[float, float, float]]) -> tuple[float, float, float]:
    """The fastest of all rounds, since other programs on the machine can only make it slower."""
    server, client, size = zip(*seen, strict=True)
    return min(server), min(client), median(size)


def _step(name: str, costs: Mapping[str, tuple[float, float, float]]) -> Step:
    purpose, _ = _ACTS[name]
    server, client, size = costs[name]
    if name in _TWO:
        first = costs.get(_TWO[name])
        if first is None:
            return Step(f"{name} (each)", purpose, server / 2, client / 2, size / 2)
        rest = [max(0.0, both - one) for both, one in zip(costs[name], first, strict=True)]
        return Step("settle them", purpose, *rest)
    return Step(name, purpose, server, client, size)


async def _cost(
    desk: Desk, act: Act, times: int, numbers: "itertools.count[int]", asking: "redis.Redis"
) -> tuple[float, float, float]:
    """Of one: the server's us, ours, and bytes."""
    before, bytes_before, began = _server(asking), _bytes(asking), time.process_time()
    await _often(desk, act, times, numbers)
    ours_s = time.process_time() - began
    after, bytes_after = _server(asking), _bytes(asking)
    assert desk.link.is_up, "without Redis its stores go on, and cost it nothing"
    return (
        1e6 * (after - before) / times,
        1e6 * ours_s / times,
        (bytes_after - bytes_before) / times,
    )


async def _often(desk: Desk, act: Act, times: int, numbers: "itertools.count[int]") -> None:
    left = iter(range(times))

    async def keep_on() -> None:
        for _ in left:
            await act(desk, f"n{next(numbers)}")

    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(keep_on())


def _server(asking: "redis.Redis") -> float:
    told: Mapping[str, object] = asking.info("server")
    return cpu_s([int(str(told["process_id"]))])


def _bytes(asking: "redis.Redis") -> int:
    """All bytes in and out, as Redis counts them; our own question is a few hundred of them."""
    told: Mapping[str, object] = asking.info("stats")
    sizes = (told["total_net_input_bytes"], told["total_net_output_bytes"])
    return sum(int(str(each)) for each in sizes)
