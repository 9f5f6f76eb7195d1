"""Budgets as operators are shown them, by one process or by several that share them."""

from typing import Any

import orjson

from router.domain.budget import EVERYTHING, Balance, Budget, BudgetWindow, Period, Scope, ScopeKind
from router.domain.money import Money
from router.server.budgets import budgets_told, crew_budgets_told

_DAY = Period(0.0, 86_400.0)
_ALL = Budget(EVERYTHING, Money.from_usd(5), BudgetWindow.DAY)
_OWN = Budget(Scope(ScopeKind.KEY, "search"), Money.from_usd(1), BudgetWindow.DAY)


def _told(text: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(text)["budgets"]
    return found


def test_each_budget_is_told_once_as_the_one_that_most_was_spent_of() -> None:
    much, little = (Balance(_ALL, _DAY, Money.from_usd(usd)) for usd in ("0.9", "0.11"))
    own = Balance(_OWN, _DAY, Money.from_usd("0.5"))
    told = crew_budgets_told({0: budgets_told([little]), 1: None, 2: budgets_told([own, much])})

    assert [(each["scope"]["name"], each["spent_usd"]) for each in _told(told)] == [
        ("", "0.9"),
        ("search", "0.5"),
    ]
    assert _told(crew_budgets_told({0: budgets_told([own])})) == _told(budgets_told([own]))
