"""Budgets are walls, in this process and in Redis: what every kind of budget store keeps to."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from router.domain.budget import EVERYTHING, Balance
from router.domain.members import replace
from router.domain.money import ZERO, Money
from router.ports import BudgetStore, Reservation
from router.stores.memory.budget_store import ASK_AGAIN_S
from tests.stores.conformance.budgets import CENT, DAY_S, DOLLAR, OWN, WHOLE, settled, taken
from tests.stores.conformance.kinds import Books, Clock, Stores


@pytest_asyncio.fixture
async def budget_store(stores: Stores) -> AsyncIterator[BudgetStore]:
    made = stores.budget_store()
    yield made
    await made.close()


@pytest.fixture
def clock(stores: Stores) -> Clock:
    return stores.clock


@pytest.fixture
def books(stores: Stores) -> Books:
    return stores.books


async def test_what_is_set_aside_is_gone_until_it_is_settled(budget_store: BudgetStore) -> None:
    held = await taken(budget_store, CENT * 60)
    refused = await budget_store.reserve([WHOLE], CENT * 41)

    assert isinstance(refused, Balance)
    assert (refused.budget, refused.left) == (WHOLE, CENT * 40)
    await settled(budget_store, held, CENT * 7)
    (balance,) = await budget_store.look([WHOLE])
    assert (balance.spent, balance.reserved, balance.left) == (CENT * 7, ZERO, CENT * 93)


@pytest.mark.parametrize("cost", [CENT * 7, CENT * 60, CENT * 70], ids=["less", "all", "more"])
async def test_of_what_is_set_aside_only_the_cost_is_kept_until_it_is_settled(
    budget_store: BudgetStore, cost: Money
) -> None:
    kept = budget_store.keep(await taken(budget_store, CENT * 60), cost)
    await budget_store.close()
    refused = await budget_store.reserve([WHOLE], DOLLAR)

    assert isinstance(refused, Balance)
    assert (kept.amount, refused.spent, refused.reserved) == (cost, ZERO, cost)
    await settled(budget_store, kept, cost)
    (balance,) = await budget_store.look([WHOLE])
    assert (balance.spent, balance.reserved) == (cost, ZERO)


async def test_what_is_kept_and_settled_at_once_is_spent_once(budget_store: BudgetStore) -> None:
    kept = budget_store.keep(
        budget_store.keep(await taken(budget_store, CENT * 60), CENT * 7), CENT * 9
    )
    await settled(budget_store, kept, CENT * 9)
    (balance,) = await budget_store.look([WHOLE])
    assert (balance.spent, balance.reserved) == (CENT * 9, ZERO)


async def test_all_budgets_are_drawn_on_or_none(budget_store: BudgetStore) -> None:
    held = await taken(budget_store, CENT * 90, WHOLE, OWN)
    refused = await budget_store.reserve([OWN, WHOLE], CENT * 20)

    assert isinstance(refused, Balance)
    assert refused.budget == WHOLE
    own, whole = await budget_store.look([OWN, WHOLE])
    assert (own.reserved, whole.reserved) == (CENT * 90, CENT * 90)
    await settled(budget_store, held, ZERO)


async def test_two_hundred_at_once_against_a_dollar_take_no_more_than_a_dollar(
    budget_store: BudgetStore,
) -> None:
    answers = await asyncio.gather(
        *(budget_store.reserve([WHOLE, OWN], CENT * 3) for _ in range(200))
    )
    held = [answer for answer in answers if isinstance(answer, Reservation)]

    assert len(held) == 33
    assert all(a.left < CENT * 3 for a in answers if isinstance(a, Balance))
    for each in held:
        budget_store.settle(each, CENT)
    await budget_store.close()
    (balance,) = await budget_store.look([WHOLE])
    assert (balance.spent, balance.reserved) == (CENT * 33, ZERO)


async def test_what_was_spent_before_is_asked_of_the_ledger_once(
    budget_store: BudgetStore, books: Books
) -> None:
    books.spent[EVERYTHING] = CENT * 95
    books.slow = asyncio.Event()
    waiting = [asyncio.create_task(budget_store.reserve([WHOLE], CENT * 3)) for _ in range(20)]
    await asyncio.sleep(0)
    books.slow.set()
    answers = await asyncio.gather(*waiting)

    assert sum(isinstance(answer, Reservation) for answer in answers) == 1
    (balance,) = await budget_store.look([WHOLE])
    assert (balance.spent, balance.reserved) == (CENT * 95, CENT * 3)


async def test_a_new_period_begins_with_all_of_it(budget_store: BudgetStore, clock: Clock) -> None:
    late = await taken(budget_store, CENT * 80)
    clock.now_s += DAY_S
    await taken(budget_store, DOLLAR)
    await settled(budget_store, late, CENT * 50)

    (balance,) = await budget_store.look([WHOLE])
    assert (balance.spent, balance.reserved) == (ZERO, DOLLAR)


async def test_more_than_was_set_aside_is_spent_all_the_same(budget_store: BudgetStore) -> None:
    await settled(budget_store, await taken(budget_store, CENT), DOLLAR * 2)

    (balance,) = await budget_store.look([WHOLE])
    assert (balance.spent, balance.left, balance.share_left) == (DOLLAR * 2, ZERO, 0.0)


async def test_what_may_cost_nothing_fits_even_into_a_budget_that_is_overdrawn(
    budget_store: BudgetStore,
) -> None:
    """A free model answers when the money is gone; and what a vector costs is missing in all budgets or in none."""
    await settled(budget_store, await taken(budget_store, CENT), DOLLAR * 2)
    await settled(budget_store, await taken(budget_store, ZERO, WHOLE, OWN), CENT)

    balances = await budget_store.look([WHOLE, OWN])
    assert [each.spent for each in balances] == [DOLLAR * 2 + CENT, CENT]


async def test_of_a_call_for_which_nothing_is_set_aside_the_cost_is_spent(
    budget_store: BudgetStore, books: Books
) -> None:
    await settled(budget_store, await taken(budget_store, ZERO), CENT * 5)

    (balance,) = await budget_store.look([WHOLE])
    assert (balance.spent, balance.reserved, books.asked) == (CENT * 5, ZERO, 1)


async def test_balances_are_of_what_was_drawn_on(budget_store: BudgetStore) -> None:
    assert tuple(await budget_store.balances()) == ()
    await taken(budget_store, CENT, OWN)

    assert [balance.budget for balance in await budget_store.balances()] == [OWN]


async def test_balances_are_of_this_period_although_nobody_has_drawn_on_it_yet(
    stores: Stores,
) -> None:
    budget_store = stores.budget_store()
    await settled(budget_store, await taken(budget_store, DOLLAR), DOLLAR)
    stores.clock.now_s += DAY_S

    (balance,) = await budget_store.balances()
    assert (balance.spent, balance.left) == (ZERO, DOLLAR)
    assert balance.period.has(stores.clock.now_s)


async def test_balances_that_were_seen_are_told_without_asking_even_after_a_refusal(
    budget_store: BudgetStore, clock: Clock, books: Books
) -> None:
    assert tuple(budget_store.seen()) == ()
    await settled(budget_store, await taken(budget_store, CENT * 60), CENT * 60)
    looked, asked = await budget_store.look([WHOLE]), books.asked
    assert isinstance(await budget_store.reserve([WHOLE], DOLLAR), Balance)

    assert (tuple(budget_store.seen()), books.asked) == (looked, asked)
    clock.now_s += DAY_S
    assert tuple(budget_store.seen()) == ()


async def test_a_clock_that_is_set_back_does_not_put_off_asking_the_ledger_again(
    stores: Stores,
) -> None:
    stores.books.is_away = True
    budget_store = stores.budget_store()
    await settled(budget_store, await taken(budget_store, CENT * 5), CENT * 5)
    stores.books.is_away, stores.books.spent[EVERYTHING] = False, CENT * 5
    asked = stores.books.asked
    stores.clock.now_s -= 3600
    await budget_store.look([WHOLE])
    await budget_store.close()
    assert stores.books.asked == asked + 1


async def test_a_ledger_that_could_not_be_asked_is_asked_again_and_nobody_waits_for_it(
    stores: Stores,
) -> None:
    """Who starts while the database is away must not forget for a month what had been spent in it."""
    stores.books.is_away = True
    budget_store = stores.budget_store()
    await settled(budget_store, await taken(budget_store, CENT * 5), CENT * 5)
    assert (await budget_store.look([WHOLE]))[0].spent == CENT * 5
    asked = stores.books.asked

    stores.clock.now_s += ASK_AGAIN_S
    stores.books.slow = asyncio.Event()
    assert (await budget_store.look([WHOLE]))[0].spent == CENT * 5  # it is asked, and is away still
    stores.books.slow.set()
    await budget_store.close()
    assert stores.books.asked == asked + 1
    assert (await budget_store.look([WHOLE]))[0].spent == CENT * 5

    stores.books.is_away, stores.books.spent[EVERYTHING] = False, CENT * 95
    stores.clock.now_s += ASK_AGAIN_S
    await budget_store.look([WHOLE])
    await budget_store.close()
    assert (await budget_store.look([WHOLE]))[0].spent == CENT * 95
    refused = await budget_store.reserve([WHOLE], CENT * 6)
    assert isinstance(refused, Balance)

    asked = stores.books.asked
    stores.clock.now_s += ASK_AGAIN_S
    await budget_store.look([WHOLE])
    await budget_store.close()
    assert stores.books.asked == asked  # it has told


@pytest.mark.parametrize("dollars", [(1, 5), (5, 1)])
async def test_two_budgets_of_one_key_that_differ_in_their_amounts_are_one_account(
    budget_store: BudgetStore, dollars: tuple[int, int]
) -> None:
    own, each = (replace(OWN, usd=DOLLAR * n) for n in dollars)
    for _ in range(3):
        await settled(budget_store, await taken(budget_store, CENT * 30, own, each), CENT)
    refused = await budget_store.reserve([own, each], CENT * 98)

    assert isinstance(refused, Balance)
    assert (refused.budget.usd, refused.left) == (DOLLAR, CENT * 97)
    balances = await budget_store.look([own, each])
    assert [(each.spent, each.reserved) for each in balances] == [(CENT * 3, ZERO)] * 2
