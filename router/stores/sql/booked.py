"""What is booked by day and model: the ledger's side of an invoice."""

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import Engine, func, select

from router.domain.ledger import CostSource, Outcome
from router.domain.money import Money
from router.domain.usage import INPUT_BUCKETS, OUTPUT_BUCKETS
from router.ledger.reconcile import Booked, Place
from router.stores.sql.rollup_schema import HALF, ROLLUP_CATEGORY_DAYS
from router.stores.sql.rollups import roll_up


def booked_between(engine: Engine, since: str, until: str) -> Mapping[Place, Booked]:
    """All that was booked from one day to another (ISO, inclusive), cached answers left out."""
    roll_up(engine)
    sums = ROLLUP_CATEGORY_DAYS.c
    input_tokens = sum((sums[bucket] for bucket in INPUT_BUCKETS[1:]), sums[INPUT_BUCKETS[0]])
    output_tokens = sum((sums[bucket] for bucket in OUTPUT_BUCKETS[1:]), sums[OUTPUT_BUCKETS[0]])
    by = (sums.day, sums.model, sums.cost_source)
    query = (
        select(
            *by,
            func.sum(sums.attempts).label("attempts"),
            func.sum(sums.cost_high).label("high"),
            func.sum(sums.cost_low).label("low"),
            func.sum(input_tokens).label("input_tokens"),
            func.sum(output_tokens).label("output_tokens"),
        )
        .where(sums.day >= since, sums.day <= until, sums.outcome != Outcome.CACHE_HIT)
        .group_by(*by)
    )
    found: defaultdict[Place, Booked] = defaultdict(Booked)
    with engine.connect() as connection:
        for row in connection.execute(query).mappings():
            place = (str(row["day"]), str(row["model"]))
            cost = Money(int(row["high"]) * HALF + int(row["low"]))
            source, attempts = CostSource(row["cost_source"]), int(row["attempts"])
            old, is_estimate = found[place], source is CostSource.ESTIMATED
            found[place] = Booked(
                cost=old.cost + cost,
                estimated=old.estimated + (cost if is_estimate else Money(0)),
                estimated_attempts=old.estimated_attempts + is_estimate * attempts,
                unpriced_attempts=old.unpriced_attempts
                + (source is CostSource.UNPRICED) * attempts,
                input_tokens=old.input_tokens + int(row["input_tokens"]),
                output_tokens=old.output_tokens + int(row["output_tokens"]),
            )
    return {place: each for place, each in found.items() if each.cost or each.unpriced_attempts}
