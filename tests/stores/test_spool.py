"""While the database takes no rows they wait beside it, and then are in it once, all of them."""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.ledger import Entry
from router.stores.sql.books import Books, Unwritable
from router.stores.sql.database import open_database
from router.stores.sql.ledger import SqlLedger
from router.stores.sql.spool import Spool, Waiting
from tests.stores.entries import entry, ledgers
from tests.stores.opened import open_ledger, spool_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "farthing.db"


def ids(path: Path) -> list[str]:
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT request_id FROM attempts ORDER BY request_id").fetchall()
    connection.close()
    return [request_id for (request_id,) in found]


class Clock:
    """Time that stands until it is moved."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Held:
    """A lock on the database, as a backup or a careless tool would hold it."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("BEGIN IMMEDIATE")

    def let_go(self) -> None:
        self._connection.execute("ROLLBACK")
        self._connection.close()


async def until_written(ledger: SqlLedger) -> None:
    async with asyncio.timeout(10):
        while ledger.standing.waiting_rows:  # noqa: ASYNC110 - the ledger's thread tells nobody of its end
            await asyncio.sleep(0.02)


async def test_a_locked_database_holds_no_answer_and_loses_no_row(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = open_ledger(path)
    await ledger.post([entry("r0", tags=("a",))])
    held = Held(path)
    async with asyncio.timeout(2):
        await asyncio.gather(*(ledger.post([entry(f"r{n}", tags=("a",))]) for n in range(1, 50)))
        await ledger.post([entry("r50")])
    assert (ids(path), ledger.standing.waiting_rows) == (["r0"], 50)

    held.let_go()
    await until_written(ledger)
    await ledger.close()

    assert len(ids(path)) == 51
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]
    assert "wait in the spool" in caplog.records[0].message


async def test_what_a_dead_process_has_spooled_is_written_by_the_next_one(path: Path) -> None:
    open_database(path).dispose()
    Spool(spool_of(path)).append(
        [Waiting.of(entry("r1", tags=("a", "b"))), Waiting.of(entry("r2"))]
    )

    ledger = open_ledger(path)
    await ledger.close()

    assert ids(path) == ["r1", "r2"]
    assert not spool_of(path).exists()


async def test_a_row_that_is_in_both_places_is_written_once(path: Path) -> None:
    ledger = open_ledger(path)
    await ledger.post([entry("r1", tags=("a",))])
    await ledger.close()
    Spool(spool_of(path)).append([Waiting.of(entry("r1", tags=("a",))), Waiting.of(entry("r2"))])

    await open_ledger(path).close()

    assert ids(path) == ["r1", "r2"]


async def test_a_torn_line_is_passed_over_and_tears_no_other(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    open_database(path).dispose()
    spool = Spool(spool_of(path))
    spool.append([Waiting.of(entry("r1")), Waiting.of(entry("r2"))])
    whole = spool_of(path).read_bytes()
    spool_of(path).write_bytes(whole[:-20])
    spool.append([Waiting.of(entry("r3"))])

    await open_ledger(path).close()

    assert ids(path) == ["r1", "r3"]
    assert "1 torn lines" in caplog.text


async def test_a_row_of_an_older_version_gets_what_is_usual(path: Path) -> None:
    open_database(path).dispose()
    row = dict(Waiting.of(entry("r1")).row)
    del row["service_tier"], row["web_searches"]
    Spool(spool_of(path)).append([Waiting(row, ())])

    await open_ledger(path).close()

    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT service_tier, web_searches FROM attempts").fetchall()
    connection.close()
    assert found == [("standard", 0)]


def test_without_room_for_a_spool_rows_wait_in_memory(path: Path) -> None:
    clock, engine = Clock(), open_database(path, busy_timeout_s=0.01)
    nowhere = Books(engine, Spool(path / "no-folder" / "spool"), clock)
    held = Held(path)
    nowhere.keep([entry("r1"), entry("r2")])
    nowhere.recover()
    assert (ids(path), nowhere.waiting_rows) == ([], 2)

    held.let_go()
    clock.now_s = 5.0
    nowhere.recover()

    assert (ids(path), nowhere.waiting_rows) == (["r1", "r2"], 0)
    engine.dispose()


def test_a_full_database_is_spooled_for(path: Path) -> None:
    clock, engine = Clock(), open_database(path)
    books = Books(engine, Spool(spool_of(path)), clock)
    with engine.connect() as connection:  # the pool's only one, which keeps what it is told
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    books.keep([entry(f"r{n:03}", error="x" * 300) for n in range(100)])
    assert (ids(path), books.waiting_rows) == ([], 100)

    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    clock.now_s = 5.0
    books.recover()

    assert (len(ids(path)), books.waiting_rows) == (100, 0)
    engine.dispose()


class Life:
    """A ledger's days: it writes, others lock its database, its process dies and is started again."""

    def __init__(self, path: Path, entries: list[Entry]) -> None:
        self.path, self.left = path, list(entries)
        self.clock, self.engine = Clock(), open_database(path, busy_timeout_s=0.001)
        self.kept: set[tuple[str, int]] = set()
        self.held: Held | None = None
        self.start()

    def start(self) -> None:
        self.books = Books(self.engine, Spool(spool_of(self.path)), self.clock)

    def write(self) -> None:
        if self.left:
            each = self.left.pop()
            with contextlib.suppress(Unwritable):
                self.books.keep([each])
                self.kept.add((each.request_id, each.attempt))

    def lock(self) -> None:
        self.held = self.held or Held(self.path)

    def unlock(self) -> None:
        if self.held is not None:
            self.held.let_go()
        self.held = None

    def wait(self) -> None:
        self.clock.now_s += 2.0

    def recover(self) -> None:
        self.books.recover()

    def end(self) -> list[tuple[str, int]]:
        """What is in the database when all is well again."""
        for step in (self.unlock, self.wait, self.recover, self.engine.dispose):
            step()
        with sqlite3.connect(self.path) as connection:
            found = connection.execute("SELECT request_id, attempt FROM attempts").fetchall()
        connection.close()
        return sorted(found)


STEPS = st.lists(
    st.sampled_from([Life.write, Life.lock, Life.unlock, Life.wait, Life.recover, Life.start])
)


@settings(max_examples=40, deadline=None)
@given(entries=ledgers(), steps=STEPS)
def test_whatever_happens_what_was_kept_is_in_the_ledger_once(
    entries: list[Entry], steps: list[Callable[[Life], None]]
) -> None:
    with TemporaryDirectory() as folder:
        life = Life(Path(folder, "farthing.db"), entries)
        for step in steps:
            step(life)

        assert life.end() == sorted(life.kept)
