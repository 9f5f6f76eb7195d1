"""How much is left of budgets, as Prometheus reads it."""

from collections.abc import Mapping, Sequence

import pytest

from router.domain.budget import EACH, EVERYTHING, Budget, BudgetWindow, Scope, ScopeKind
from router.domain.members import replace
from router.domain.money import Money
from router.ledger.rulebook import Rulebook
from router.ports import Reservation
from router.stores.memory.budget_store import MemoryBudgetStore
from router.telemetry.budget_metrics import BudgetCollector

_ALL = Budget(EVERYTHING, Money.from_usd(10), BudgetWindow.MONTH)
_EACH_TAG = Budget(Scope(ScopeKind.TAG, EACH), Money.from_usd(4), BudgetWindow.DAY)
_EACH_KEY = Budget(Scope(ScopeKind.KEY, EACH), Money.from_usd(2), BudgetWindow.DAY)
_RULEBOOK = Rulebook((_ALL, _EACH_TAG, _EACH_KEY))
_OWN = Budget(Scope(ScopeKind.KEY, "search"), Money.from_usd(8), BudgetWindow.DAY)


def _of(each: Budget, name: str) -> Budget:
    return replace(each, scope=Scope(each.scope.kind, name))


async def _left(*spent: tuple[Sequence[Budget], float]) -> Mapping[str, float]:
    budget_store = MemoryBudgetStore(lambda: 0.0)
    for budgets, usd in spent:
        held = await budget_store.reserve(budgets, Money.from_usd(usd))
        assert isinstance(held, Reservation)
        budget_store.settle(held, held.amount)
    (family,) = BudgetCollector(budget_store, _RULEBOOK).collect()
    return {sample.labels["budget"]: sample.value for sample in family.samples}


async def test_a_budget_for_each_tag_is_one_sample_of_the_tag_that_has_least_left() -> None:
    left = await _left(
        ([_ALL, _of(_EACH_TAG, "a")], 1), ([_ALL, _of(_EACH_TAG, "b")], 3), ([_ALL], 2)
    )
    assert left == {
        "10 USD a month for everything": pytest.approx(0.4),
        "4 USD a day for tag *": pytest.approx(0.25),
    }


async def test_what_keys_were_created_with_is_told_together_and_apart_from_the_budget_of_each_key() -> (
    None
):
    left = await _left(([_OWN, _of(_EACH_KEY, "search")], 1))
    assert left == {
        "a key's own": pytest.approx(0.875),
        "2 USD a day for key *": pytest.approx(0.5),
    }


async def test_what_nobody_has_drawn_on_is_not_told() -> None:
    assert await _left() == {}
