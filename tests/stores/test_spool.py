"""While the database takes no rows they wait beside it, and then are in it once, all of them."""

import asyncio
import contextlib
import logging
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from router.domain.ledger import Entry
from router.ports import LedgerState
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


class Pragma:
    """Something that every connection from now on is told first."""

    def __init__(self, engine: Engine, pragma: str) -> None:
        self._engine, self._pragma = engine, pragma
        event.listen(engine, "connect", self._tell)
        engine.dispose()

    def take_back(self) -> None:
        event.remove(self._engine, "connect", self._tell)
        self._engine.dispose()

    def _tell(self, connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA {self._pragma}")
        cursor.close()


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
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    told = Pragma(engine, f"max_page_count = {pages}")
    books.keep([entry(f"r{n:03}", error="x" * 300) for n in range(100)])
    assert (ids(path), books.waiting_rows) == ([], 100)

    told.take_back()
    clock.now_s = 5.0
    books.recover()

    assert (len(ids(path)), books.waiting_rows) == (100, 0)
    engine.dispose()


def test_a_database_that_became_read_only_is_spooled_for(path: Path) -> None:
    clock, engine = Clock(), open_database(path)
    books = Books(engine, Spool(spool_of(path)), clock)
    told = Pragma(engine, "query_only = ON")
    books.keep([entry("r1")])
    assert (ids(path), books.state) == ([], LedgerState.SPOOLING)

    told.take_back()
    clock.now_s = 5.0
    books.recover()

    assert (ids(path), books.state) == (["r1"], LedgerState.OK)
    engine.dispose()


def test_a_database_that_is_broken_is_spooled_for_until_it_is_mended(path: Path) -> None:
    clock, engine = Clock(), open_database(path)
    books = Books(engine, Spool(spool_of(path)), clock)
    books.keep([entry("r1")])
    engine.dispose()
    sound = path.read_bytes()
    path.write_bytes(b"no database" * 1000)
    books.keep([entry("r2")])
    assert books.state is LedgerState.SPOOLING

    engine.dispose()
    path.write_bytes(sound)
    clock.now_s = 5.0
    books.recover()

    assert ids(path) == ["r1", "r2"]
    engine.dispose()


def test_what_another_process_spools_during_a_replay_is_not_lost(path: Path) -> None:
    engine = open_database(path)
    one, other = (Books(engine, Spool(spool_of(path)), Clock()) for _ in range(2))
    spool = Spool(spool_of(path))
    spool.append([Waiting.of(entry(f"r{n:03}")) for n in range(300)])

    one.recover(is_hurried=lambda: True)
    spool.append([Waiting.of(entry("r300"))])
    other.recover(is_hurried=lambda: True)
    assert 0 < len(ids(path)) < 301
    one.recover()
    other.recover()

    assert len(ids(path)) == 301
    assert spool.parts() == []
    engine.dispose()


_FILLS_ITS_DISK = """
import asyncio, resource, sys
from pathlib import Path
from tests.stores.entries import entry
from tests.stores.opened import open_ledger

async def main():
    path = Path(sys.argv[1])
    ledger = open_ledger(path)
    await ledger.post([entry("r0")])
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    states = {ledger.standing.state}
    for number, limit in enumerate([400_000, 4_000, most]):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
        for each in range(600):
            await ledger.post([entry(f"r{number}-{each}", error="x" * 1000)])
        states.add(ledger.standing.state)
    await ledger.close()
    print(*sorted(states), ledger.standing.waiting_rows)

asyncio.run(main())
"""


def test_when_the_disk_is_full_rows_wait_until_there_is_room(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FILLS_ITS_DISK, str(path)],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
        text=True,
    )

    assert done.stdout == "memory ok 0\n", done.stderr
    assert len(ids(path)) == 1 + 3 * 600
    assert not list(path.parent.glob("*spool*"))


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
        """What was in memory only may be gone."""
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
        for step in (self.unlock, self.unblock_spool, self.wait, self.recover, self.engine.dispose):
            step()
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
