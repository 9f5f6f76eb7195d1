"""What was spent since a moment, exactly, from sums where there are any.

Budget periods begin at some time zone's midnight, which may be in the middle of an hour or a day of UTC. So
it is what the sums have from the hour or day of that moment on, less the attempts of that hour or day that
came before it, plus the attempts that are not in the sums yet. If the attempts of that first hour or day
were pruned, all of it counts: what is left of a budget never looks larger than it is.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    and_,
    exists,
    func,
    or_,
    select,
    true,
    tuple_,
)

from router.domain.budget import Scope, ScopeKind
from router.domain.money import Money
from router.stores.sql.rollup_schema import (
    HALF,
    ROLLUP_HOURS,
    ROLLUP_KEY_DAYS,
    ROLLUP_STATE,
    ROLLUP_TAG_DAYS,
)
from router.stores.sql.schema import ATTEMPTS, TAGS
from router.stores.sql.snapshot import snapshot

_A = ATTEMPTS.c
_MOST_MOVED = 1000
"""Attempts that may move on from an outbox while the ledger is asked: twice as many as go at once."""
_TABLES = {
    ScopeKind.ALL: ROLLUP_HOURS,
    ScopeKind.POLICY: ROLLUP_HOURS,
    ScopeKind.KEY: ROLLUP_KEY_DAYS,
    ScopeKind.TAG: ROLLUP_TAG_DAYS,
}
"""The finest sums that distinguish each kind of scope."""


Attempt = tuple[str, int]
"""An attempt's identity: its request's id, and its number."""


class Waiting(Struct, frozen=True):
    """The cost of the attempts that wait in an outbox, and those of them that move on first."""

    cost: Money
    first: tuple[Attempt, ...]


def spent(
    engine: Engine,
    scope: Scope,
    since_s: float,
    until_s: float | None = None,
    but: Collection[Attempt] = (),
) -> Money:
    """The cost of all attempts of `scope` that began at the Unix time `since_s` or later, and before `until_s`.

    What a clock that was wrong has dated later than that belongs to another period. `but` are attempts from within
    these bounds that are not to count.
    """
    with snapshot(engine) as connection:
        told = _spent_since(connection, scope, since_s)
        if until_s is not None:
            told -= _spent_since(connection, scope, until_s)
        if but:
            told -= _read(connection, _raw(tuple_(_A.request_id, _A.attempt).in_(but)))
        return told


def waiting_in_outbox(
    engine: Engine, scope: Scope, since_s: float, until_s: float | None = None
) -> Waiting:
    """The same of the attempts that wait in the outbox `engine` now.

    It may have sums, too, from when it was the ledger itself: they are of attempts that have moved on since.
    """
    late = and_(_ours(scope), _A.at_s >= max(since_s, 0.0))
    if until_s is not None:
        late = and_(late, _A.at_s < until_s)
    first = select(_A.request_id, _A.attempt).where(late).order_by(_A.seq).limit(_MOST_MOVED)
    with snapshot(engine) as connection:
        moving = connection.execute(first).all()
        return Waiting(_read(connection, _raw(late)), tuple((row[0], row[1]) for row in moving))


def _spent_since(connection: Connection, scope: Scope, since_s: float) -> Money:
    since_s = max(since_s, 0.0)  # nothing was before 1970: a budget for life may begin at -inf
    ours, at = _ours(scope), datetime.fromtimestamp(since_s, UTC)
    mark = connection.execute(select(func.max(ROLLUP_STATE.c.up_to_seq))).scalar() or 0
    summed = _read(connection, _sums(scope, at))
    early = and_(ours, _A.seq <= mark, _A.at_s < since_s, *_in_first_step(scope, at))
    late = and_(ours, _A.seq > mark, _A.at_s >= since_s)
    return summed - _read(connection, _raw(early)) + _read(connection, _raw(late))


def _sums(scope: Scope, at: datetime) -> Select[Any]:
    """The sums of the hour or day of `at` and of all after it."""
    table, day = _TABLES[scope.kind], at.date().isoformat()
    sums = table.c
    total = select(func.sum(sums.cost_high), func.sum(sums.cost_low))
    ours = true() if scope.kind is ScopeKind.ALL else sums[scope.kind] == scope.name
    if "hour" in sums:
        since = or_(sums.day > day, and_(sums.day == day, sums.hour >= at.hour))
        return total.where(since, ours)
    days = _days(table, day)
    return total.select_from(days.join(table, sums.day == days.c.day)).where(ours)


def _days(table: Table, since: str) -> CTE:
    """The days that `table` has, from `since` on, one after the other out of its index.

    With each of them a scope's own rows are found by the index, too: there are thousands of others on the same day.
    """
    first = select(func.min(table.c.day).label("day")).where(table.c.day >= since)
    days = first.cte("days", recursive=True)
    after = table.alias()
    following = select(func.min(after.c.day)).where(after.c.day > days.c.day).scalar_subquery()
    return days.union_all(select(following).where(days.c.day.is_not(None)))


def _in_first_step(scope: Scope, at: datetime) -> list[ColumnElement[bool]]:
    """Whether an attempt is in the hour or day of `at`, as the sums see it."""
    first = [_A.day == at.date().isoformat()]
    begins = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if "hour" in _TABLES[scope.kind].c:
        first.append(_A.hour == at.hour)
        begins = begins.replace(hour=at.hour)
    # Only times are indexed. One second wider, since days and hours are of rounded times.
    return [_A.at_s >= begins.timestamp() - 1, *first]


def _ours(scope: Scope) -> ColumnElement[bool]:
    """Whether an attempt belongs to `scope`."""
    match scope.kind:
        case ScopeKind.ALL:
            return true()
        case ScopeKind.TAG:
            own = and_(TAGS.c.request_id == _A.request_id, TAGS.c.attempt == _A.attempt)
            return exists().where(own, TAGS.c.tag == scope.name)
        case _:
            return _A[scope.kind] == scope.name


def _raw(these: ColumnElement[bool]) -> Select[Any]:
    pico = _A.cost_pico
    return select(func.sum(pico.op("/")(HALF)), func.sum(pico % HALF)).where(these)


def _read(connection: Connection, query: Select[Any]) -> Money:
    high, low = connection.execute(query).one()
    return Money(int(high or 0) * HALF + int(low or 0))
