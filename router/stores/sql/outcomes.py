"""Reading what is known of the quality of answers: each with its books, or counted."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, and_, func, select, tuple_

from router.domain.scored import ScoredAnswer, ScoreSource
from router.ledger.outcomes import Tally
from router.stores.sql.schema import ATTEMPTS, BOOKED, OUTCOMES, entry_of, scored_of

_O = OUTCOMES.c
_BATCH_ROWS = 2000
_PLACE = (_O.at_s, _O.request_id, _O.source)
_BOOKS = and_(ATTEMPTS.c.request_id == _O.request_id, ATTEMPTS.c.closes)
"""The attempt that a score is of: the one by which its request is counted."""


def scored_answers(
    engine: Engine,
    since_s: float = 0.0,
    until_s: float | None = None,
    *,
    batch_rows: int = _BATCH_ROWS,
) -> Iterator[ScoredAnswer]:
    """Every score that was given from `since_s` on and before `until_s`, in the order of their times.

    Each comes with the books of its answer, without tags; one whose attempts are not in this
    database is left out. No transaction is open between two batches.
    """
    after: tuple[Any, ...] | None = None
    while rows := _batch(engine, _within(since_s, until_s), after, batch_rows):
        yield from map(_scored_answer, rows)
        after = tuple(rows[-1][f"its_{column.name}"] for column in _PLACE)


def tallies(
    engine: Engine, by: str, since_s: float = 0.0, until_s: float | None = None
) -> Sequence[Tally]:
    """How many scores there are by `by` (a column: model, category or source) and by source.

    Sorted by these. Of different sources no two are in one tally.
    """
    group = _O[by]
    query = (
        select(
            group.label("name"),
            _O.source,
            func.count().label("count"),
            func.sum(_O.score).label("sum"),
        )
        .where(*_within(since_s, until_s))
        .group_by(*dict.fromkeys((group, _O.source)))
    )
    with engine.connect() as connection:
        rows = connection.execute(query).mappings().all()
    found = (
        Tally(str(row["name"]), ScoreSource(row["source"]), int(row["count"]), float(row["sum"]))
        for row in rows
    )
    return sorted(found, key=lambda tally: (tally.name, tally.source))


def _within(since_s: float, until_s: float | None) -> list[ColumnElement[bool]]:
    bounds = [_O.at_s >= since_s]
    return bounds if until_s is None else [*bounds, _O.at_s < until_s]


def _batch(
    engine: Engine, within: list[ColumnElement[bool]], after: tuple[Any, ...] | None, most: int
) -> Sequence[Mapping[str, Any]]:
    query = _WITH_BOOKS.where(*within).order_by(*_PLACE).limit(most)
    if after is not None:
        query = query.where(tuple_(*_PLACE) > tuple_(*after))
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def _scored_answer(row: Mapping[str, Any]) -> ScoredAnswer:
    its = {name.removeprefix("its_"): value for name, value in row.items() if name[:4] == "its_"}
    return ScoredAnswer(scored_of(its), entry_of({**row, "tags": ()}))


def _with_books() -> Select[Any]:
    its = (column.label(f"its_{column.name}") for column in OUTCOMES.columns)
    return select(*its, *BOOKED).join_from(OUTCOMES, ATTEMPTS, _BOOKS)


_WITH_BOOKS = _with_books()
