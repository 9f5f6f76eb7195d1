"""What a row of the ledger costs on its way from the local file to PostgreSQL, and there."""

import itertools
import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine, text

from benchmarks.overhead.processes import cpu_s, processes_of
from benchmarks.units.measured import Books
from router.stores.sql.database import central, open_central, open_database
from router.stores.sql.outbox import Outbox
from router.stores.sql.rollups import roll_up_step
from router.stores.sql.schema import COLUMNS, INSERT_ATTEMPT
from tests.postgres import PostgresServer

_PAUSE = threading.Event()
_LOOK_EVERY_S = 0.1
_SUMMED_AT_ONCE = 5_000
"""As many as the outbox adds up at once."""
_REQUEST = COLUMNS.index("request_id")
_DECISION = COLUMNS.index("decision")
_SEEN = f"SELECT {', '.join(COLUMNS)} FROM attempts"  # noqa: S608 - own names

Row = tuple[Any, ...]


def rows_in(url: str) -> Sequence[Row]:
    """The rows of a ledger in PostgreSQL, left there by real requests."""
    with psycopg.connect(url) as connection:
        return connection.execute(_SEEN.encode()).fetchall()


def many(rows: Sequence[Row], number: int, *, decisions: bool) -> list[Row]:
    """This many rows like these, each from a different request."""
    made = []
    for at, row in zip(range(number), itertools.cycle(rows), strict=False):
        values = list(row)
        values[_REQUEST] = f"req_{at:024x}"
        values[_DECISION] = row[_DECISION] if decisions else None
        made.append(tuple(values))
    return made


def books_of(postgres: PostgresServer, folder: Path, name: str, rows: Sequence[Row]) -> Books:
    """What moving `rows` into a new database costs, and adding them up there."""
    url = postgres.create_database(name)
    path = folder / f"{name}.db"
    open_central(url).dispose()
    open_database(path).dispose()
    with closing(sqlite3.connect(path)) as local:
        local.executemany(INSERT_ATTEMPT, rows)
        local.commit()
    moved_s, ours_s, theirs_s, wal_bytes = _moved(postgres, path, url, len(rows))
    engine = central(url)
    summed_s, summing_s = _summed(postgres, engine)
    row_bytes = _size(engine) / len(rows)
    engine.dispose()
    each = 1e6 / len(rows)
    return Books(
        moved_per_s=len(rows) / moved_s,
        our_us=ours_s * each,
        database_us=theirs_s * each,
        summed_per_s=len(rows) / summed_s,
        summed_us=summing_s * each,
        row_bytes=row_bytes,
        wal_bytes=wal_bytes / len(rows),
    )


def _moved(
    postgres: PostgresServer, path: Path, url: str, number: int
) -> tuple[float, float, float, float]:
    """Seconds, our CPU seconds, PostgreSQL's, and bytes of its log, until all rows are there.

    They are added up afterwards: the outbox does so when it has nothing left to move.
    """
    turn = path.with_suffix(".turn")
    with psycopg.connect(url, autocommit=True) as looking:
        log_before, ours, theirs = _log_at(looking), time.process_time(), _database_s(postgres)
        began_s = time.monotonic()
        outbox = Outbox(open_database(path), central(url), turn, time.monotonic, every_s=0.01)
        while _last(looking) < number:
            _PAUSE.wait(_LOOK_EVERY_S)
        took = (
            time.monotonic() - began_s,
            time.process_time() - ours,
            _database_s(postgres) - theirs,
            _log_at(looking) - log_before,
        )
        outbox.close()
    return took


def _last(connection: "psycopg.Connection[tuple[Any, ...]]") -> int:
    found = connection.execute(b"SELECT coalesce(max(seq), 0) FROM attempts").fetchone()
    return int((found or (0,))[0])


def _summed(postgres: PostgresServer, engine: Engine) -> tuple[float, float]:
    """Seconds, and CPU seconds of PostgreSQL, for adding all rows up again."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE rollup_state SET up_to_seq = 0"))
    theirs, began_s = _database_s(postgres), time.monotonic()
    while roll_up_step(engine, _SUMMED_AT_ONCE):
        pass
    return time.monotonic() - began_s, _database_s(postgres) - theirs


def _database_s(postgres: PostgresServer) -> float:
    return cpu_s(processes_of(postgres.pid))


def _log_at(connection: "psycopg.Connection[tuple[Any, ...]]") -> float:
    found = connection.execute(b"SELECT pg_current_wal_lsn() - '0/0'::pg_lsn").fetchone()
    return float((found or (0,))[0])


def _size(engine: Engine) -> float:
    with engine.connect() as connection:
        sizes = "pg_total_relation_size('attempts') + pg_total_relation_size('attempt_tags')"
        return float(connection.execute(text(f"SELECT {sizes}")).scalar_one())
