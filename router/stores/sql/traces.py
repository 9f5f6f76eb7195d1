"""Reading what the ledger has of one request."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from router.ledger.away import LedgerAway
from router.ledger.trace import RequestRecord
from router.stores.sql.schema import ATTEMPTS, TAGS, entry_of

_Rows = Mapping[int, Mapping[str, Any]]


def trace_of(engines: Sequence[Engine], request_id: str) -> RequestRecord | None:
    """What `engines` have of a request; None if none of them has anything.

    Rows move from the first engine to the next ones, so each is asked. Raises LedgerAway if one cannot be
    asked, unless the row that closes the request was found before.
    """
    rows: dict[int, Mapping[str, Any]] = {}
    for engine in engines:
        try:
            rows |= _rows(engine, request_id)
        except SQLAlchemyError as error:
            if not any(row["closes"] for row in rows.values()):
                message = f"the ledger cannot be read now ({type(error).__name__})"
                raise LedgerAway(message) from None
    if not rows:
        return None
    ordered = [rows[attempt] for attempt in sorted(rows)]
    kept = (row["decision"] for row in ordered if row["decision"] is not None)
    return RequestRecord(tuple(map(entry_of, ordered)), next(kept, None))


def _rows(engine: Engine, request_id: str) -> _Rows:
    """The rows of a request by their attempt, each with its tags."""
    query = select(ATTEMPTS).where(ATTEMPTS.c.request_id == request_id)
    with engine.connect() as connection:
        found = [dict(row) for row in connection.execute(query).mappings()]
        tags = _tags(connection, request_id) if found else ()
    return {row["attempt"]: {**row, "tags": tags} for row in found}


def _tags(connection: Connection, request_id: str) -> tuple[str, ...]:
    """The tags of a request, which all of its attempts have."""
    query = (
        select(TAGS.c.tag).where(TAGS.c.request_id == request_id).distinct().order_by(TAGS.c.tag)
    )
    return tuple(connection.execute(query).scalars())
