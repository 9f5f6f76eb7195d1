"""Report queries: cells of the sums by hour and by day, exact to the pico-dollar.

Attempts themselves are never read here, so the cost of a report depends on its own size only. The sums are
brought up to date before a report is read.
"""

from collections import defaultdict
from collections.abc import Mapping, Set
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    CTE,
    ColumnElement,
    Engine,
    Row,
    Select,
    String,
    Table,
    case,
    cast,
    distinct,
    func,
    literal,
    select,
)

from router.domain.errors import FarthingError
from router.domain.ledger import CostSource, Outcome
from router.domain.money import Money
from router.domain.price import Price
from router.domain.usage import BUCKETS, Usage
from router.ledger.report import (
    EVERYTHING,
    GROUPINGS,
    IN_TIME,
    OTHERS,
    Cell,
    Filters,
    Report,
    summed,
    told_apart,
)
from router.stores.sql.rollup_schema import (
    COUNTS,
    HALF,
    MONEY,
    ROLLUPS,
)
from router.stores.sql.rollups import roll_up

_FILTERS = ("key", "tag", "policy", "category", "model", "upstream")
_CELL = ("outcome", "cost_source", "size_class")
_SUMS = (*COUNTS, *BUCKETS, *MONEY, "quality_sum")


class NotInSums(FarthingError):
    """A report that the sums cannot answer."""


def report(
    engine: Engine,
    *,
    by: str,
    filters: Filters = EVERYTHING,
    baseline: tuple[str, Price] | None = None,
    most: int | None = None,
) -> Report:
    """The report of a ledger. Savings count against each request's own reference, or `baseline`.

    With `most`, only so many names are told apart, those that cost most, unless they are times.
    Raises KeyError if there is no such grouping, NotInSums for what no table of sums covers.
    """
    if by not in GROUPINGS:
        raise KeyError(by)
    price = baseline[1] if baseline else None
    roll_up(engine)
    told = most if by not in IN_TIME else None
    found = read_dearest(engine, by, filters, told)
    cells = found.cells
    groups, others = told_apart(cells, by, found.others, price)
    # A request with several tags is in several groups, but in the total once.
    overall = cells if by != "tag" or filters.tag is not None else read_cells(engine, "", filters)
    return Report(
        by=by,
        filters=filters,
        baseline=baseline[0] if baseline else "reference",
        groups=groups,
        total=summed(overall, price),
        others=others,
    )


def read_cells(engine: Engine, by: str, filters: Filters) -> tuple[Cell, ...]:
    """The cells of a grouping ("" for all in one group), as far as they are rolled up."""
    with engine.connect() as connection:
        rows = connection.execute(_query(by, filters)).all()
    return tuple(_cell(row, by) for row in rows)


class Dearest(Struct, frozen=True):
    """The cells of the names that cost most, with those of all others under the name `OTHERS`.

    `others` counts these other names.
    """

    cells: tuple[Cell, ...]
    others: int


def read_dearest(engine: Engine, by: str, filters: Filters, most: int | None) -> Dearest:
    """The cells of a grouping, with at most `most` names of their own, as far as they are rolled up."""
    if most is None:
        return Dearest(read_cells(engine, by, filters), 0)
    with engine.connect() as connection:
        rows = connection.execute(_dearest(by, filters, most)).all()
    names = int(rows[0].names) if rows else 0
    return Dearest(tuple(_cell(row, by) for row in rows), max(0, names - most))


def read_dearest_within(
    engine: Engine, outer: str, by: str, filters: Filters, most: int
) -> Mapping[str, tuple[Cell, ...]]:
    """The same within each name of an `outer` grouping: of each day, the models that cost most in all."""
    with engine.connect() as connection:
        rows = connection.execute(_dearest(by, filters, most, outer)).all()
    found: defaultdict[str, list[Cell]] = defaultdict(list)
    for row in rows:
        found[_hour(row.outer) if outer == "hour" else row.outer].append(_cell(row, by))
    return {name: tuple(cells) for name, cells in found.items()}


def read_names(engine: Engine, by: str, filters: Filters, most: int) -> list[str]:
    """The names of a grouping that cost most, in alphabetical order."""
    table = _table({by}, filters)
    name = _name(table, by).label("name")
    query = select(name).where(*_conditions(table, filters)).group_by(name)
    query = query.order_by(_cost_of(table).desc(), name).limit(most)
    with engine.connect() as connection:
        return sorted(connection.execute(query).scalars())


def _dearest(by: str, filters: Filters, most: int, outer: str = "") -> Select[Any]:
    """The cells of the dearest names, and of all others under NULL: what is read depends on `most` alone."""
    cells = _query(by, filters, outer).cte("cells")
    dearest = select(cells.c.name).group_by(cells.c.name)
    dearest = dearest.order_by(_cost_of(cells).desc(), cells.c.name).limit(most)
    name = case((cells.c.name.in_(dearest), cells.c.name)).label("name")
    keys = [name, *(cells.c[each] for each in (*_CELL, *(["outer"] if outer else [])))]
    names = select(func.count(distinct(cells.c.name))).scalar_subquery().label("names")
    sums = (func.sum(cells.c[each]).label(each) for each in _SUMS)
    # As in the cells: answers with a predicted quality, and those without.
    return select(*keys, names, *sums).group_by(*keys, cells.c.quality_sum > 0)


def _cost_of(sums: Table | CTE) -> ColumnElement[float]:
    """What to rank by; the amount itself may be larger than a column."""
    return func.sum(sums.c.cost_high) * float(HALF) + func.sum(sums.c.cost_low)


def _query(by: str, filters: Filters, outer: str = "") -> Select[Any]:
    table = _table({by, outer} - {""}, filters)
    keys = [_name(table, by).label("name"), *(table.c[column] for column in _CELL)]
    if outer:
        keys.append(_name(table, outer).label("outer"))
    sums = (func.sum(table.c[name]).label(name) for name in _SUMS)
    query = select(*keys, *sums).where(*_conditions(table, filters))
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
    name = OTHERS if row.name is None else str(row.name)
    return Cell(
        name=_hour(name) if by == "hour" else name,
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
