"""What the dashboard shows of a period, as one document.

The same figures as a report's, cut in every way, and by steps of time.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from msgspec import Struct, structs

from router.domain.ledger import Outcome
from router.domain.money import ZERO, Money
from router.domain.price import Price
from router.ledger.figures import figures
from router.ledger.latency import SHOWN, ModelLatency
from router.ledger.report import OTHERS, Cell, Filters, Group, Others, Totals, summed

CUTS = ("model", "policy", "key", "tag", "category", "upstream")
"""What an overview is cut by, and can be filtered by."""

HOURLY_DAYS = 2
"""Periods of up to this many days are shown by the hour, longer ones by the day."""

SERIES = 8
"""So many models, those that cost most, are told apart in each step of time."""

TIMED = 20
"""So many models, those with the most answers, have their latencies shown."""

_LEADING_DAYS = 92
"""Periods of more days are shown only from their first day with traffic on."""

_LOST = frozenset({Outcome.FAILED, Outcome.CUT})


class TimeStep(Struct, frozen=True):
    """An hour or a day: its name, its totals, and what each of the `SERIES` dearest models cost in it.

    `lost` counts requests that ended without a whole answer although the client was still there.
    """

    name: str
    totals: Totals
    lost: int
    costs: Mapping[str, Money]


class Overview(Struct, frozen=True):
    """All that the page shows. A cut is None where no sums are kept for it together with the filters.

    `now_s` is when it was made (Unix time), `unit` "hour" or "day". A cut has the `LINES` names that cost most,
    and where there are more, `others` has the rest. `choices` are the dearest names of the period, whatever the
    filters.
    """

    now_s: float
    filters: Filters
    baseline: str
    unit: str
    steps: tuple[TimeStep, ...]
    cuts: Mapping[str, tuple[Group, ...] | None]
    others: Mapping[str, Others]
    choices: Mapping[str, Sequence[str]]
    latencies: tuple[ModelLatency, ...]

    @property
    def total(self) -> Totals:
        """All steps together."""
        return sum((step.totals for step in self.steps), Totals())


def steps_of(
    cells: Mapping[str, Sequence[Cell]], names: Sequence[str], price: Price | None
) -> tuple[TimeStep, ...]:
    """The steps `names`, and any others that have cells, in chronological order."""
    return tuple(
        _step(name, cells.get(name, ()), price) for name in sorted({*names, *cells.keys()})
    )


def _step(name: str, cells: Sequence[Cell], price: Price | None) -> TimeStep:
    costs: dict[str, Money] = {}
    for cell in cells:
        if cell.name != OTHERS:
            costs[cell.name] = costs.get(cell.name, ZERO) + cell.cost
    lost = sum(cell.requests for cell in cells if cell.outcome in _LOST)
    return TimeStep(name, summed(cells, price), lost, costs)


def is_hourly(filters: Filters, today: date) -> bool:
    """Whether a period is short enough to be shown by the hour."""
    if not filters.since:
        return False
    until = date.fromisoformat(filters.until) if filters.until else today
    return (until - date.fromisoformat(filters.since)).days < HOURLY_DAYS


def days_between(filters: Filters, first: str, today: date) -> list[str]:
    """The days of a period as ISO dates, up to today; `first` is the first one with traffic, or ""."""
    until = min(date.fromisoformat(filters.until), today) if filters.until else today
    since = date.fromisoformat(filters.since or first or today.isoformat())
    if (until - since).days > _LEADING_DAYS:
        since = max(since, date.fromisoformat(first or until.isoformat()))
    return [(since + timedelta(days=n)).isoformat() for n in range((until - since).days + 1)]


def hours_of(days: Sequence[str], now: str) -> list[str]:
    """The hours of these days, `2026-05-04T07`, up to the hour `now`."""
    hours = (f"{day}T{hour:02}" for day in days for hour in range(24))
    return [hour for hour in hours if hour <= now]


def document(found: Overview) -> dict[str, Any]:
    """The overview as JSON: money as exact decimal text, series for charts as numbers."""
    models = _dearest_first(found.steps)
    return {
        "now_s": found.now_s,
        "filters": {k: v for k, v in structs.asdict(found.filters).items() if v is not None},
        "baseline": found.baseline,
        "unit": found.unit,
        "total": {**figures(found.total), "lost": sum(step.lost for step in found.steps)},
        "steps": [
            {"name": step.name, **figures(step.totals), "lost": step.lost} for step in found.steps
        ],
        "models": models,
        "cost_by_model": [
            [float(step.costs.get(model, ZERO).usd) for step in found.steps] for model in models
        ],
        "cuts": {name: _lines(groups) for name, groups in found.cuts.items()},
        "others": {
            name: {"names": each.names, **figures(each.totals)}
            for name, each in found.others.items()
        },
        "choices": {name: list(names) for name, names in found.choices.items()},
        "latency": {
            "quantiles": SHOWN,
            "models": [structs.asdict(each) for each in found.latencies],
        },
    }


def _lines(groups: Sequence[Group] | None) -> list[dict[str, Any]] | None:
    if groups is None:
        return None
    return [{"name": group.name, **figures(group.totals)} for group in groups]


def _dearest_first(steps: Sequence[TimeStep]) -> list[str]:
    costs: dict[str, int] = {}
    for step in steps:
        for model, cost in step.costs.items():
            costs[model] = costs.get(model, 0) + cost.pico
    return sorted(costs, key=lambda model: (-costs[model], model))
