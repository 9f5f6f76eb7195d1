"""Whether there may be keys that were made by command, as far as a ledger's database tells."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine

from router.config.presence import may_exist
from router.config.settings import LedgerSettings
from router.stores.sql.database import LedgerUnusable, untouched_ledger
from router.stores.sql.keys import are_any

Opened = Callable[[Path, str], Engine]


def may_have_keys(ledger: LedgerSettings, opened: Opened = untouched_ledger) -> bool:
    """Whether a key was ever made in the ledger's database, or may have been, if that cannot be read.

    In the second case the server lets nobody in until it can be. Keys in the file move on to PostgreSQL.
    Unless it is `opened` otherwise, the ledger is not migrated: who only checks a configuration may do so with
    a new version that is not in use yet.
    """
    places = [*([""] if may_exist(ledger.path) else []), *([ledger.url] if ledger.url else [])]
    return any(_may_have_keys(ledger.path, url, opened) for url in places)


def _may_have_keys(ledger_path: Path, ledger_url: str, opened: Opened) -> bool:
    try:
        engine = opened(ledger_path, ledger_url)
        try:
            return are_any(engine) is not False
        finally:
            engine.dispose()
    except LedgerUnusable:
        return True
