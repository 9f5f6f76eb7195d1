"""Counting what is known of the quality of answers."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Engine, func, select

from router.domain.scored import ScoreSource
from router.ledger.outcomes import ScoreTally
from router.stores.sql.schema import OUTCOMES

_O = OUTCOMES.c


def tallies(
    engine: Engine, by: str, since_s: float = 0.0, until_s: float | None = None
) -> Sequence[ScoreTally]:
    """How many scores there are by `by` (a column: model, category or source) and by source.

    Sorted by these. Scores of different sources are never in one tally.
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
        ScoreTally(
            str(row["name"]), ScoreSource(row["source"]), int(row["count"]), float(row["sum"])
        )
        for row in rows
    )
    return sorted(found, key=lambda tally: (tally.name, tally.source))


def _within(since_s: float, until_s: float | None) -> list[ColumnElement[bool]]:
    bounds = [_O.at_s >= since_s]
    return bounds if until_s is None else [*bounds, _O.at_s < until_s]
