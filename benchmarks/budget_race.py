"""Do budgets hold, and what do they cost? Two hundred requests at once against one dollar.

    python -m benchmarks.budget_race

Budgets in memory and in a real Redis (with two clients, as two processes would have), then the overhead
of a request's look, reserve and settle. Figures are medians of rounds; the ratios are to memory.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence

from rich.console import Console
from rich.table import Table

from router.domain.budget import EVERYTHING, Budget, BudgetWindow, Scope, ScopeKind
from router.domain.money import ZERO, Money
from router.ports import BudgetStore, Reservation
from router.stores.memory.budget_store import MemoryBudgetStore, nothing_spent
from router.stores.redis.budget_store import RedisBudgetStore
from router.stores.redis.link import RedisLink
from tests.servers import RedisServer

_AT_ONCE = 200
_ROUNDS = 5
_WORST = Money.from_usd("0.03")
_TRUE = Money.from_usd("0.004")
_BUDGETS = (
    Budget(EVERYTHING, Money.from_usd(1), BudgetWindow.DAY),
    Budget(Scope(ScopeKind.KEY, "search"), Money.from_usd(50), BudgetWindow.MONTH, "Europe/Berlin"),
)


async def race(budget_stores: Sequence[BudgetStore]) -> tuple[int, Money, float]:
    """How many of 200 were admitted, the sum of their worst cases, and how long all took."""
    began_s = time.perf_counter()
    answers = await asyncio.gather(
        *(budget_stores[n % len(budget_stores)].reserve(_BUDGETS, _WORST) for n in range(_AT_ONCE))
    )
    took_s = time.perf_counter() - began_s
    held = [answer for answer in answers if isinstance(answer, Reservation)]
    worst = sum((each.amount for each in held), ZERO)
    assert worst <= _BUDGETS[0].usd, "the wall has a hole"
    for each in held:
        budget_stores[0].settle(each, ZERO)
    await budget_stores[0].close()
    return len(held), worst, took_s


async def overhead_us(budget_store: BudgetStore, requests: int = 500) -> float:
    """Microseconds that one request spends on its budgets, one after the other."""
    began_s = time.perf_counter()
    for _ in range(requests):
        await budget_store.look(_BUDGETS)
        held = await budget_store.reserve(_BUDGETS, _TRUE)
        assert isinstance(held, Reservation)
        budget_store.settle(held, ZERO)
    await budget_store.close()
    return (time.perf_counter() - began_s) / requests * 1e6


Fresh = Callable[[], Awaitable[Sequence[BudgetStore]]]


async def measured(name: str, fresh: Fresh) -> tuple[str, int, Money, float, float]:
    races = [await race(await fresh()) for _ in range(_ROUNDS)]
    costs = [await overhead_us((await fresh())[0]) for _ in range(_ROUNDS)]
    took_s = statistics.median(took_s for _, _, took_s in races)
    return name, races[0][0], max(worst for _, worst, _ in races), took_s, statistics.median(costs)


async def main() -> None:
    async def in_memory() -> Sequence[BudgetStore]:
        return [MemoryBudgetStore(time.time)]

    with RedisServer() as server:
        loop = asyncio.get_running_loop()
        links = [RedisLink(server.url, timeout_s=5, monotonic_s=loop.time) for _ in range(2)]

        async def in_redis() -> Sequence[BudgetStore]:
            await links[0].client.flushall()
            return [RedisBudgetStore(link, time.time, nothing_spent) for link in links]

        rows = [await measured("memory", in_memory), await measured("Redis, 2 clients", in_redis)]
        for link in links:
            await link.close()
    _show(rows)


def _show(rows: Sequence[tuple[str, int, Money, float, float]]) -> None:
    table = Table(title=f"{_AT_ONCE} at once, up to {_WORST} USD each, against 1 USD")
    for heading in ("", "admitted", "worst case", "all answered", "a request", "ratio"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, admitted, worst, took_s, cost_us in rows:
        ratio = cost_us / rows[0][4]
        table.add_row(
            name,
            str(admitted),
            f"{worst} USD",
            f"{took_s * 1000:.0f} ms",
            f"{cost_us:.0f} us",
            f"{ratio:.1f}",
        )
    Console().print(table)


if __name__ == "__main__":
    asyncio.run(main())
