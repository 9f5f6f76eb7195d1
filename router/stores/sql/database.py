"""Opening the ledger's database: SQLite in WAL mode, its schema made on first use."""

from functools import partial
from math import ceil, log
from pathlib import Path

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from router.domain.errors import FarthingError
from router.stores.sql.rollup_schema import every_table


def open_database(path: Path, *, busy_timeout_s: float = 5.0) -> Engine:
    """The database at `path`, made with its folder when it does not exist.

    Write-ahead logging lets reports read while requests are written. `synchronous=NORMAL` keeps a
    commit without a disk flush: it survives the death of the process, not that of the machine.
    `busy_timeout_s` is how long a statement waits while another process writes.
    Raises LedgerUnusable when there is no database and none can be made.
    """
    engine = create_engine(URL.create("sqlite", database=str(path)))
    event.listen(engine, "connect", partial(_prepare, busy_timeout_ms=int(busy_timeout_s * 1000)))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        every_table().create_all(engine)
    except (OSError, SQLAlchemyError) as error:
        engine.dispose()
        reason = getattr(error, "orig", None) or getattr(error, "strerror", None) or error
        raise LedgerUnusable(f"the ledger {path} cannot be opened: {reason}") from None
    return engine


class LedgerUnusable(FarthingError):
    """The ledger's file cannot be opened or made; the message names it."""


def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry, *, busy_timeout_ms: int) -> None:
    # Not every SQLite is built with its mathematical functions.
    for name, function in (("ln", log), ("ceil", ceil)):
        connection.create_function(name, 1, function, deterministic=True)
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", f"busy_timeout={busy_timeout_ms}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
