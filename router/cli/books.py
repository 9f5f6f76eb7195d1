"""The databases in which the ledger is, open for as long as a command reads them."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from router.config.presence import may_exist
from router.config.settings import Settings
from router.stores.sql.database import open_database, open_ledger, untouched_ledger


@contextmanager
def opened_ledger(settings: Settings) -> Iterator[Engine]:
    """The database to read the ledger from. Raises LedgerUnusable if it cannot be read, or no longer."""
    engine = open_ledger(settings.ledger.path, settings.ledger.url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def ledger_as_it_is(settings: Settings) -> Iterator[Engine]:
    """The same without migrating it, so that a new version can be tried before it is used. Raises LedgerUnusable."""
    engine = untouched_ledger(settings.ledger.path, settings.ledger.url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def opened_outbox(settings: Settings) -> Iterator[Engine | None]:
    """The local file if it is the outbox of a PostgreSQL ledger and exists."""
    if not settings.ledger.url or not may_exist(settings.ledger.path):
        yield None
        return
    engine = open_database(settings.ledger.path)
    try:
        yield engine
    finally:
        engine.dispose()
