"""A local file that is the outbox of a PostgreSQL."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from router.stores.sql.books import Books
from router.stores.sql.database import central, open_database
from router.stores.sql.ledger import SqlLedger
from router.stores.sql.outbox import Outbox
from router.stores.sql.spool import Spool
from tests.stores.opened import spool_of


def opened(path: Path, url: str) -> SqlLedger:
    engine = open_database(path, busy_timeout_s=0.25)
    books = Books(engine, Spool(spool_of(path)), time.monotonic)
    turn = path.with_name("turn")
    outbox = Outbox(engine, central(url), turn, time.monotonic, every_s=0.02)
    return SqlLedger(engine, books, time.monotonic, outbox)


@asynccontextmanager
async def ledger(path: Path, url: str) -> AsyncIterator[SqlLedger]:
    made = opened(path, url)
    try:
        yield made
    finally:
        await made.close()
