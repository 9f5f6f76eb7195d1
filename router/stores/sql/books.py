"""Keeping entries and scores: in the database, else in the spool, else in memory; and bringing them back.

One thread uses it. It logs once when the database goes away and once when it is back.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, SQLAlchemyError

from router.domain.ledger import Entry
from router.domain.scored import Scored
from router.ports import LedgerState
from router.stores.sql.schema import (
    INSERT_ATTEMPT,
    INSERT_SCORE,
    INSERT_TAG,
    REPLAY_ATTEMPT,
    REPLAY_TAG,
    row_of,
    score_row_of,
    tag_rows_of,
)
from router.stores.sql.spool import AnyWaiting, Spool, Waiting, WaitingScore, read
from router.stores.sql.versions import UnknownSchema, bring_up_to_date

_LOG = logging.getLogger(__name__)
_PAUSE_S = 1.0
_MOST_IN_MEMORY = 100_000
_REPLAYED_AT_ONCE = 200
"""Some 10 ms, which an answer may have to wait."""
_UNWRITABLE = (SQLAlchemyError, OverflowError, ValueError)
"""Numbers beyond 64 bits and text with lone surrogates are refused by Python's own exceptions."""


class Unwritable(Exception):
    """These entries cannot be written, however well the database is; the message says why."""


