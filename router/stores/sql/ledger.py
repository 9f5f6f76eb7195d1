"""The ledger's writer: a separate thread that commits all waiting entries in one transaction.

The event loop never waits for the disk; whoever must know that an entry is durable awaits what
`post` returned. Under load one commit serves many requests.

What the database cannot take (locked, full, broken) goes to the spool, and from there into the
database when that works again. What not even the spool can take waits in memory, and the log says so.
So does what a disk keeps the writer waiting with: after a few seconds no answer waits for that any more.

With an outbox this database is only the first stop: the outbox moves its rows on to the PostgreSQL
where the sums are kept.
"""

import asyncio
import logging
import queue
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence

from msgspec import Struct
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from router.domain.ledger import Entry
from router.domain.scored import Scored
from router.ports import LedgerStanding, LedgerState
from router.stores.sql.books import Books, Unwritable
from router.stores.sql.outbox import Outbox
from router.stores.sql.rollups import roll_up_step

_LOG = logging.getLogger(__name__)
_MOST_IN_ONE_COMMIT = 500
_TIDY_EVERY_S = 1.0
_SUMMED_EVERY_S = 10.0
_OVERDUE_S = 60.0
_LOOK_S = 1.0
_LATE_LOOKS = 5
"""So often in a row, once a second, the event loop may see that nothing was written. While the machine slept, it does
not look."""
_MOST_UNWRITTEN = 100_000
"""Beyond that many answers wait again."""
_ROLL_UP_STEP = 2000
"""Rows that are rolled up at a time: some 30 ms, which an answer may have to wait, every ten seconds.
Many rows at a time fall into few groups, so that each costs a fraction of what it would among few."""


class _Posted(Struct, frozen=True):
    durable: asyncio.Future[None]
    entries: Sequence[Entry] = ()
    scores: Sequence[Scored] = ()


