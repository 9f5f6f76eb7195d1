"""Everything that the dashboard shows, read from the sums."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from msgspec import Struct
from sqlalchemy import Engine, func, select

from router.domain.price import Price
from router.ledger.latency import ModelLatency, latency_of
from router.ledger.overview import (
    CUTS,
    SERIES,
    TIMED,
    Overview,
    days_between,
    hours_of,
    is_hourly,
    steps_of,
)
from router.ledger.report import LINES, Cell, Filters, Group, Others, told_apart
from router.stores.sql.reports import NotInSums, read_dearest, read_dearest_within, read_names
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
    cuts = {by: _cut(engine, by, filters, price) for by in CUTS}
    return Overview(
        now_s=now_s,
        filters=filters,
        baseline=baseline[0] if baseline else "reference",
        unit=unit,
        steps=steps_of(cells, _names_of_steps(unit, cells, filters, now_s), price),
        cuts={by: cut.groups if cut else None for by, cut in cuts.items()},
        others={by: cut.others for by, cut in cuts.items() if cut and cut.others},
        choices=dict(_choices(engine, cuts, filters)),
        latencies=_latencies(engine, filters),
    )


def _in_time(
    engine: Engine, filters: Filters, now_s: float
) -> tuple[str, Mapping[str, Sequence[Cell]]]:
    """The unit of time, and the cells by model of each hour or day, for the dearest models."""
    if is_hourly(filters, datetime.fromtimestamp(now_s, UTC).date()):
        with suppress(NotInSums):
            return "hour", read_dearest_within(engine, "hour", "model", filters, SERIES)
    return "day", read_dearest_within(engine, "day", "model", filters, SERIES)


def _names_of_steps(
    unit: str, cells: Mapping[str, Sequence[Cell]], filters: Filters, now_s: float
) -> list[str]:
    now = datetime.fromtimestamp(now_s, UTC)
    days = days_between(filters, min(cells, default="")[:10], now.date())
    return hours_of(days, f"{now:%Y-%m-%dT%H}") if unit == "hour" else days


class _Cut(Struct, frozen=True):
    groups: tuple[Group, ...]
    others: Others | None


def _cut(engine: Engine, by: str, filters: Filters, price: Price | None) -> _Cut | None:
    try:
        found = read_dearest(engine, by, filters, LINES)
    except NotInSums:
        return None
    return _Cut(*told_apart(found.cells, by, found.others, price))


def _choices(
    engine: Engine, cuts: Mapping[str, _Cut | None], filters: Filters
) -> Iterator[tuple[str, list[str]]]:
    """The names that can be filtered by; they are read separately only if a filter hides some."""
    period = Filters(filters.since, filters.until)
    for by, cut in cuts.items():
        if filters == period:
            yield by, sorted(group.name for group in cut.groups) if cut else []
        else:
            yield by, read_names(engine, by, period, LINES)


def _latencies(engine: Engine, filters: Filters) -> tuple[ModelLatency, ...]:
    """Latencies of the models with the most answers, these first. Only the filters for period and model apply."""
    columns = ROLLUP_LATENCY.c
    conditions = [columns.day >= filters.since] if filters.since else []
    conditions += [columns.day <= filters.until] if filters.until else []
    conditions += [columns.model == filters.model] if filters.model is not None else []
    keys, count = (columns.model, columns.measure, columns.bucket), func.sum(columns.count)
    whole = select(columns.model).where(*conditions, columns.measure == "total_s")
    busiest = whole.group_by(columns.model).order_by(count.desc(), columns.model).limit(TIMED)
    theirs = columns.model.in_(busiest)
    query = select(*keys, count).where(*conditions, theirs).group_by(*keys)
    found: defaultdict[str, defaultdict[str, dict[int, int]]]
    found = defaultdict(lambda: defaultdict(dict))
    with engine.connect() as connection:
        for model, measure, bucket, counted in connection.execute(query):
            found[model][measure][int(bucket)] = int(counted)
    latencies = [latency_of(model, measures) for model, measures in found.items()]
    return tuple(sorted(latencies, key=lambda each: (-each.answers, each.model)))
