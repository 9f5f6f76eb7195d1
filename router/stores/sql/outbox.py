"""The outbox: rows that are durable in the local file, on their way to a PostgreSQL of many processes.

A thread moves them: read here, committed there, and only then deleted here. Whatever dies in between, a row
arrives once, since its request and attempt identify it: PostgreSQL takes no second one. While PostgreSQL is
away, rows stay here, and nothing but this thread waits for it.

Processes that share a file take turns: one of them moves everybody's rows, and when it ends, in whatever
way, the next one goes on.
"""

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import (
    Connection,
    Engine,
    Select,
    Table,
    TextClause,
    bindparam,
    delete,
    func,
    select,
    text,
    tuple_,
)
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from router.stores.sql.rollups import ROLLUP_LOCK, roll_up_step
from router.stores.sql.schema import (
    ATTEMPTS,
    COLUMNS,
    LATEST_SCORE,
    OUTCOMES,
    SCORE_COLUMNS,
    TAGS,
)
from router.stores.sql.versions import UnknownSchema, bring_up_to_date

_LOG = logging.getLogger(__name__)
_EVERY_S = 0.5
_LONGEST_PAUSE_S = 2.0
_MOST_AT_ONCE = 500
_DELETED_AT_ONCE = 100
"""Takes some 2 ms, during which the writer is locked out."""
_SUMMED_AT_ONCE = 5_000
"""For a third of a second others cannot insert, but no request waits for that. With 500 at a time, a row takes the
database twice as long (`benchmarks/units`)."""
_SUMMED_EVERY_S = 10.0
_LAST_WORDS_S = 5.0
_A = ATTEMPTS.c
_O = OUTCOMES.c


def _insert(
    table: Table, columns: Sequence[str], otherwise: str = " ON CONFLICT DO NOTHING"
) -> TextClause:
    """An INSERT of many rows as one piece of JSON, which is three times as fast as row by row."""
    names = ", ".join(columns)
    return text(
        f"INSERT INTO {table.name} ({names}) SELECT {names}"  # noqa: S608 - own names
        f" FROM json_populate_recordset(NULL::{table.name}, CAST(:rows AS json))"
        f"{otherwise}"
    )


_INSERT_ATTEMPT = _insert(ATTEMPTS, COLUMNS)
_INSERT_TAG = _insert(TAGS, TAGS.c.keys())
_INSERT_SCORE = _insert(OUTCOMES, SCORE_COLUMNS, LATEST_SCORE)
_SHARE = text(f"SELECT pg_advisory_xact_lock_shared({ROLLUP_LOCK})")

_Values = Mapping[str, Any]


class Outbox:
    """Moves the rows in `local` to `central` until it is closed.

    `turn` is a file whose lock says which of several processes does so.
    """

    def __init__(
        self,
        local: Engine,
        central: Engine,
        turn: Path,
        monotonic_s: Callable[[], float],
        *,
        every_s: float = _EVERY_S,
    ) -> None:
        self._local = local
        self._central = central
        self._turn = _Turn(turn)
        self._monotonic_s = monotonic_s
        self._every_s = every_s
        self._rows = 0
        self._is_well = True
        self._is_ready = False
        self._summed_s = float("-inf")
        self._closing = threading.Event()
        self._mover = threading.Thread(target=self._move, name="farthing-outbox", daemon=True)
        self._mover.start()

    @property
    def rows(self) -> int:
        """About how many rows were here recently."""
        return self._rows

    def close(self) -> None:
        """Move what is left, if that is quick; the next process moves the rest."""
        self._closing.set()
        self._mover.join(_LAST_WORDS_S)
        if not self._mover.is_alive():
            self._central.dispose()

    def _move(self) -> None:
        pause_s = self._every_s
        while not self._closing.wait(pause_s):
            pause_s = self._every_s if self._moved() else min(pause_s * 2, _LONGEST_PAUSE_S)
        self._moved()
        self._turn.give_back()

    def _moved(self) -> bool:
        """Move all rows, if it is our turn. False if a database failed."""
        try:
            if self._turn.is_ours():
                self._make_ready()
                while self._step() or self._scores_step():
                    pass
                self._sum_up()
            self._rows = self._count()
        except (SQLAlchemyError, UnknownSchema, OSError) as error:
            self._went_away(error)
            return False
        except Exception:  # noqa: BLE001 - a mistake of ours must not end the moving for good
            _LOG.exception("the outbox failed: its rows wait")
            return False
        self._came_back()
        return True

    def _make_ready(self) -> None:
        if not self._is_ready:
            bring_up_to_date(self._central)
            self._is_ready = True

    def _step(self) -> int:
        """Move some rows; returns how many there were."""
        with self._local.connect() as connection:
            rows = _read(connection, _SOME)
            tags = _read(connection, _tags_of(rows)) if rows else []
        if rows:
            self._deliver(rows, lambda some: self._commit(some, tags))
            self._forget(rows)
        return len(rows)

    def _scores_step(self) -> int:
        """Move some scores, whose attempts have already moved; returns how many there were."""
        with self._local.connect() as connection:
            rows = _read(connection, _SOME_SCORES)
        if rows:
            self._deliver(rows, self._commit_scores)
            with self._local.begin() as connection:
                connection.execute(_FORGET_SCORE, [_told(row) for row in rows])
        return len(rows)

    def _deliver(
        self, rows: Sequence[_Values], commit: Callable[[Sequence[_Values]], None]
    ) -> None:
        """Commit the rows: all at once, or if that fails one by one. Raises UnknownSchema."""
        try:
            commit(rows)
        except (DataError, IntegrityError):
            # Nothing is wrong with rows that only lack what a newer Farthing has added: they wait for it.
            bring_up_to_date(self._central)
            for row in rows:
                _deliver_one(row, commit)

    def _commit_scores(self, rows: Sequence[_Values]) -> None:
        with self._central.begin() as connection:
            connection.execute(_INSERT_SCORE, {"rows": _as_json(rows)})

    def _commit(self, rows: Sequence[_Values], tags: Sequence[_Values]) -> None:
        """Commit `rows` with those of `tags` that are theirs."""
        keys = set(map(_key, rows))
        theirs = [tag for tag in tags if _key(tag) in keys]
        with self._central.begin() as connection:
            connection.execute(_SHARE)
            connection.execute(_INSERT_ATTEMPT, {"rows": _as_json(rows)})
            if theirs:
                connection.execute(_INSERT_TAG, {"rows": _as_json(theirs)})

    def _forget(self, rows: Sequence[_Values]) -> None:
        for begin in range(0, len(rows), _DELETED_AT_ONCE):
            some = rows[begin : begin + _DELETED_AT_ONCE]
            with self._local.begin() as connection:
                _delete(connection, some)

    def _sum_up(self) -> None:
        if self._monotonic_s() - self._summed_s < _SUMMED_EVERY_S:
            return
        while roll_up_step(self._central, _SUMMED_AT_ONCE) and not self._closing.is_set():
            pass
        self._summed_s = self._monotonic_s()

    def _count(self) -> int:
        with self._local.connect() as connection:
            counted = (connection.execute(each).scalar_one() for each in _HOW_MANY)
            return sum(map(int, counted))

    def _went_away(self, error: Exception) -> None:
        self._central.dispose()
        if self._is_well:
            reason = getattr(error, "orig", None) or error
            words = " ".join(str(reason).split())
            _LOG.error("rows cannot be moved to PostgreSQL (%s): they wait in the outbox", words)
        self._is_well = False
        with suppress(SQLAlchemyError):
            self._rows = self._count()

    def _came_back(self) -> None:
        if not self._is_well:
            _LOG.warning(
                "rows are moved to PostgreSQL again; those in the outbox have been written"
            )
        self._is_well = True


