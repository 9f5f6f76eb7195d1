"""While the database accepts no rows they wait in the spool, and then all of them are in it exactly once."""

import asyncio
import logging
import sqlite3
import subprocess
import sys
from pathlib import Path
from zlib import crc32

import pytest
from sqlalchemy import event
from sqlalchemy.pool import QueuePool

from router.app.spending import Spending
from router.domain.budget import EVERYTHING, Budget, BudgetWindow
from router.domain.money import Money
from router.ports import LedgerState
from router.stores.memory.budget_store import ASK_AGAIN_S, MemoryBudgetStore
from router.stores.sql.books import Books
from router.stores.sql.database import open_database
from router.stores.sql.ledger import SqlLedger
from router.stores.sql.spool import Spool, Waiting, read
from tests.clock import Clock
from tests.stores.entries import entry
from tests.stores.opened import open_ledger, spool_of
from tests.stores.trouble import Held, Pragma


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "farthing.db"


def ids(path: Path) -> list[str]:
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT request_id FROM attempts ORDER BY request_id").fetchall()
    connection.close()
    return [request_id for (request_id,) in found]


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


@pytest.mark.parametrize(
    "told",
    [b'{"note": "hush"}', b"[1]", b"7", b'{"row": {}, "tags": []}', b'{"outcome": {"score": 1}}'],
)
async def test_a_line_of_another_version_is_logged_and_the_ledger_goes_on(
    told: bytes, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    open_database(path).dispose()
    spool_of(path).write_bytes(b"%08x %s\n" % (crc32(told), told))
    Spool(spool_of(path)).append([Waiting.of(entry("r1"))])

    ledger = open_ledger(path)
    async with asyncio.timeout(10):
        await ledger.post([entry("r2")])
        await ledger.close()

    assert ids(path) == ["r1", "r2"]
    assert f"not written (of another version): {told.decode()}" in caplog.text


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
    nowhere.let_go()
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
    books.let_go()
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
    books.let_go()
    engine.dispose()


def test_one_connection_serves_many_rows_and_is_given_back_by_whoever_tidies_up(path: Path) -> None:
    engine = open_database(path)
    books, taken = Books(engine, Spool(spool_of(path)), Clock()), list[object]()
    event.listen(engine, "checkout", lambda *told: taken.append(told[1]))
    for number in range(3):
        books.keep([entry(f"r{number}")])
    pool = engine.pool
    assert isinstance(pool, QueuePool)
    held = pool.checkedout()
    books.recover()

    assert (len(taken), held, pool.checkedout()) == (1, 1, 0)
    assert len(ids(path)) == 3
    engine.dispose()


def test_a_database_that_is_broken_is_spooled_for_until_it_is_mended(path: Path) -> None:
    clock, engine = Clock(), open_database(path)
    books = Books(engine, Spool(spool_of(path)), clock)
    books.keep([entry("r1")])
    books.recover()
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
    books.let_go()
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
    one.let_go()
    other.let_go()
    engine.dispose()


def test_what_another_process_has_brought_back_waits_no_more(path: Path) -> None:
    clock, engine = Clock(), open_database(path, busy_timeout_s=0.01)
    one, other = (Books(engine, Spool(spool_of(path)), clock) for _ in range(2))
    held = Held(path)
    one.keep([entry("r1"), entry("r2")])
    assert one.waiting_rows == 2

    held.let_go()
    clock.now_s = 5.0
    other.recover()
    one.recover()

    assert (ids(path), one.waiting_rows) == (["r1", "r2"], 0)
    other.let_go()
    one.let_go()
    engine.dispose()


def test_rows_of_a_process_under_whom_a_newer_farthing_has_migrated_the_file_wait_for_that(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In a rolling restart, old workers still finish their answers."""
    clock, engine, spool = Clock(), open_database(path), Spool(spool_of(path))
    books = Books(engine, spool, clock)
    books.recover()
    with sqlite3.connect(path) as connection:
        told = "SELECT sql FROM sqlite_master WHERE name = 'attempts'"
        (made,) = connection.execute(told).fetchone()
        connection.execute("DROP TABLE attempts")
        connection.execute(made.replace("day VARCHAR", "mood VARCHAR NOT NULL, day VARCHAR"))
        connection.execute("UPDATE alembic_version SET version_num = '99'")
    connection.close()
    books.keep([entry("r1")])
    clock.now_s = 5.0
    books.recover()
    books.keep([entry("r2")])
    books.close()
    engine.dispose()

    kept = [waiting for part in spool.parts() for waiting in read(part)]
    assert {waiting.row["request_id"] for waiting in kept if waiting} == {"r1", "r2"}
    assert "not written" not in caplog.text


async def test_what_waits_at_the_start_is_missing_in_a_budget_only_until_it_is_brought_back(
    path: Path,
) -> None:
    """The first request comes sooner than the last of many rows."""
    engine, spool, clock = open_database(path), Spool(spool_of(path)), Clock()
    spool.append([Waiting.of(entry(f"r{n:03}", cost=Money(10))) for n in range(300)])
    books = Books(engine, spool, clock)
    books.recover(is_hurried=lambda: True)
    budget_store = MemoryBudgetStore(clock, Spending(engine, None, spool))
    forever = Budget(EVERYTHING, Money(100_000), BudgetWindow.LIFETIME)

    (balance,) = await budget_store.look([forever])
    assert balance.spent == Money(2000)
    books.recover()
    clock.now_s += ASK_AGAIN_S
    await budget_store.look([forever])
    await budget_store.close()
    (balance,) = await budget_store.look([forever])
    assert balance.spent == Money(3000)
    books.let_go()
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


def take_away(path: Path) -> Path:
    return path.rename(path.with_name("elsewhere"))


def replace(path: Path) -> None:
    backup = path.with_name("backup")
    open_database(backup).dispose()
    backup.rename(path)


@pytest.mark.parametrize("how", ["removed", "replaced"])
async def test_what_a_file_that_has_gone_cannot_take_is_written_at_the_next_start(
    path: Path, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    ledger = open_ledger(path)
    await ledger.post([entry("r1")])
    take_away(path) if how == "removed" else replace(path)
    await ledger.post([entry("r2")])
    await ledger.post([entry("r3")])
    assert (ledger.standing.state, ledger.standing.waiting_rows) == (LedgerState.SPOOLING, 2)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert f"{path} was removed or replaced" in caplog.records[0].message
    await ledger.close()

    ledger = open_ledger(path)
    await ledger.close()
    assert ids(path)[-2:] == ["r2", "r3"]


async def test_a_file_that_was_moved_and_comes_back_gets_what_has_waited(path: Path) -> None:
    ledger = open_ledger(path)
    await ledger.post([entry("r1")])
    elsewhere = take_away(path)
    await ledger.post([entry("r2")])
    elsewhere.rename(path)
    await until_written(ledger)
    await ledger.close()

    assert ids(path) == ["r1", "r2"]
