"""Report queries: cells of the sums by hour and by day, exact to the pico-dollar.

Attempts themselves are never read here, so the cost of a report depends on its own size only. The sums are
brought up to date before a report is read.
"""

from collections import defaultdict
from collections.abc import Mapping, Set
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Engine,
    Row,
    Select,
    String,
    Table,
    cast,
    func,
    literal,
    select,
)

from router.domain.errors import FarthingError
from router.domain.ledger import CostSource, Outcome
from router.domain.money import Money
from router.domain.price import Price
from router.domain.usage import BUCKETS, Usage
from router.ledger.report import EVERYTHING, GROUPINGS, Cell, Filters, Report, grouped, summed
from router.stores.sql.rollup_schema import (
    COUNTS,
    HALF,
    MONEY,
    ROLLUPS,
)
from router.stores.sql.rollups import roll_up

_FILTERS = ("key", "tag", "policy", "category", "model", "upstream")
_CELL = ("outcome", "cost_source", "size_class")


class NotInSums(FarthingError):
    """A report that the sums cannot answer."""


def report(
    engine: Engine,
    *,
    by: str,
    filters: Filters = EVERYTHING,
    baseline: tuple[str, Price] | None = None,
) -> Report:
    """The report of a ledger. Savings count against each request's own reference, or `baseline`.

    Raises KeyError if there is no such grouping, NotInSums for what no table of sums covers.
    """
    if by not in GROUPINGS:
        raise KeyError(by)
    price = baseline[1] if baseline else None
    roll_up(engine)
    cells = read_cells(engine, by, filters)
    # A request with several tags is in several groups, but in the total once.
    overall = cells if by != "tag" or filters.tag is not None else read_cells(engine, "", filters)
    return Report(
        by=by,
        filters=filters,
        baseline=baseline[0] if baseline else "reference",
        groups=grouped(cells, by, price),
        total=summed(overall, price),
    )


def read_cells(engine: Engine, by: str, filters: Filters) -> tuple[Cell, ...]:
    """The cells of a grouping ("" for all in one group), as far as they are rolled up."""
    with engine.connect() as connection:
        rows = connection.execute(_query(by, filters)).all()
    return tuple(_cell(row, by) for row in rows)


def read_cells_within(
    engine: Engine, outer: str, by: str, filters: Filters
) -> Mapping[str, tuple[Cell, ...]]:
    """The cells of a grouping within each name of an `outer` one: of each day by model."""
    with engine.connect() as connection:
        rows = connection.execute(_query(by, filters, outer)).all()
    found: defaultdict[str, list[Cell]] = defaultdict(list)
    for row in rows:
        found[_hour(row.outer) if outer == "hour" else row.outer].append(_cell(row, by))
    return {name: tuple(cells) for name, cells in found.items()}


def _query(by: str, filters: Filters, outer: str = "") -> Select[Any]:
    table = _table({by, outer} - {""}, filters)
    keys = [_name(table, by).label("name"), *(table.c[column] for column in _CELL)]
    if outer:
        keys.append(_name(table, outer).label("outer"))
    sums = [func.sum(table.c[name]).label(name) for name in (*COUNTS, *BUCKETS, *MONEY)]
    quality = func.sum(table.c.quality_sum).label("quality_sum")
    query = select(*keys, *sums, quality).where(*_conditions(table, filters))
    # Answers with a predicted quality and those without are in different rows; in rows of older versions, too, if
    # they differ in their model.
    return query.group_by(*(keys if by else keys[1:]), table.c.quality_sum > 0)


def _table(by: Set[str], filters: Filters) -> Table:
    """The smallest table that covers all that is asked for. Raises NotInSums if none does."""
    asked = {name for name in _FILTERS if getattr(filters, name) is not None} | by
    for table in ROLLUPS:
        # A table with tags has some requests twice, so it is only for reports on tags.
        if asked <= set(table.c.keys()) and ("tag" in table.c) == ("tag" in asked):
            return table
    raise NotInSums(
        f"sums are not kept by {' and '.join(sorted(asked))} together; leave one of them out"
    )


def _name(table: Table, by: str) -> ColumnElement[Any]:
    if by == "hour":
        return table.c.day.concat("T").concat(cast(table.c.hour, String))
    return table.c[by] if by else literal("")


def _conditions(table: Table, filters: Filters) -> list[ColumnElement[bool]]:
    named: Mapping[str, str | None] = {name: getattr(filters, name) for name in _FILTERS}
    found = [table.c[name] == value for name, value in named.items() if value is not None]
    if filters.since:
        found.append(table.c.day >= filters.since)
    if filters.until:
        found.append(table.c.day <= filters.until)
    return found


def _cell(row: Row[Any], by: str) -> Cell:
    named = row._mapping
    return Cell(
        name=_hour(row.name) if by == "hour" else str(row.name),
        outcome=Outcome(row.outcome),
        cost_source=CostSource(row.cost_source),
        size_class=row.size_class,
        **{name: int(named[name]) for name in COUNTS},
        usage=Usage(*(int(named[bucket]) for bucket in BUCKETS)),
        cost=_whole(row.cost_high, row.cost_low),
        baseline=_whole(row.baseline_high, row.baseline_low),
        quality_sum=float(row.quality_sum),
    )


def _hour(name: str) -> str:
    """`2026-05-04T7` as `2026-05-04T07`: databases differ in how they would pad it."""
    day, _, hour = name.partition("T")
    return f"{day}T{int(hour):02}"


def _whole(high: int, low: int) -> Money:
    return Money(int(high) * HALF + int(low))
