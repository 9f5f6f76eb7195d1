"""Budgets for tests, and ways to draw on them."""

from router.domain.budget import EVERYTHING, Budget, BudgetWindow, Scope, ScopeKind
from router.domain.money import Money
from router.ports import BudgetStore, Reservation

DAY_S = 86_400
DOLLAR = Money.from_usd(1)
CENT = Money.from_usd("0.01")
WHOLE = Budget(EVERYTHING, DOLLAR, BudgetWindow.DAY)
OWN = Budget(Scope(ScopeKind.KEY, "search"), Money.from_usd(5), BudgetWindow.MONTH, "Europe/Berlin")


async def settled(budget_store: BudgetStore, reservation: Reservation, cost: Money) -> None:
    budget_store.settle(reservation, cost)
    await budget_store.close()


async def taken(budget_store: BudgetStore, amount: Money, *budgets: Budget) -> Reservation:
    answer = await budget_store.reserve(budgets or (WHOLE,), amount)
    assert isinstance(answer, Reservation), answer
    return answer
