"""Which schema a ledger's database has, and bringing it up to that of this Farthing.

An empty database gets all tables at once, from the schema. An older one is migrated, with all its rows,
in one transaction. Alembic is imported only then: that costs more than opening the ledger.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from router.stores.sql.rollup_schema import every_table

REVISIONS = ("1", "2", "3", "4", "5")
"""All there ever were, the oldest first. One is never changed once it has been released."""

_LOG = logging.getLogger(__name__)
MIGRATIONS = Path(__file__).with_name("migrations")
_ALONE_LOCK = 0x66617276
"""An advisory lock of PostgreSQL, since several processes may start at the same time."""
_MIGRATING_MS = 300_000
"""So long a process waits for a file that another one may be migrating: that takes a few seconds per million rows."""


class UnknownSchema(Exception):
    """The database was written by a newer Farthing, or by another program: this one does not know what it means."""


def bring_up_to_date(engine: Engine) -> None:
    """Give the database the tables of this Farthing; rows that are there are kept.

    Raises UnknownSchema, and SQLAlchemyError if the database fails.
    """
    with engine.connect() as connection:
        if _version(connection) == REVISIONS[-1]:
            return
    with alone(engine, waits_ms=_MIGRATING_MS) as connection:
        found = _version(connection)  # another process may have been faster
        if found is None:
            every_table().create_all(connection)
            _stamp(connection, REVISIONS[-1])
        elif found != REVISIONS[-1]:
            # Warnings, since commands show nothing less: who waits should know what for.
            _LOG.warning("the ledger is being migrated from schema %s to %s", found, REVISIONS[-1])
            _migrate(connection, found)
    if found not in (None, REVISIONS[-1]):
        _LOG.warning("the ledger has been migrated; older versions of Farthing cannot use it now")


def _version(connection: Connection) -> str | None:
    """The revision of the schema; None for a database without tables. Raises UnknownSchema."""
    tables = inspect(connection)
    if not tables.has_table("alembic_version"):
        return REVISIONS[0] if tables.has_table("attempts") else None
    found = ", ".join(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())
    if found in REVISIONS:
        return found
    if found.isdecimal():
        raise UnknownSchema(
            f"it was written by a newer Farthing: its schema is {found}, and the newest known here"
            f" is {REVISIONS[-1]}; start that version, or restore a copy from before it"
        )
    raise UnknownSchema(
        f"its schema '{found}' (in the table alembic_version) is another program's; Farthing needs a database,"
        " or a schema, of its own"
    )


@contextmanager
def alone(engine: Engine, *, waits_ms: int | None = None) -> Iterator[Connection]:
    """A transaction that no other process can be in at the same time.

    A file is waited for as long as by any statement, or for `waits_ms`; a PostgreSQL as long as it takes.
    """
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ALONE_LOCK})
            yield connection
        return
    # Python's driver begins no transaction before DDL, and commits before it: we do it ourselves.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        _begin(connection, waits_ms)
        try:
            yield connection
        except BaseException:
            # Where the disk is full, SQLite has already rolled back, and says so instead of what was wrong.
            with suppress(SQLAlchemyError):
                connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")


def _begin(connection: Connection, waits_ms: int | None) -> None:
    """Lock the file; the connection is then as patient as before, since others will use it."""
    usual_ms = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    connection.exec_driver_sql(f"PRAGMA busy_timeout={waits_ms or usual_ms}")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={usual_ms}")


def _stamp(connection: Connection, revision: str) -> None:
    connection.exec_driver_sql(
        "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL,"
        " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.execute(
        text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision}
    )


def _migrate(connection: Connection, found: str) -> None:
    from alembic.command import upgrade  # noqa: PLC0415 - only when there is something to do
    from alembic.config import Config  # noqa: PLC0415

    if not inspect(connection).has_table("alembic_version"):
        _stamp(connection, found)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    upgrade(config, "head")
