"""What a ledger may have to cope with: time that stands still, others' locks, a reluctant database."""

import sqlite3
from pathlib import Path

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry


class Held:
    """A lock on the database, as a backup or a careless tool would hold it."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("BEGIN IMMEDIATE")

    def let_go(self) -> None:
        self._connection.execute("ROLLBACK")
        self._connection.close()


class Pragma:
    """A statement that every connection from now on runs first."""

    def __init__(self, engine: Engine, pragma: str) -> None:
        self._engine, self._pragma = engine, pragma
        event.listen(engine, "connect", self._tell)
        engine.dispose()

    def take_back(self) -> None:
        event.remove(self._engine, "connect", self._tell)
        self._engine.dispose()

    def _tell(self, connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA {self._pragma}")
        cursor.close()
