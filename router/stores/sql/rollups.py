"""Rolling attempts up into the sums that reports are read from.

Each step takes the next attempts by `seq`, adds them to every table of sums and moves the mark, all in one
transaction: whatever is interrupted, an attempt is in the sums once or not yet. An attempt counts by its own
time, so that one written days late lands in its own day.
"""

from collections.abc import Callable, Mapping
from functools import cache
from math import log
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Insert,
    Select,
    Table,
    and_,
    bindparam,
    case,
    func,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects import sqlite

from router.domain.ledger import Outcome
from router.domain.usage import BUCKETS, INPUT_BUCKETS
from router.ledger.latency import BASE
from router.stores.sql.rollup_schema import (
    COUNTS,
    HALF,
    ROLLUP_LATENCY,
    ROLLUP_STATE,
    ROLLUPS,
    SIZE_THRESHOLDS,
    SUMS,
    UNPREDICTED,
)
from router.stores.sql.schema import ATTEMPTS, TAGS

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

ROLLUP_LOCK = 0x66617274
"""An advisory lock of PostgreSQL. Writers share it while they insert, and a step has it exclusively: so no
attempt with a lower `seq` can still be uncommitted when the mark moves past it."""

STEP_ROWS = 5000
"""Nobody else can write to a file meanwhile; with tens of thousands of keys, nearly every row is a sum of its own."""
_A = ATTEMPTS.c
_MEASURES = ("first_content_s", "total_s")
_LEAST_S = 0.001


def roll_up(engine: Engine, *, step_rows: int = STEP_ROWS) -> int:
    """Bring the sums up to date; returns how many attempts were added. Calling it again is harmless."""
    added = 0
    while step := roll_up_step(engine, step_rows):
        added += step
    return added


def roll_up_step(engine: Engine, step_rows: int) -> int:
    """Add the next `step_rows` attempts to the sums; returns how many there were."""
    with engine.begin() as connection:
        mark = _locked_mark(connection)
        last, count = _next(connection, mark, step_rows)
        if count:
            for statement in _additions(connection.dialect.name):
                connection.execute(statement, {"mark": mark, "last": last})
            connection.execute(update(ROLLUP_STATE).values(up_to_seq=last))
        return count


def _locked_mark(connection: Connection) -> int:
    """The mark, locked so that nobody else can move it. Writes before it reads, so that SQLite locks at once."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ROLLUP_LOCK})
    fresh = _insert(connection.dialect.name)(ROLLUP_STATE).values(id=1, up_to_seq=0)
    connection.execute(fresh.on_conflict_do_nothing())
    connection.execute(update(ROLLUP_STATE).values(up_to_seq=ROLLUP_STATE.c.up_to_seq))
    return int(connection.execute(select(ROLLUP_STATE.c.up_to_seq)).scalar_one())


def _next(connection: Connection, mark: int, step_rows: int) -> tuple[int, int]:
    """The `seq` of the last attempt of this step, and how many attempts it has."""
    ahead = select(_A.seq).where(_A.seq > mark).order_by(_A.seq).limit(step_rows).subquery()
    last, count = connection.execute(select(func.max(ahead.c.seq), func.count())).one()
    return int(last or 0), int(count)


@cache
def _additions(dialect: str) -> tuple[Insert, ...]:
    """The statements that add the attempts after `mark` up to `last` to every table of sums.

    Made once, since making these statements takes longer than running them.
    """
    these = and_(_A.seq > bindparam("mark"), _A.seq <= bindparam("last"))
    return tuple(_adding(dialect, table, rows) for table, rows in _rollups(these))


def _rollups(these: ColumnElement[bool]) -> list[tuple[Table, Select[Any]]]:
    """Each table of sums, and the rows that `these` attempts add to it."""
    tagged = ATTEMPTS.outerjoin(
        TAGS, and_(_A.request_id == TAGS.c.request_id, _A.attempt == TAGS.c.attempt)
    )
    sources = {"tag": func.coalesce(TAGS.c.tag, "").label("tag")}
    sources["size_class"] = _size_class().label("size_class")
    latencies = [(ROLLUP_LATENCY, _latencies(measure).where(these)) for measure in _MEASURES]
    return latencies + [
        (
            table,
            _sums(table, sources)
            .select_from(tagged if "tag" in table.c else ATTEMPTS)
            .where(these),
        )
        for table in ROLLUPS
    ]


def _sums(table: Table, sources: Mapping[str, ColumnElement[Any]]) -> Select[Any]:
    """One row for each combination of the table's key, from the columns of that name or `sources`."""
    names = [column.name for column in table.primary_key]
    by = [sources[name] if name in sources else _A[name] for name in names]
    totals = [func.sum(each).label(name) for name, each in _added().items()]
    return select(*by, *totals).group_by(*by)


def _added() -> dict[str, ColumnElement[Any]]:
    """What one attempt adds to each sum, in the order of `SUMS`."""
    # An answer that another request pays for is no call, even where it breaks off.
    is_counted = (_A.attempt != 0) | (_A.outcome == Outcome.CACHE_HIT)
    counted = (_one(is_counted), _one(_A.closes), _one(_A.is_answer))
    added: dict[str, ColumnElement[Any]] = dict(zip(COUNTS, counted, strict=True))
    added |= {bucket: _A[bucket] for bucket in BUCKETS}
    for name in ("cost", "baseline"):
        pico = _A[f"{name}_pico"]
        added |= {f"{name}_high": pico.op("/")(HALF), f"{name}_low": pico % HALF}
    added["quality_sum"] = case((_A.is_answer, func.coalesce(_A.quality_p, 0.0)), else_=0.0)
    return {name: added[name] for name in SUMS}


def _one(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _size_class() -> ColumnElement[int]:
    is_unpredicted = _A.is_answer & _A.quality_p.is_(None)
    tokens = sum((_A[bucket] for bucket in INPUT_BUCKETS), literal(0))
    sizes = ((tokens > size, size) for size in reversed(SIZE_THRESHOLDS))
    return case((is_unpredicted, UNPREDICTED), *sizes, else_=0)


def _latencies(measure: str) -> Select[Any]:
    seconds = _A[measure]
    positive = case((seconds < _LEAST_S, _LEAST_S), else_=seconds)
    bucket = func.ceil(func.ln(positive) / log(BASE)).label("bucket")
    by = [_A.day, _A.model, literal(measure).label("measure"), bucket]
    # An answer from our own cache says nothing about the speed of the model that once wrote it.
    theirs = _A.is_answer & (_A.outcome != Outcome.CACHE_HIT) & seconds.is_not(None)
    counted = select(*by, func.count().label("count")).where(theirs)
    return counted.group_by(_A.day, _A.model, bucket)


def _adding(dialect: str, table: Table, rows: Select[Any]) -> Insert:
    """Insert `rows`, adding their sums to those of rows that are there already."""
    adding = _insert(dialect)(table).from_select([column.name for column in table.columns], rows)
    sums = {
        column.name: column + adding.excluded[column.name]
        for column in table.columns
        if not column.primary_key
    }
    return adding.on_conflict_do_update(index_elements=list(table.primary_key), set_=sums)


def _insert(dialect: str) -> "Callable[[Table], sqlite.Insert | postgresql.Insert]":
    """The dialect's own INSERT, which knows what to do about conflicts."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - 2 MB where the ledger is a file

        return postgresql.insert
    return sqlite.insert
