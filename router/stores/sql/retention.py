"""Deleting old attempts, whose sums stay: a report says the same before and after.

Only what is rolled up is deleted, in small steps, each a transaction of its own that includes the tags and what
is known of the answers' quality. So a writer is never held up for long, and whatever is interrupted continues the
next time.
"""

import logging
import threading
from collections.abc import Callable, Iterator

from sqlalchemy import Engine, delete, func, select, tuple_
from sqlalchemy.exc import SQLAlchemyError

from router.stores.sql.rollup_schema import ROLLUP_STATE
from router.stores.sql.schema import ATTEMPTS, OUTCOMES, TAGS

_LOG = logging.getLogger(__name__)
_A = ATTEMPTS.c
_KEYS_OF_TAGS = tuple_(TAGS.c.request_id, TAGS.c.attempt)
_DAY_S = 86_400
_STEP_ROWS = 1000
_STEP_ROWS_OF_SERVER = 200
_EVERY_S = 3600.0
_BETWEEN_STEPS_S = 0.05
_LAST_WORDS_S = 5.0


def prune(engine: Engine, before_s: float, *, step_rows: int = _STEP_ROWS) -> Iterator[int]:
    """Delete the attempts that began before the Unix time `before_s`, as far as they are rolled up.

    Does so in steps, so that the caller can do something in between: yields how many each deleted.
    """
    while step := _prune_step(engine, before_s, step_rows):
        yield step


def prunable(engine: Engine, before_s: float) -> int:
    """How many attempts began before `before_s`."""
    with engine.connect() as connection:
        counted = select(func.count()).select_from(ATTEMPTS).where(_A.at_s < before_s)
        return int(connection.execute(counted).scalar_one())


def give_back(engine: Engine) -> None:
    """Free the disk space of deleted rows.

    SQLite's file is rewritten, and writers are locked out meanwhile. PostgreSQL frees space by itself.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _prune_step(engine: Engine, before_s: float, step_rows: int) -> int:
    mark = select(ROLLUP_STATE.c.up_to_seq).scalar_subquery()
    old = select(_A.seq).where(_A.at_s < before_s, _A.seq <= mark)
    with engine.connect() as connection:
        found = connection.execute(old.order_by(_A.at_s).limit(step_rows)).scalars().all()
    if found:
        theirs = select(_A.request_id, _A.attempt).where(_A.seq.in_(found))
        requests = select(_A.request_id).where(_A.seq.in_(found))
        with engine.begin() as connection:
            connection.execute(delete(TAGS).where(_KEYS_OF_TAGS.in_(theirs)))
            connection.execute(delete(OUTCOMES).where(OUTCOMES.c.request_id.in_(requests)))
            connection.execute(delete(ATTEMPTS).where(_A.seq.in_(found)))
    return len(found)


class Retention:
    """A thread that deletes attempts older than `keep_days`, every hour.

    The first time is a minute after the start, when rows that waited in a spool are back in the database: one
    that was in both must not be deleted before that, or it would come back as a new one.

    After the clock was set forward by a day, an hour passes before anything is deleted: it may have been a mistake.
    """

    def __init__(
        self,
        engine: Engine,
        keep_days: int,
        unix_s: Callable[[], float],
        monotonic_s: Callable[[], float],
        *,
        first_s: float = 60.0,
    ) -> None:
        self._engine = engine
        self._kept_s = keep_days * _DAY_S
        self._unix_s = unix_s
        self._monotonic_s = monotonic_s
        self._began_at_s = unix_s() - monotonic_s()
        self._first_s = first_s
        self._closing = threading.Event()
        self._pruner = threading.Thread(target=self._run, name="farthing-retention", daemon=True)
        self._pruner.start()

    def close(self) -> None:
        """Stop after the current step, which may take long if the database hangs."""
        self._closing.set()
        self._pruner.join(_LAST_WORDS_S)
        if not self._pruner.is_alive():
            self._engine.dispose()

    def _run(self) -> None:
        pause_s = self._first_s
        while not self._closing.wait(pause_s):
            pause_s = _EVERY_S
            try:
                if not self._was_set_forward():
                    self._prune()
            except SQLAlchemyError as error:
                _LOG.warning("old attempts could not be deleted (%s)", type(error).__name__)

    def _was_set_forward(self) -> bool:
        """Whether the clock has gone on by a day more than this process since it was last looked at."""
        before_s, self._began_at_s = self._began_at_s, self._unix_s() - self._monotonic_s()
        ahead_s = self._began_at_s - before_s
        if ahead_s > _DAY_S:
            days = ahead_s / _DAY_S
            _LOG.info("the clock went %.1f days forward: attempts are deleted in an hour", days)
        return ahead_s > _DAY_S

    def _prune(self) -> None:
        """Delete what is older than `keep_days`, whole days only."""
        before_s = (self._unix_s() - self._kept_s) // _DAY_S * _DAY_S
        deleted = 0
        for step in prune(self._engine, before_s, step_rows=_STEP_ROWS_OF_SERVER):
            deleted += step
            if self._closing.wait(_BETWEEN_STEPS_S):
                break
        if deleted:
            _LOG.info("deleted %s attempts that were older than ledger.keep_days", deleted)
