"""What a request has set aside while it goes on."""

from router.dispatch.commands import Start
from router.dispatch.fleet import Fleet
from router.domain.money import ZERO, Money
from router.pipeline.reservations import Reservations
from router.stores.memory.budget_store import MemoryBudgetStore
from tests.dispatch.model_kit import a_candidate, a_model
from tests.stores.conformance.budgets import CENT, WHOLE
from tests.stores.conformance.kinds import Clock

SMALL = a_model("small")


def a_start(attempt: int, upper: Money) -> Start:
    ticket = Fleet().begin(SMALL, 100, 0.0)
    return Start(attempt, a_candidate(SMALL, upper), at_s=0.0, until_s=60.0, ticket=ticket)


async def test_while_a_retry_waits_nothing_is_set_aside_for_an_attempt_that_cost_nothing() -> None:
    """It waits for seconds if all models are at their limits, and others need the money."""
    budget_store = MemoryBudgetStore(Clock())
    reservations = Reservations(budget_store, (WHOLE,))
    assert await reservations.set_aside(a_start(1, CENT * 60)) is None
    reservations.settle(1, ZERO)
    assert (await budget_store.look([WHOLE]))[0].reserved == ZERO

    assert await reservations.set_aside(a_start(2, CENT * 100)) is None
    reservations.settle(2, CENT)
    reservations.close()
    (balance,) = await budget_store.look([WHOLE])
    assert (balance.spent, balance.reserved) == (CENT, ZERO)


async def test_while_another_attempt_goes_on_no_more_than_its_cost_is_set_aside_for_one_that_has_ended() -> (
    None
):
    budget_store = MemoryBudgetStore(Clock())
    reservations = Reservations(budget_store, (WHOLE,))
    assert await reservations.set_aside(a_start(1, CENT * 40)) is None
    assert await reservations.set_aside(a_start(2, CENT * 30)) is None
    reservations.settle(1, CENT * 3)
    assert (await budget_store.look([WHOLE]))[0].reserved == CENT * 33

    reservations.settle(2, CENT * 2)
    reservations.close()
    (balance,) = await budget_store.look([WHOLE])
    assert (balance.spent, balance.reserved) == (CENT * 5, ZERO)


async def test_what_a_vector_cost_is_not_lost_with_an_account_that_the_ledger_is_asked_for_anew() -> (
    None
):
    """The ledger gets its row only with those of the request."""
    budget_store = MemoryBudgetStore(Clock())
    reservations = Reservations(budget_store, (WHOLE,))
    await reservations.pay(CENT)
    assert (await budget_store.look([WHOLE]))[0].reserved == CENT
    budget_store.doubt()
    assert await reservations.set_aside(a_start(1, CENT * 99)) is None
    reservations.settle(1, ZERO)
    reservations.close()
    (balance,) = await budget_store.look([WHOLE])
    assert (balance.spent, balance.reserved) == (CENT, ZERO)


async def test_a_vector_that_comes_after_its_client_has_left_is_spent() -> None:
    """It is paid all the same, but the request's rows are with the ledger by then."""
    budget_store = MemoryBudgetStore(Clock())
    reservations = Reservations(budget_store, (WHOLE,))
    reservations.close()
    await reservations.pay(CENT)
    (balance,) = await budget_store.look([WHOLE])
    assert (balance.spent, balance.reserved) == (CENT, ZERO)