class Books:
    """Where entries are kept: `engine`'s database, with `spool` and the memory behind it."""

    def __init__(self, engine: Engine, spool: Spool, monotonic_s: Callable[[], float]) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._spool = spool
        self._monotonic_s = monotonic_s
        self._asleep_until_s = float("-inf")
        self._in_memory: list[AnyWaiting] = []
        self._replaying: Iterator[None] | None = None
        self._spooled_rows = 0
        self._file = _File(Path(str(engine.url.database)))
        self._database = _Told()
        self._spools = _Told()

    @property
    def waiting_rows(self) -> int:
        """Rows that wait in memory or in the spool; of the latter, those put there since the start."""
        return self._spooled_rows + self.in_memory_rows

    @property
    def in_memory_rows(self) -> int:
        """Rows that would be lost if the process died now."""
        return len(self._in_memory)

    @property
    def state(self) -> LedgerState:
        """Where entries go at the moment."""
        if self._in_memory:
            return LedgerState.MEMORY
        return LedgerState.OK if self._database.is_well else LedgerState.SPOOLING

    def keep(self, entries: Sequence[Entry], scores: Sequence[Scored] = ()) -> None:
        """Keep all of these, or none. Raises Unwritable for what no database would take."""
        if self._monotonic_s() < self._asleep_until_s or self._has_moved():
            self._put_aside(entries, scores)
            return
        try:
            self._commit(entries, scores)
        except _UNWRITABLE as error:
            if not self._is_the_databases(error):
                raise Unwritable(type(error).__name__) from None
            self._went_down(error)
            self._put_aside(entries, scores)

    def recover(self, is_hurried: Callable[[], bool] = lambda: False) -> None:
        """Bring what was put aside into the database, if that is back; each row once.

        Stops after some rows when `is_hurried` says that somebody waits; the next call continues.
        """
        self.let_go()
        if self._monotonic_s() < self._asleep_until_s or self._has_moved():
            return
        self._replaying = self._replaying or self._replay()
        try:
            for _ in self._replaying:
                if is_hurried():
                    return
        except _UNWRITABLE as error:
            self._went_down(error)
        except OSError as error:
            self._spools.went("the ledger's spool cannot be read (%s)", error.strerror)
        else:
            self._database.came(
                "the ledger's database accepts rows again; those that waited have been written"
            )
            self._spools.came("the ledger's spool works again")
        self._replaying = None

    def close(self) -> None:
        """Bring everything into the database, or at least to the spool, or in full to the log."""
        self._asleep_until_s = float("-inf")
        self.recover()
        try:
            if self._in_memory:
                self._spool.append(self._in_memory)
        except OSError:
            for row in self._in_memory:
                _LOG.error("ledger entry not written (no room): %r", row)
        self.let_go()

    def let_go(self) -> None:
        """Return the connection for others to use: a second one would have its own page cache."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _commit(self, entries: Sequence[Entry], scores: Sequence[Scored]) -> None:
        tags = [row for entry in entries for row in tag_rows_of(entry)]
        rows = [row_of(entry) for entry in entries]
        with self._transaction() as connection:
            if rows:
                connection.exec_driver_sql(INSERT_ATTEMPT, rows)
            if tags:
                connection.exec_driver_sql(INSERT_TAG, tags)
            if scores:
                connection.exec_driver_sql(INSERT_SCORE, [score_row_of(each) for each in scores])

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """A transaction over the last one's connection: taking it from the engine each time costs half as much more."""
        if self._connection is None:
            self._connection = self._engine.connect()
        with self._connection.begin():
            yield self._connection

    def _put_aside(self, entries: Sequence[Entry], scores: Sequence[Scored]) -> None:
        """Put these into the spool; into memory if that fails; into the log, in full, if there are too many."""
        try:
            rows: list[AnyWaiting] = [*map(Waiting.of, entries), *map(WaitingScore.of, scores)]
        except (ValueError, OverflowError) as error:
            raise Unwritable(type(error).__name__) from None
        try:
            self._spool.append(rows)
            self._spooled_rows += len(rows)
        except TypeError as error:
            raise Unwritable(type(error).__name__) from None
        except OSError as error:
            message = "the ledger's spool does not accept rows (%s): they wait in memory"
            self._spools.went(message, error.strerror)
            self._remember(rows)

    def _remember(self, rows: Sequence[AnyWaiting]) -> None:
        room = max(0, _MOST_IN_MEMORY - len(self._in_memory))
        self._in_memory.extend(rows[:room])
        for row in rows[room:]:
            _LOG.error("ledger entry not written (no room): %r", row)

    def _replay(self) -> Iterator[None]:
        """Bring everything back; yields after each commit."""
        while some := self._in_memory[:_REPLAYED_AT_ONCE]:
            self._bring_back(some)
            del self._in_memory[: len(some)]
            yield
        if not (parts := self._spool.parts()):
            self._spooled_rows = 0  # another process may have brought ours back
        for part in parts:
            spooled = read(part)
            while batch := list(islice(spooled, _REPLAYED_AT_ONCE)):
                whole = [row for row in batch if row is not None]
                if len(whole) < len(batch):
                    _LOG.warning("the ledger's spool has %s torn lines", len(batch) - len(whole))
                self._bring_back(whole)
                self._spooled_rows = max(0, self._spooled_rows - len(whole))
                yield
            part.unlink(missing_ok=True)

    def _bring_back(self, rows: Sequence[AnyWaiting]) -> None:
        """Write rows that may be there already: all at once, or, where that fails, one by one."""
        try:
            self._commit_again(rows)
        except _UNWRITABLE as error:
            if self._is_the_databases(error):
                raise
            for row in rows:
                self._bring_back_one(row)

    def _bring_back_one(self, row: AnyWaiting) -> None:
        try:
            self._commit_again([row])
        except _UNWRITABLE as error:
            if self._is_the_databases(error):
                raise
            _LOG.error("ledger entry not written (%s): %r", type(error).__name__, row)

    def _commit_again(self, rows: Sequence[AnyWaiting]) -> None:
        attempts = [row for row in rows if isinstance(row, Waiting)]
        written = {
            REPLAY_ATTEMPT: [row.values for row in attempts],
            REPLAY_TAG: [values for row in attempts for values in row.tag_values],
            INSERT_SCORE: [row.values for row in rows if isinstance(row, WaitingScore)],
        }
        with self._transaction() as connection:
            for statement, values in written.items():
                if values:
                    connection.exec_driver_sql(statement, values)

    def _has_moved(self) -> bool:
        """Whether what is written to the database would be lost.

        Another file is not opened in its place: next to it are the changes of the one that is still open here,
        and perhaps in other processes.
        """
        if not self._file.has_moved():
            return False
        message = (
            "the ledger's file %s was removed or replaced: rows wait in the spool until a restart"
        )
        self._database.went(message, self._file.path)
        return True

    def _is_the_databases(self, error: Exception) -> bool:
        """Whether the database is at fault (locked, full, read-only, broken, migrated), not what it was given."""
        if isinstance(error, IntegrityError):
            return not self._is_ours()
        return isinstance(error, DatabaseError) and not isinstance(error, DataError)

    def _is_ours(self) -> bool:
        """Whether it has our schema still: a newer Farthing, which may have migrated it, knows what our rows lack."""
        try:
            bring_up_to_date(self._engine)
        except (UnknownSchema, SQLAlchemyError):
            return False
        return True

    def _went_down(self, error: Exception) -> None:
        self._asleep_until_s = self._monotonic_s() + _PAUSE_S
        reason = getattr(error, "orig", None) or type(error).__name__
        message = "the ledger's database does not accept rows (%s): they wait in the spool"
        self._database.went(message, reason)
        # What is open may no longer be what is there: the next try opens it again.
        self.let_go()
        self._engine.dispose()


class _File:
    """The file at `path`, which is there now."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._inode = path.stat().st_ino

    def has_moved(self) -> bool:
        """Whether it is not there any more."""
        try:
            return self.path.stat().st_ino != self._inode
        except OSError:
            return True


class _Told:
    """Whether something is well; logs when that changes, and not again and again."""

    def __init__(self) -> None:
        self.is_well = True

    def went(self, message: str, *args: object) -> None:
        if self.is_well:
            _LOG.error(message, *args)
        self.is_well = False

    def came(self, message: str) -> None:
        if not self.is_well:
            _LOG.warning(message)
        self.is_well = True
