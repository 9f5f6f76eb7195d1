"""A ledger in a file, opened as the composition root opens it."""

import time
from collections.abc import Callable
from pathlib import Path

from router.stores.sql.books import Books
from router.stores.sql.database import open_database
from router.stores.sql.ledger import SqlLedger
from router.stores.sql.spool import Spool


def spool_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.spool")


def open_ledger(path: Path, monotonic_s: Callable[[], float] = time.monotonic) -> SqlLedger:
    """Needs a running loop."""
    engine = open_database(path, busy_timeout_s=0.25)
    books = Books(engine, Spool(spool_of(path)), monotonic_s)
    return SqlLedger(engine, books, monotonic_s)
