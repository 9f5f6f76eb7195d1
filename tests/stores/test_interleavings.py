"""A law over all that can happen to a ledger, in any order: what was kept is in it, once."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.ledger import Entry
from router.stores.sql.books import Books, Unwritable
from router.stores.sql.database import open_database
from router.stores.sql.spool import Spool
from tests.clock import Clock
from tests.stores.entries import ledgers
from tests.stores.opened import spool_of
from tests.stores.trouble import Held


class Life:
    """A ledger's days: it writes, others lock its database or take its spool's place, it dies."""

    def __init__(self, path: Path, entries: list[Entry]) -> None:
        self.path, self.left = path, list(entries)
        self.clock, self.engine = Clock(), open_database(path, busy_timeout_s=0.001)
        self.written: set[tuple[str, int]] = set()
        self.durable: set[tuple[str, int]] = set()
        self.in_memory: set[tuple[str, int]] = set()
        self.held: Held | None = None
        self.books = Books(self.engine, Spool(spool_of(self.path)), self.clock)

    def die(self) -> None:
        """What was in memory only may be gone; the system closes what was open."""
        self.books.let_go()
        self.books = Books(self.engine, Spool(spool_of(self.path)), self.clock)
        self.durable -= self.in_memory
        self.in_memory = set()

    def write(self) -> None:
        if self.left:
            each = self.left.pop()
            with contextlib.suppress(Unwritable):
                before = self.books.in_memory_rows
                self.books.keep([each])
                key = (each.request_id, each.attempt)
                self.written.add(key)
                self.durable.add(key)
                if self.books.in_memory_rows > before:
                    self.in_memory.add(key)

    def lock(self) -> None:
        self.held = self.held or Held(self.path)

    def unlock(self) -> None:
        if self.held is not None:
            self.held.let_go()
        self.held = None

    def block_spool(self) -> None:
        if not spool_of(self.path).exists():
            spool_of(self.path).mkdir()

    def unblock_spool(self) -> None:
        if spool_of(self.path).is_dir():
            spool_of(self.path).rmdir()

    def wait(self) -> None:
        self.clock.now_s += 2.0

    def recover(self) -> None:
        self.books.recover()

    def recover_in_haste(self) -> None:
        self.books.recover(lambda: True)

    def end(self) -> list[tuple[str, int]]:
        """What is in the database when all is well again."""
        for step in (self.unlock, self.unblock_spool, self.wait, self.recover):
            step()
        self.books.let_go()
        self.engine.dispose()
        with sqlite3.connect(self.path) as connection:
            found = connection.execute("SELECT request_id, attempt FROM attempts").fetchall()
        connection.close()
        return found


STEPS = st.lists(
    st.sampled_from(
        [
            Life.write,
            Life.lock,
            Life.unlock,
            Life.block_spool,
            Life.unblock_spool,
            Life.wait,
            Life.recover,
            Life.recover_in_haste,
            Life.die,
        ]
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(entries=ledgers(), steps=STEPS)
def test_whatever_happens_what_was_kept_is_in_the_ledger_once(
    entries: list[Entry], steps: list[Callable[[Life], None]]
) -> None:
    with TemporaryDirectory() as folder:
        life = Life(Path(folder, "farthing.db"), entries)
        for step in steps:
            step(life)

        ended = life.end()
        assert len(ended) == len(set(ended))
        assert life.durable <= set(ended) <= life.written
