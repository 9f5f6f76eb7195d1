"""Everything that the dashboard shows, read from the sums."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from sqlalchemy import Engine, func, select

from router.domain.price import Price
from router.ledger.latency import ModelLatency, latency_of
from router.ledger.overview import (
    CUTS,
    Overview,
    days_between,
    hours_of,
    is_hourly,
    steps_of,
)
from router.ledger.report import Cell, Filters, Group, grouped
from router.stores.sql.reports import NotInSums, read_cells, read_cells_within
from router.stores.sql.rollup_schema import ROLLUP_LATENCY
from router.stores.sql.rollups import roll_up


def overview(
    engine: Engine,
    *,
    filters: Filters,
    now_s: float,
    baseline: tuple[str, Price] | None = None,
) -> Overview:
    """The overview of a period. Savings count against each request's own reference, or `baseline`.

    Raises NotInSums if no table of sums covers the combination of filters.
    """
    roll_up(engine)
    price = baseline[1] if baseline else None
    unit, cells = _in_time(engine, filters, now_s)
    by_model = grouped([cell for held in cells.values() for cell in held], "model", price)
    others = {by: _cut(engine, by, filters, price) for by in CUTS if by != "model"}
    return Overview(
        now_s=now_s,
        filters=filters,
        baseline=baseline[0] if baseline else "reference",
        unit=unit,
        steps=steps_of(cells, _names_of_steps(unit, cells, filters, now_s), price),
        cuts={"model": by_model, **others},
        choices=_choices(engine, {"model": by_model, **others}, filters),
        latencies=_latencies(engine, filters),
    )


def _in_time(
    engine: Engine, filters: Filters, now_s: float
) -> tuple[str, Mapping[str, Sequence[Cell]]]:
    """The unit of time, and the cells by model of each hour or day."""
    if is_hourly(filters, datetime.fromtimestamp(now_s, UTC).date()):
        with suppress(NotInSums):
            return "hour", read_cells_within(engine, "hour", "model", filters)
    return "day", read_cells_within(engine, "day", "model", filters)


def _names_of_steps(
    unit: str, cells: Mapping[str, Sequence[Cell]], filters: Filters, now_s: float
) -> list[str]:
    now = datetime.fromtimestamp(now_s, UTC)
    days = days_between(filters, min(cells, default="")[:10], now.date())
    return hours_of(days, f"{now:%Y-%m-%dT%H}") if unit == "hour" else days


def _cut(
    engine: Engine, by: str, filters: Filters, price: Price | None
) -> tuple[Group, ...] | None:
    try:
        return grouped(read_cells(engine, by, filters), by, price)
    except NotInSums:
        return None


def _choices(
    engine: Engine, cuts: Mapping[str, Sequence[Group] | None], filters: Filters
) -> dict[str, list[str]]:
    """The names that can be filtered by; they are read separately only if a filter hides some."""
    period = Filters(filters.since, filters.until)
    if filters == period:
        return {by: sorted(group.name for group in groups or ()) for by, groups in cuts.items()}
    return {by: sorted({cell.name for cell in read_cells(engine, by, period)}) for by in CUTS}


def _latencies(engine: Engine, filters: Filters) -> tuple[ModelLatency, ...]:
    """Latencies by model, those with the most answers first. Only the filters for period and model apply."""
    columns = ROLLUP_LATENCY.c
    conditions = [columns.day >= filters.since] if filters.since else []
    conditions += [columns.day <= filters.until] if filters.until else []
    conditions += [columns.model == filters.model] if filters.model is not None else []
    keys = (columns.model, columns.measure, columns.bucket)
    query = select(*keys, func.sum(columns.count)).where(*conditions).group_by(*keys)
    found: defaultdict[str, defaultdict[str, dict[int, int]]]
    found = defaultdict(lambda: defaultdict(dict))
    with engine.connect() as connection:
        for model, measure, bucket, count in connection.execute(query):
            found[model][measure][int(bucket)] = int(count)
    latencies = [latency_of(model, measures) for model, measures in found.items()]
    return tuple(sorted(latencies, key=lambda each: (-each.answers, each.model)))
