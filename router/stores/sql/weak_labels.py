"""Counts what is known of answers by model and category, for estimates of how good models are.

Rows that a command made itself are left out by their tag: they are not traffic.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, and_, exists, func, select

from router.domain.ledger import Outcome
from router.domain.scored import Scored, ScoreSource
from router.ledger.outcomes import Looked, SourceScores
from router.stores.sql.schema import ATTEMPTS, OUTCOMES, TAGS, scored_of
from router.stores.sql.snapshot import snapshot

_O, _A = OUTCOMES.c, ATTEMPTS.c
_BATCH = 500
_FLAW = 0.5
"""Below this, a sign says that an answer is useless; signs are 0 or 1."""
_WRITTEN = and_(_A.closes, _A.is_answer, _A.outcome == Outcome.OK.value)
"""Answers that a model wrote for the request itself, not from the cache."""


def heard(engine: Engine, since_s: float, without_tag: str) -> Sequence[SourceScores]:
    """All scores from `since_s` on, by model, category and source, sorted by these."""
    group = (_O.model, _O.category, _O.source)
    query = (
        select(*group, func.count().label("count"), func.sum(_O.score).label("sum"))
        .where(_O.at_s >= since_s, ~_tagged(_O.request_id, without_tag))
        .group_by(*group)
        .order_by(*group)
    )
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    return [
        SourceScores(row.model, row.category, ScoreSource(row.source), row[3], row[4])
        for row in rows
    ]


def looked_at(
    engine: Engine, since_s: float, without_tag: str, sources: Collection[ScoreSource]
) -> Sequence[Looked]:
    """The answers from `since_s` on by model and category, and in how many of them `sources` saw a flaw."""
    is_ours = and_(_WRITTEN, _A.at_s >= since_s, ~_tagged(_A.request_id, without_tag))
    sees = and_(
        _O.request_id == _A.request_id,
        _O.source.in_([each.value for each in sources]),
        _O.score < _FLAW,
    )
    with snapshot(engine) as connection:
        answers = _by_whose(connection.execute(_count(is_ours)).all())
        flawed = _by_whose(connection.execute(_count(and_(is_ours, exists().where(sees)))).all())
    return [Looked(*whose, count, flawed.get(whose, 0)) for whose, count in answers.items()]


def feedback_on(
    engine: Engine, request_ids: Collection[str], since_s: float, without_tag: str
) -> Iterator[Scored]:
    """What clients said about the answers to these requests, as far as `heard` has counted it."""
    ids, is_said = sorted(request_ids), _O.source == ScoreSource.FEEDBACK.value
    counted = and_(is_said, _O.at_s >= since_s, ~_tagged(_O.request_id, without_tag))
    for start in range(0, len(ids), _BATCH):
        asked = ids[start : start + _BATCH]
        with engine.connect() as connection:
            found = connection.execute(select(OUTCOMES).where(counted, _O.request_id.in_(asked)))
            rows = found.mappings().all()
        yield from (scored_of(dict(row)) for row in rows)


def _tagged(request_id: ColumnElement[str], tag: str) -> ColumnElement[bool]:
    return exists().where(TAGS.c.request_id == request_id, TAGS.c.tag == tag)


def _count(which: ColumnElement[bool]) -> Select[Any]:
    group = (_A.model, _A.category)
    return select(*group, func.count()).where(which).group_by(*group).order_by(*group)


def _by_whose(rows: Sequence[Any]) -> dict[tuple[str, str], int]:
    return {(model, category): count for model, category, count in rows}
