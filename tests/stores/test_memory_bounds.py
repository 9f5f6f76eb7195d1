"""Budgets and limits for each tag, kept in a process: any number of tags, and only so much memory."""

import asyncio

from router.domain.budget import Budget, BudgetWindow, Period, RateLimit, Scope, ScopeKind
from router.domain.money import ZERO, Money
from router.ports import Reservation
from router.stores.memory.budget_store import MemoryBudgetStore
from router.stores.memory.rate_limiter import MemoryRateLimiter
from tests.stores.conformance.kinds import Clock

DOLLAR = Money.from_usd("1")


def of_tag(number: int) -> Scope:
    return Scope(ScopeKind.TAG, f"t{number}")


def limit(number: int) -> RateLimit:
    return RateLimit(of_tag(number), requests_per_minute=2)


def budget(number: int) -> Budget:
    return Budget(of_tag(number), DOLLAR, BudgetWindow.DAY)


async def test_limits_that_are_whole_again_make_room(clock: Clock) -> None:
    rate_limiter = MemoryRateLimiter(clock, most_rates=10)
    for number in range(1000):
        await rate_limiter.take([limit(number)], 0)
        clock.now_s += 10

    assert len(rate_limiter) <= 10


async def test_a_limit_that_was_taken_from_is_not_forgotten_however_many_come(
    clock: Clock,
) -> None:
    rate_limiter = MemoryRateLimiter(clock, most_rates=10)
    await rate_limiter.take([limit(-1)], 0)
    await rate_limiter.take([limit(-1)], 0)
    for number in range(1000):
        await rate_limiter.take([limit(number)], 0)

    assert (await rate_limiter.take([limit(-1)], 0)) is not None
    clock.now_s += 60
    await rate_limiter.take([limit(1000)], 0)
    assert (await rate_limiter.take([limit(-1)], 0)) is None


class Books:
    """What each tag has spent, as the ledger would know it, and how often that was asked."""

    def __init__(self) -> None:
        self.spent: dict[Scope, Money] = {}
        self.asked = 0

    async def __call__(self, scope: Scope, _period: Period) -> Money:
        self.asked += 1
        return self.spent.get(scope, ZERO)


async def test_budgets_that_nobody_asks_for_make_room_and_the_ledger_knows_them(
    clock: Clock,
) -> None:
    books = Books()
    budget_store = MemoryBudgetStore(clock, books, most_accounts=10)
    for number in range(100):
        reserved = await budget_store.reserve([budget(number)], DOLLAR)
        assert isinstance(reserved, Reservation)
        budget_store.settle(reserved, DOLLAR)
        books.spent[of_tag(number)] = DOLLAR

    assert len(await budget_store.balances()) == 10
    (balance,) = await budget_store.look([budget(0)])
    assert (balance.spent, balance.left) == (DOLLAR, ZERO)
    assert books.asked == 101


async def test_a_budget_that_is_asked_for_stays_and_so_does_what_is_set_aside(
    clock: Clock,
) -> None:
    books = Books()
    budget_store = MemoryBudgetStore(clock, books, most_accounts=10)
    reserved = await budget_store.reserve([budget(-1)], DOLLAR)
    assert isinstance(reserved, Reservation)
    for number in range(100):
        await budget_store.look([budget(-2), budget(number)])

    assert books.asked == 102
    (balance,) = await budget_store.look([budget(-1)])
    assert balance.reserved == DOLLAR
    assert books.asked == 102


async def test_a_budget_on_which_nothing_is_set_aside_stays_while_a_call_of_unknown_cost_goes_on(
    clock: Clock,
) -> None:
    """The ledger does not have its row yet when the budget is needed again."""
    budget_store = MemoryBudgetStore(clock, Books(), most_accounts=10)
    reserved = await budget_store.reserve([budget(-1)], ZERO)
    assert isinstance(reserved, Reservation)
    for number in range(100):
        await budget_store.look([budget(number)])
    await budget_store.look([budget(-1)])
    budget_store.settle(reserved, DOLLAR)
    (balance,) = await budget_store.look([budget(-1)])
    assert balance.spent == DOLLAR


async def test_what_was_just_spent_is_not_forgotten_before_the_ledger_has_it(clock: Clock) -> None:
    budget_store = MemoryBudgetStore(clock, Books(), most_accounts=10)
    reserved = await budget_store.reserve([budget(-1)], DOLLAR)
    assert isinstance(reserved, Reservation)
    for number in range(100):
        await budget_store.look([budget(number)])
    budget_store.settle(reserved, DOLLAR)
    await budget_store.look([budget(100)])
    (balance,) = await budget_store.look([budget(-1)])
    assert balance.spent == DOLLAR


async def test_a_budget_that_is_forgotten_while_another_one_is_opened_is_opened_again(
    clock: Clock,
) -> None:
    """Else what is set aside in it, and then spent, would be in no balance."""
    opened, asked = asyncio.Event(), asyncio.Event()

    async def slow(scope: Scope, _period: Period) -> Money:
        if scope == of_tag(-2):
            asked.set()
            await opened.wait()
        return ZERO

    budget_store = MemoryBudgetStore(clock, slow, most_accounts=10)
    reserving = asyncio.create_task(budget_store.reserve([budget(-1), budget(-2)], DOLLAR))
    await asked.wait()
    for number in range(100):
        await budget_store.look([budget(number)])
    opened.set()
    assert isinstance(await reserving, Reservation)
    (balance,) = await budget_store.look([budget(-1)])
    assert balance.reserved == DOLLAR
