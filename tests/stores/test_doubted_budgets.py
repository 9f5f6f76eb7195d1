"""Budgets in a process that asks the ledger again: what it says counts, and what is settled meanwhile."""

import asyncio

from router.domain.budget import EVERYTHING
from router.stores.memory.budget_store import MemoryBudgetStore
from tests.stores.conformance.budgets import CENT, DAY_S, WHOLE, settled, taken
from tests.stores.conformance.kinds import Books, Clock


async def test_what_is_settled_while_the_ledger_is_asked_again_comes_on_top(
    clock: Clock, books: Books
) -> None:
    """The rows of what was settled before are in the ledger then, those of what is settled now are not."""
    budget_store = MemoryBudgetStore(clock, books)
    await settled(budget_store, await taken(budget_store, CENT * 10), CENT * 10)
    under_way = await taken(budget_store, CENT * 9)
    books.spent[EVERYTHING], books.slow = CENT * 30, asyncio.Event()

    budget_store.doubt()
    looking = asyncio.create_task(budget_store.look([WHOLE]))
    for _ in range(3):
        await asyncio.sleep(0)
    assert books.asked == 2
    budget_store.settle(under_way, CENT * 7)
    books.slow.set()

    (balance,) = await looking
    assert balance.spent == CENT * 37


async def test_a_ledger_that_has_less_is_believed_but_not_what_is_known_without_it(
    clock: Clock, books: Books
) -> None:
    budget_store = MemoryBudgetStore(clock, books)
    await settled(budget_store, await taken(budget_store, CENT * 10), CENT * 10)

    books.is_away = True  # all that is known without it is nothing
    budget_store.doubt()
    assert (await budget_store.look([WHOLE]))[0].spent == CENT * 10

    books.is_away, books.spent[EVERYTHING] = False, CENT * 8
    budget_store.doubt()
    assert (await budget_store.look([WHOLE]))[0].spent == CENT * 8


async def test_what_was_set_aside_elsewhere_is_spent_in_the_period_in_which_it_was(
    clock: Clock, books: Books
) -> None:
    budget_store = MemoryBudgetStore(clock, books)
    today = WHOLE.period(clock())
    await budget_store.look([WHOLE])
    budget_store.spend(WHOLE, today, CENT * 3)
    assert (await budget_store.look([WHOLE]))[0].spent == CENT * 3

    clock.now_s += DAY_S
    await budget_store.look([WHOLE])
    budget_store.spend(WHOLE, today, CENT * 3)
    assert not (await budget_store.look([WHOLE]))[0].spent
