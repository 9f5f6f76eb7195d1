"""Budgets in Prometheus' format.

There may be any number of keys and tags, so a budget for each of them is one sample: of the one that has least left.
"""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from router.domain.budget import Budget
from router.ledger.rulebook import Rulebook
from router.ports import BudgetStore

_OF_A_KEY = "a key's own"


class BudgetCollector(Collector):
    """What is left of budgets, as this process last saw it: a scrape waits neither for Redis nor for the ledger."""

    def __init__(self, budget_store: BudgetStore, rulebook: Rulebook) -> None:
        self._budget_store = budget_store
        self._single = {each: str(each) for each in rulebook.budgets if not each.scope.is_for_each}
        self._for_each = {
            _form(each): str(each) for each in rulebook.budgets if each.scope.is_for_each
        }

    def collect(self) -> Iterator[Metric]:
        """The least share left, 0 to 1, by budget of the configuration; those of keys' own are together."""
        least: dict[str, float] = {}
        for balance in self._budget_store.seen():
            name = self._name(balance.budget)
            least[name] = min(least.get(name, 1.0), balance.share_left)
        left = GaugeMetricFamily(
            "farthing_budget_left_ratio",
            "The share left of the budget; of several, the least",
            labels=["budget"],
        )
        for name, share in sorted(least.items()):
            left.add_metric([name], share)
        yield left

    def _name(self, budget: Budget) -> str:
        return self._single.get(budget) or self._for_each.get(_form(budget), _OF_A_KEY)


def _form(budget: Budget) -> tuple[object, ...]:
    """What a budget for each key, tag or policy has in common with those of one of them."""
    return budget.scope.kind, budget.usd, budget.window, budget.timezone