class SqlLedger:
    """Implements `router.ports.Ledger` on a SQL database. Made inside a running event loop."""

    def __init__(
        self,
        engine: Engine,
        books: Books,
        monotonic_s: Callable[[], float],
        outbox: Outbox | None = None,
    ) -> None:
        self._engine = engine
        self._books = books
        self._monotonic_s = monotonic_s
        self._outbox = outbox
        self._summed_s = float("-inf")
        self._is_summed = outbox is not None
        self._loop = asyncio.get_running_loop()
        self._gathered: list[_Posted] = []
        self._unwritten = _Unwritten(self._loop)
        self._posted: queue.SimpleQueue[list[_Posted] | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="farthing-ledger", daemon=True)
        self._writer.start()

    @property
    def standing(self) -> LedgerStanding:
        """Its state, for operators."""
        outbox_rows = self._outbox.rows if self._outbox else 0
        if self._unwritten.is_late:
            waiting_rows = self._books.waiting_rows + self._unwritten.rows
            return LedgerStanding(LedgerState.MEMORY, waiting_rows, outbox_rows)
        return LedgerStanding(self._books.state, self._books.waiting_rows, outbox_rows)

    def post(self, entries: Sequence[Entry]) -> Awaitable[None]:
        """Take over `entries`. The result is done when they are kept, or have been given up on loudly."""
        return self._take(_Posted(self._loop.create_future(), entries))

    def score(self, scores: Sequence[Scored]) -> Awaitable[None]:
        """Take over `scores`. The result is done when they are kept, or have been given up on loudly."""
        return self._take(_Posted(self._loop.create_future(), scores=scores))

    def _take(self, posted: _Posted) -> Awaitable[None]:
        """Gather what is posted in one turn of the event loop: waking the writer costs as much as a row."""
        if not self._gathered:
            self._loop.call_soon(self._hand_over)
        self._gathered.append(posted)
        return posted.durable

    def _hand_over(self) -> None:
        if self._gathered:
            gathered, self._gathered = self._gathered, []
            self._unwritten.add(gathered)
            self._posted.put(gathered)

    async def close(self) -> None:
        """Write what is waiting, then stop the writer and close the database."""
        self._hand_over()
        self._posted.put(None)
        await asyncio.to_thread(self._writer.join)
        if self._outbox:
            await asyncio.to_thread(self._outbox.close)
        self._engine.dispose()

    def _write(self) -> None:
        tidied_s = float("-inf")
        while True:
            if self._monotonic_s() - tidied_s > _TIDY_EVERY_S:
                self._tidied()
                tidied_s = self._monotonic_s()
            try:
                first = self._posted.get(timeout=_TIDY_EVERY_S)
            except queue.Empty:
                continue
            batch, is_last = self._batch(first)
            self._keep(batch)
            self._loop.call_soon_threadsafe(self._unwritten.were_written, batch)
            if is_last:
                self._books.close()
                return

    def _batch(self, first: list[_Posted] | None) -> tuple[list[_Posted], bool]:
        """Everything that is waiting by now, up to a limit, and whether it is the last batch of all."""
        if first is None:
            return [], True
        batch = first
        while len(batch) < _MOST_IN_ONE_COMMIT:
            try:
                posted = self._posted.get_nowait()
            except queue.Empty:
                break
            if posted is None:
                return batch, True
            batch += posted
        return batch, False

    def _keep(self, batch: list[_Posted]) -> None:
        """Keep everything at once, or, where that fails, each request by itself."""
        try:
            self._books.keep(
                [entry for posted in batch for entry in posted.entries],
                [scored for posted in batch for scored in posted.scores],
            )
            self._is_summed = self._outbox is not None
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not end the writing, for which answers wait
            if not isinstance(error, Unwritable):
                _LOG.error("rows are written one by one, since together they failed: %r", error)
            for posted in batch:
                self._keep_or_log(posted)

    def _keep_or_log(self, posted: _Posted) -> None:
        try:
            self._books.keep(posted.entries, posted.scores)
        except Exception as error:  # noqa: BLE001 - as above
            # A request must not fail for our books; the rows are written to the log instead.
            for row in (*posted.entries, *posted.scores):
                _LOG.error("ledger entry not written (%s): %r", error, row)

    def _tidy(self) -> None:
        """Bring back what was spooled, and bring the sums up to date, as long as nobody waits."""
        self._books.recover(self._is_hurried)
        try:
            while not self._is_summed and self._may_sum():
                self._is_summed = roll_up_step(self._engine, _ROLL_UP_STEP) < _ROLL_UP_STEP
                if self._is_summed or self._is_hurried():
                    self._summed_s = self._monotonic_s()
        except SQLAlchemyError as error:
            _LOG.debug("sums not rolled up (%s)", type(error).__name__)

    def _tidied(self) -> None:
        try:
            self._tidy()
        except Exception:  # noqa: BLE001 - as in `_keep`
            _LOG.exception("the ledger could not tidy up")

    def _is_hurried(self) -> bool:
        return not self._posted.empty()

    def _may_sum(self) -> bool:
        """Every ten seconds while nobody waits; after a minute even if somebody does."""
        since_s = self._monotonic_s() - self._summed_s
        return since_s > _OVERDUE_S or (since_s > _SUMMED_EVERY_S and not self._is_hurried())


class _Unwritten:
    """What the writer has taken over and not written yet, in its order; told and used in the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.is_late = False
        self._loop = loop
        self._posted: deque[_Posted] = deque()
        self._looks = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def rows(self) -> int:
        """How many rows that is."""
        return sum(len(each.entries) + len(each.scores) for each in self._posted)

    def add(self, posted: Sequence[_Posted]) -> None:
        """The writer is about to get these."""
        self._posted += posted
        if self.is_late and len(self._posted) < _MOST_UNWRITTEN:
            _resolve(posted)
        if self._timer is None:
            self._look_later()

    def were_written(self, batch: Sequence[_Posted]) -> None:
        """The writer is done with these, which came first."""
        for _ in batch:
            self._posted.popleft()
        self._looks = 0
        _resolve(batch)
        if self.is_late:
            self.is_late = False
            _LOG.info("the ledger's disk answers again")

    def _look_later(self) -> None:
        self._timer = self._loop.call_later(_LOOK_S, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._posted:
            return
        self._looks += 1
        if self._looks == _LATE_LOOKS:
            self.is_late = True
            _LOG.error("the ledger's disk does not answer: rows wait in memory, and answers go on")
            _resolve(self._posted)
        self._look_later()


def _resolve(batch: Iterable[_Posted]) -> None:
    for posted in batch:
        if not posted.durable.done():
            posted.durable.set_result(None)
