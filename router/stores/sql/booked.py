"""What is booked by day and model: the ledger's side of an invoice."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Engine, RowMapping, Select, func, literal, select

from router.domain.ledger import CostSource, Outcome
from router.domain.money import ZERO, Money
from router.domain.usage import INPUT_BUCKETS, OUTPUT_BUCKETS
from router.ledger.reconcile import Booked, Place
from router.stores.sql.rollup_schema import HALF, ROLLUP_CATEGORY_DAYS
from router.stores.sql.rollups import roll_up


def booked_between(
    engine: Engine, since: str, until: str, upstream: str | None
) -> Mapping[Place, Booked]:
    """All that was booked from one day to another (ISO, inclusive), without cached answers.

    With `upstream`, only calls to that one.
    """
    roll_up(engine)
    found: defaultdict[Place, Booked] = defaultdict(Booked)
    with engine.connect() as connection:
        for row in connection.execute(_query(since, until, upstream)).mappings():
            place = (str(row["day"]), str(row["model"]))
            found[place] += _booked(row)
    return {place: each for place, each in found.items() if each.is_chargeable or each.tokens}


def _query(since: str, until: str, upstream: str | None) -> Select[Any]:
    sums = ROLLUP_CATEGORY_DAYS.c
    nothing: ColumnElement[int] = literal(0)
    added: dict[str, ColumnElement[Any]] = {
        "attempts": sums.attempts,
        "high": sums.cost_high,
        "low": sums.cost_low,
        "input_tokens": sum((sums[name] for name in INPUT_BUCKETS), nothing),
        "output_tokens": sum((sums[name] for name in OUTPUT_BUCKETS), nothing),
    }
    by = (sums.day, sums.model, sums.cost_source)
    query = select(*by, *(func.sum(each).label(name) for name, each in added.items()))
    ours = [sums.day >= since, sums.day <= until, sums.outcome != Outcome.CACHE_HIT]
    if upstream is not None:
        ours.append(sums.upstream == upstream)
    return query.where(*ours).group_by(*by)


def _booked(row: RowMapping) -> Booked:
    cost = Money(int(row["high"]) * HALF + int(row["low"]))
    source, attempts = CostSource(row["cost_source"]), int(row["attempts"])
    return Booked(
        cost=cost,
        estimated=cost if source is CostSource.ESTIMATED else ZERO,
        estimated_attempts=attempts if source is CostSource.ESTIMATED else 0,
        unpriced_attempts=attempts if source is CostSource.UNPRICED else 0,
        input_tokens=int(row["input_tokens"]),
        output_tokens=int(row["output_tokens"]),
    )
