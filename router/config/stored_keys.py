"""Whether there may be keys that were made by command, as far as a ledger's database tells."""

from pathlib import Path

from router.config.presence import may_exist
from router.config.settings import LedgerSettings
from router.stores.sql.database import LedgerUnusable, untouched_ledger
from router.stores.sql.keys import are_any


def may_have_keys(ledger: LedgerSettings) -> bool:
    """Whether a key was ever made in the ledger's database, or may have been, if that cannot be read.

    In the second case the server lets nobody in until it can be. Keys in the file move on to PostgreSQL.
    The database is not migrated: a configuration is also read by who only wants to try a new version.
    """
    places = [*([""] if may_exist(ledger.path) else []), *([ledger.url] if ledger.url else [])]
    return any(_may_have_keys(ledger.path, url) for url in places)


def _may_have_keys(ledger_path: Path, ledger_url: str) -> bool:
    try:
        engine = untouched_ledger(ledger_path, ledger_url)
    except LedgerUnusable:
        return True
    try:
        return are_any(engine) is not False
    finally:
        engine.dispose()
