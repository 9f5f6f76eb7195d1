"""Opening the ledger's database: a SQLite file in WAL mode, or a PostgreSQL; the schema is created on first use."""

from functools import partial
from math import ceil, log
from pathlib import Path

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from router.domain.errors import FarthingError
from router.stores.sql.versions import UnknownSchema, bring_up_to_date

EXAMPLES = (
    "postgresql://me@db.internal:5432/farthing, or for several hosts"
    " postgresql://me@/farthing?host=one:5432&host=two:5432"
)
_PRAGMAS = ("page_size=8192", "journal_mode=WAL", "synchronous=NORMAL")
"""A decision among six models or more would fit only once on a page of the usual 4 KB, and half of it stay empty. Pages
of 16 KB do better with twelve models, and make each commit write twice as much. Files keep the pages they have."""
_DRIVER = "postgresql+psycopg"
_CONNECT_S = 5
_SILENT_MS = 15_000
_QUIET_S = 5
"""So long after its last word a server is asked for a sign of life. One that has vanished says nothing more, and Linux
would ask after two hours: until then its rows would wait for it, and nothing be known of revoked keys."""
_REFUSED = ("42501", "25006")
"""PostgreSQL's codes for an account that may not do this, and for a database that is only read, as a standby is."""


def open_ledger(path: Path, url: str = "") -> Engine:
    """The database to read the ledger from: the PostgreSQL at `url`, else the SQLite file at `path`.

    Raises LedgerUnusable when it cannot be reached, or was written by a newer Farthing; so does whoever uses it
    when it fails later: a database goes away, its disk is full, its file is damaged or locked.
    """
    engine = open_central(url) if url else open_database(path)
    place = _place(engine) if url else str(path)
    event.listen(engine, "handle_error", partial(_failed, place))
    return engine


def untouched_ledger(path: Path, url: str = "") -> Engine:
    """The same, not yet connected to, and neither created nor migrated then: it may be of any version.

    Raises LedgerUnusable for an invalid URL.
    """
    return central(url) if url else _file(path)


def _file(path: Path, busy_timeout_s: float = 5.0) -> Engine:
    engine = create_engine(URL.create("sqlite", database=str(path)))
    event.listen(engine, "connect", partial(_prepare, busy_timeout_ms=int(busy_timeout_s * 1000)))
    return engine


def _failed(place: str, context: ExceptionContext) -> None:
    """Raise LedgerUnusable for a failure of the database; an error of ours stays what it is."""
    why = _why(context.original_exception)
    if getattr(context.original_exception, "sqlstate", None) in _REFUSED:
        raise LedgerUnusable(
            f"the ledger {place} does not let this account do that: {why}; a report writes, too, since it brings"
            " the sums up to date"
        )
    if type(context.sqlalchemy_exception) in (DatabaseError, OperationalError):
        raise LedgerUnusable(f"the ledger {place} cannot be used now: {why}")


def open_central(url: str) -> Engine:
    """The PostgreSQL at `url`, connected to, with its tables. Raises LedgerUnusable."""
    engine = central(url)
    try:
        bring_up_to_date(engine)
    except (SQLAlchemyError, UnknownSchema) as error:
        engine.dispose()
        raise LedgerUnusable(
            f"the ledger {_place(engine)} cannot be opened: {_why(error)}"
        ) from None
    return engine


def central(url: str) -> Engine:
    """The PostgreSQL at `url`, not yet connected to. Raises LedgerUnusable for an invalid URL."""
    if not is_address(url):
        raise LedgerUnusable(f"ledger.url is not an address such as {EXAMPLES}")
    address = make_url(url).set(drivername=_DRIVER)
    told = {
        "application_name": "farthing",
        "connect_timeout": _CONNECT_S,
        "tcp_user_timeout": _SILENT_MS,
        "keepalives_idle": _QUIET_S,
        "keepalives_interval": _QUIET_S,
        "prepare_threshold": None,  # poolers in front of the database may not support prepared statements
    }
    return create_engine(address, connect_args=told, pool_size=1, hide_parameters=True)


def is_address(url: str) -> bool:
    """Whether `url` can be understood, wherever it leads."""
    try:
        address = make_url(url).set(drivername=_DRIVER)
        address.get_dialect()().create_connect_args(address)  # hosts and ports may be options, too
    except (ArgumentError, ValueError):  # the latter if the port is no number
        return False
    return True


def place_of(engine: Engine) -> str:
    """Where the ledger of `engine` is, without any password."""
    if engine.dialect.name == "sqlite":
        return str(engine.url.database)
    return engine.url.difference_update_query(("password", "sslpassword")).render_as_string()


def open_database(path: Path, *, busy_timeout_s: float = 5.0) -> Engine:
    """The database at `path`, created along with its folder if it does not exist.

    Write-ahead logging lets reports read while requests are written. `synchronous=NORMAL` keeps a
    commit without a disk flush: it survives the death of the process, not that of the machine.
    `busy_timeout_s` is how long a statement waits while another process writes.
    Raises LedgerUnusable if there is no database and none can be created.
    """
    engine = _file(path, busy_timeout_s)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        bring_up_to_date(engine)
    except (OSError, SQLAlchemyError, UnknownSchema, ValueError) as error:
        # A ValueError comes from a zero byte in a name.
        engine.dispose()
        raise LedgerUnusable(f"the ledger {path} cannot be opened: {_why(error)}") from None
    return engine


class LedgerUnusable(FarthingError):
    """The ledger cannot be opened or created; the message names it."""


def _place(engine: Engine) -> str:
    hosts = engine.url.normalized_query.get("host", ("this machine",))
    return f"at {engine.url.host or ', '.join(hosts)}, database {engine.url.database},"


def _why(error: BaseException) -> str:
    """The driver's own words, in one line."""
    reason = getattr(error, "orig", None) or getattr(error, "strerror", None) or error
    return " ".join(str(reason).split())


def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry, *, busy_timeout_ms: int) -> None:
    # Not every SQLite is built with its mathematical functions.
    for name, function in (("ln", log), ("ceil", ceil)):
        connection.create_function(name, 1, function, deterministic=True)
    cursor = connection.cursor()
    for pragma in (*_PRAGMAS, f"busy_timeout={busy_timeout_ms}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
