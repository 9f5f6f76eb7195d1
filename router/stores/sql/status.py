"""The state of a ledger: what is in it, how large it is, how far it is rolled up."""

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct
from sqlalchemy import Connection, Engine, func, select, text

from router.stores.sql.rollup_schema import ROLLUP_HOURS, ROLLUP_STATE
from router.stores.sql.schema import ATTEMPTS
from router.stores.sql.snapshot import snapshot

_A = ATTEMPTS.c
_H = ROLLUP_HOURS.c


class Status(Struct, frozen=True):
    """What is in a ledger. Days are ISO dates of UTC, "" if there is none.

    `first_day` to `last_day` are those of attempts that are still there; sums may go back to
    `first_summed_day`. `not_rolled_up` attempts are not in the sums yet.
    """

    attempts: int
    first_day: str
    last_day: str
    first_summed_day: str
    summed_attempts: int
    not_rolled_up: int
    bytes_on_disk: int


def status(engine: Engine) -> Status:
    """The status of the ledger of `engine`."""
    with snapshot(engine) as connection:
        count, first_s, last_s = connection.execute(
            select(func.count(), func.min(_A.at_s), func.max(_A.at_s)).select_from(ATTEMPTS)
        ).one()
        mark = connection.execute(select(func.max(ROLLUP_STATE.c.up_to_seq))).scalar() or 0
        ahead = select(func.count()).select_from(ATTEMPTS).where(_A.seq > mark)
        since, summed = connection.execute(select(func.min(_H.day), func.sum(_H.attempts))).one()
        return Status(
            attempts=count,
            first_day=_day_of(connection, first_s),
            last_day=_day_of(connection, last_s),
            first_summed_day=since or "",
            summed_attempts=int(summed or 0),
            not_rolled_up=connection.execute(ahead).scalar_one(),
            bytes_on_disk=_bytes_on_disk(connection),
        )


def _day_of(connection: Connection, at_s: float | None) -> str:
    """The day in the row with this time."""
    days = select(_A.day).where(_A.at_s == at_s).limit(1)
    return connection.execute(days).scalar() or "" if at_s is not None else ""


def _bytes_on_disk(connection: Connection) -> int:
    if connection.dialect.name == "postgresql":
        return int(
            connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        )
    return size_of(_files(Path(connection.engine.url.database or "")))


def _files(path: Path) -> Iterable[Path]:
    """A SQLite file, and those that may be beside it."""
    return (path.with_name(path.name + ending) for ending in ("", "-wal", "-shm"))


def size_of(files: Iterable[Path]) -> int:
    """How many bytes these files have, as far as they are there."""
    return sum(file.stat().st_size for file in files if file.exists())