_SOME = select(ATTEMPTS).order_by(_A.seq).limit(_MOST_AT_ONCE)
_SOME_SCORES = select(OUTCOMES).order_by(_O.at_s).limit(_DELETED_AT_ONCE)
_FORGET_SCORE = delete(OUTCOMES).where(
    *(OUTCOMES.c[name] == bindparam(f"its_{name}") for name in SCORE_COLUMNS)
)
"""A score that was replaced meanwhile does not match, and stays."""
_HOW_MANY = (
    select(func.coalesce(func.max(_A.seq) - func.min(_A.seq) + 1, 0)),
    select(func.count()).select_from(OUTCOMES),
)
"""For attempts, the range of `seq` is quicker than counting; they leave at one end and come at the other."""


def _deliver_one(row: _Values, commit: Callable[[Sequence[_Values]], None]) -> None:
    try:
        commit([row])
    except (DataError, IntegrityError) as error:
        _LOG.error("ledger entry not written (%s): %r", type(error).__name__, dict(row))


def _told(row: _Values) -> _Values:
    return {f"its_{name}": row[name] for name in SCORE_COLUMNS}


def _read(connection: Connection, query: Select[Any]) -> list[_Values]:
    names = [str(column.name) for column in query.selected_columns]
    return [dict(zip(names, row, strict=True)) for row in connection.execute(query)]


def _tags_of(rows: Sequence[_Values]) -> Select[Any]:
    mine = select(_A.request_id, _A.attempt).where(_A.seq <= rows[-1]["seq"])
    return select(TAGS).where(tuple_(TAGS.c.request_id, TAGS.c.attempt).in_(mine))


def _delete(connection: Connection, rows: Sequence[_Values]) -> None:
    last = _A.seq <= rows[-1]["seq"]
    mine = select(_A.request_id, _A.attempt).where(last)
    keys = tuple_(TAGS.c.request_id, TAGS.c.attempt)
    connection.execute(delete(TAGS).where(keys.in_(mine)))
    connection.execute(delete(ATTEMPTS).where(last))


def _as_json(rows: Sequence[_Values]) -> str:
    written = orjson.dumps(rows)
    if b"\\u0000" in written:
        written = orjson.dumps([_plain(row) for row in rows])
    return written.decode()


def _plain(values: _Values) -> _Values:
    """The values without the character that PostgreSQL accepts in no text."""
    return {
        name: value.replace("\0", "\ufffd") if isinstance(value, str) else value
        for name, value in values.items()
    }


def _key(row: _Values) -> tuple[str, int]:
    return row["request_id"], row["attempt"]


class _Turn:
    """A lock on a file, which the kernel releases when the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def is_ours(self) -> bool:
        """Whether we have the lock, or have just been able to take it."""
        if self._file is not None:
            return True
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def give_back(self) -> None:
        """Release the lock for the next process."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
