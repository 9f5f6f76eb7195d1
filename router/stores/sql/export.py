"""Reading attempts out of the ledger, in batches, however many there are."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Engine,
    Float,
    Integer,
    and_,
    func,
    select,
)
from sqlalchemy.types import TypeEngine

from router.domain.days import midnight_s
from router.domain.money import Money
from router.ledger.export import Attempt, Column, ColumnKind
from router.stores.sql.schema import ATTEMPTS, BOOKED, TAGS
from router.stores.sql.snapshot import snapshot

_A = ATTEMPTS.c
_BATCH_ROWS = 5000


class Extent(Struct, frozen=True):
    """Where the attempts of some days are: `since` and `until` as ISO dates, both inclusive.

    `rows` may include a few of the neighbouring days.
    """

    since: str
    until: str
    first_seq: int
    last_seq: int
    rows: int


def extent(engine: Engine, since: str = "", until: str = "") -> Extent:
    """Where the attempts from `since` to `until` are now; "" for open. Later ones are not included."""
    found = select(func.min(_A.seq), func.max(_A.seq), func.count()).select_from(ATTEMPTS)
    with engine.connect() as connection:
        first, last, rows = connection.execute(found.where(*_about(since, until))).one()
    return Extent(since, until, int(first or 0), int(last or 0), int(rows))


def attempts(
    engine: Engine, where: Extent, *, batch_rows: int = _BATCH_ROWS
) -> Iterator[list[Attempt]]:
    """The attempts of an extent in the order of their writing, each once.

    No transaction is open between two batches, so that writers and their clean-up can go on.
    """
    after = where.first_seq - 1
    while batch := _batch(engine, where, after, batch_rows):
        yield batch
        after = batch[-1]["seq"]


def _batch(engine: Engine, where: Extent, after: int, batch_rows: int) -> list[Attempt]:
    these = and_(
        _A.seq > after, _A.seq <= where.last_seq, *_days(where), *_about(where.since, where.until)
    )
    query = select(*BOOKED).where(these).order_by(_A.seq).limit(batch_rows)
    with snapshot(engine) as connection:  # a row and its tags may be deleted between two reads
        rows = [dict(row) for row in connection.execute(query).mappings()]
        tags = _tags(connection, after, rows[-1]["seq"]) if rows else {}
    for row in rows:
        row["tags"] = tags.get((row["request_id"], row["attempt"]), [])
    return list[Attempt](rows)


def _tags(connection: Connection, after: int, last_seq: int) -> Mapping[tuple[str, int], list[str]]:
    same = and_(TAGS.c.request_id == _A.request_id, TAGS.c.attempt == _A.attempt)
    query = select(TAGS).join(ATTEMPTS, same).where(_A.seq > after, _A.seq <= last_seq)
    found: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
    for request_id, attempt, tag in connection.execute(query.order_by(TAGS.c.tag)):
        found[request_id, attempt].append(tag)
    return found


def _days(where: Extent) -> list[ColumnElement[bool]]:
    since = [_A.day >= where.since] if where.since else []
    return since + ([_A.day <= where.until] if where.until else [])


def _about(since: str, until: str) -> list[ColumnElement[bool]]:
    """Conditions on the time, which is indexed, around some days. One second wider, since days are of rounded times."""
    begins = [_A.at_s >= midnight_s(since) - 1] if since else []
    return begins + ([_A.at_s < midnight_s(until, 1) + 1] if until else [])


_KINDS = (
    (Boolean, ColumnKind.TRUTH),
    (Float, ColumnKind.REAL),
    (Integer, ColumnKind.WHOLE),
)


def _kind(type_: TypeEngine[Any]) -> ColumnKind:
    return next((kind for each, kind in _KINDS if isinstance(type_, each)), ColumnKind.TEXT)


NATIVE = (
    *(Column(str(each.name), _kind(each.type), itemgetter(each.name)) for each in BOOKED),
    Column("cost_usd", ColumnKind.MONEY, lambda attempt: Money(attempt["cost_pico"])),
    Column("baseline_usd", ColumnKind.MONEY, lambda attempt: Money(attempt["baseline_pico"])),
    Column("tags", ColumnKind.WORDS, itemgetter("tags")),
)
"""The ledger's own columns, with money also in dollars, and its tags."""
