"""Writing entries into any database as plainly as can be."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, event, insert, text

from router.domain.ledger import Entry
from router.stores.sql.rollups import ROLLUP_LOCK
from router.stores.sql.schema import ATTEMPTS, COLUMNS, TAGS, row_of, tag_rows_of


def write(engine: Engine, entries: Sequence[Entry]) -> None:
    """All of `entries` in one transaction."""
    with engine.begin() as connection:
        write_in(connection, entries)


def write_in(connection: Connection, entries: Sequence[Entry]) -> None:
    """All of `entries` in a transaction that the caller ends."""
    rows = [dict(zip(COLUMNS, row_of(each), strict=True)) for each in entries]
    names = ("request_id", "attempt", "tag")
    tags = [dict(zip(names, row, strict=True)) for each in entries for row in tag_rows_of(each)]
    if connection.dialect.name == "postgresql":
        share = text("SELECT pg_advisory_xact_lock_shared(:lock)")
        connection.execute(share, {"lock": ROLLUP_LOCK})
    if rows:
        connection.execute(insert(ATTEMPTS), rows)
    if tags:
        connection.execute(insert(TAGS), tags)


def after_first_read(engine: Engine, table: str, act: Callable[[], object]) -> None:
    """Let `act` happen once, right after the next statement about `table` over `engine`."""

    waiting = [act]

    def happens(*args: Any) -> None:
        if table in args[2] and waiting:
            waiting.pop()()

    event.listen(engine, "after_cursor_execute", happens)
