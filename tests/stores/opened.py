"""A ledger in a file, opened as the composition root opens it."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine

from router.domain.ledger import Entry
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


@contextmanager
def holding(entries: Sequence[Entry]) -> Iterator[Engine]:
    """The database of a ledger into which `entries` were posted. Needs that no loop is running."""

    async def keep(path: Path) -> None:
        ledger = open_ledger(path)
        await ledger.post(entries)
        await ledger.close()

    with TemporaryDirectory() as folder:
        path = Path(folder, "farthing.db")
        asyncio.run(keep(path))
        engine = open_database(path)
        try:
            yield engine
        finally:
            engine.dispose()
