"""The file as an outbox: PostgreSQL gets every row once, whatever it, we or others do meanwhile."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from router.app.spending import Spending
from router.domain.budget import EVERYTHING, Period, Scope, ScopeKind
from router.domain.money import ZERO, Money
from router.stores.sql.database import open_central, open_database
from router.stores.sql.reports import report
from router.stores.sql.rollups import roll_up
from router.stores.sql.spool import Spool
from tests.postgres import PostgresServer
from tests.stores.engines import write
from tests.stores.entries import entry
from tests.stores.opened import open_ledger, spool_of
from tests.stores.outboxes import ledger, opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "farthing.db"


def there(
    url: str, columns: str = "request_id, attempt", table: str = "attempts"
) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        query = f"SELECT {columns} FROM {table} ORDER BY request_id, attempt"  # noqa: S608
        return connection.execute(query.encode()).fetchall()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - the outbox's thread tells nobody of its progress
            await asyncio.sleep(0.01)


def is_empty(path: Path) -> Callable[[], bool]:
    """Whether the file has no rows left: its own count of rows may be a moment old."""

    def check() -> bool:
        with sqlite3.connect(path) as connection:
            (count,) = connection.execute("SELECT count(*) FROM attempts").fetchone()
        connection.close()
        return bool(count == 0)

    return check


async def test_rows_move_on_with_their_tags_and_are_summed_there(
    path: Path, postgres_url: str
) -> None:
    async with ledger(path, postgres_url) as books:
        await books.post([entry("r1", 1, tags=("a", "b")), entry("r1", 2, quality_p=0.5)])
        await books.post([entry("r2")])

    assert there(postgres_url) == [("r1", 1), ("r1", 2), ("r2", 1)]
    engine = open_central(postgres_url)
    found = report(engine, by="tag")
    engine.dispose()
    assert {group.name for group in found.groups} == {"", "a", "b"}
    assert found.total.cost == Money(3_000_000)
    left = open_database(path)
    with left.connect() as connection:
        for table in ("attempts", "attempt_tags"):
            query = f"SELECT count(*) FROM {table}"  # noqa: S608
            assert connection.exec_driver_sql(query).scalar_one() == 0
    left.dispose()


async def test_a_row_says_there_what_it_said_here(path: Path, postgres_url: str) -> None:
    most = Money(2**63 - 1)
    async with ledger(path, postgres_url) as books:
        await books.post([entry(error="a\0b ü", cost=most, first_content_s=0.25, quality_p=None)])

    [said] = there(postgres_url, "error, cost_pico, first_content_s, closes, quality_p, day, hour")
    assert said == ("a\ufffdb ü", 2**63 - 1, 0.25, True, None, "2026-05-04", 12)


async def test_a_server_that_is_away_at_the_start_is_waited_for_by_nobody(
    path: Path, postgres_server: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    postgres_server.kill()
    async with ledger(path, postgres_server.url) as books:
        async with asyncio.timeout(2):
            await asyncio.gather(*(books.post([entry(f"r{n:02}")]) for n in range(50)))
        await until(lambda: books.standing.outbox_rows == 50)

        postgres_server.restart()
        await until(is_empty(path))

    assert len(there(postgres_server.url)) == 50
    said = [record for record in caplog.records if record.name.startswith("router")]
    assert [record.levelno for record in said] == [logging.ERROR, logging.WARNING]
    assert "wait in the outbox" in said[0].message


async def test_a_server_that_is_killed_and_frozen_again_and_again_gets_every_row_once(
    path: Path, postgres_server: PostgresServer
) -> None:
    async with ledger(path, postgres_server.url) as books:
        for turn in range(4):
            for number in range(60):
                async with asyncio.timeout(2):
                    await books.post([entry(f"r{turn}-{number:02}", tags=("a",))])
                if number == 10 and turn % 2:
                    await asyncio.to_thread(postgres_server.restart)
                elif number == 10:
                    postgres_server.pause()
            if not turn % 2:
                postgres_server.resume()
            await until(is_empty(path))

    assert len(there(postgres_server.url)) == 4 * 60
    assert len(there(postgres_server.url, "1, tag", "attempt_tags")) == 4 * 60


async def test_what_a_killed_process_left_is_moved_by_the_next_one(
    path: Path, postgres_server: PostgresServer
) -> None:
    postgres_server.pause()
    first = opened(path, postgres_server.url)
    await first.post([entry("r1"), entry("r2")])
    postgres_server.kill()
    await first.close()

    postgres_server.restart()
    async with ledger(path, postgres_server.url):
        pass

    assert there(postgres_server.url) == [("r1", 1), ("r2", 1)]


async def test_a_row_that_is_there_already_is_not_written_again(
    path: Path, postgres_url: str
) -> None:
    for _ in range(2):
        async with ledger(path, postgres_url) as books:
            await books.post([entry("r1", tags=("a",)), entry("r2")])

    assert there(postgres_url) == [("r1", 1), ("r2", 1)]
    assert there(postgres_url, "request_id, tag", "attempt_tags") == [("r1", "a")]


async def test_processes_that_share_an_outbox_take_turns(path: Path, postgres_url: str) -> None:
    async with ledger(path, postgres_url) as one:
        async with ledger(path, postgres_url) as other:
            await asyncio.gather(
                *(each.post([entry(f"r{n}")]) for n, each in enumerate([one, other]))
            )
            await until(is_empty(path))
        await one.post([entry("r2")])
        await until(is_empty(path))

    assert there(postgres_url) == [("r0", 1), ("r1", 1), ("r2", 1)]


async def test_a_file_that_was_the_ledger_is_moved_whole(path: Path, postgres_url: str) -> None:
    before = open_ledger(path)
    await before.post([entry(f"r{n:04}", tags=("a",)) for n in range(1200)])
    await before.close()

    async with ledger(path, postgres_url):
        await until(is_empty(path))

    assert len(there(postgres_url)) == len(there(postgres_url, "1, tag", "attempt_tags")) == 1200


async def test_what_was_spent_before_a_move_to_postgresql_is_spent_once(
    path: Path, postgres_url: str
) -> None:
    here, central_ = open_database(path), open_central(postgres_url)
    write(here, [entry("r1", cost=Money(5)), entry("r2", cost=Money(60))])
    roll_up(here)
    spending = Spending(central_, here, Spool(spool_of(path)))
    assert await spending(EVERYTHING, Period(0.0, None)) == Money(65)
    async with ledger(path, postgres_url):
        await until(is_empty(path))
    write(here, [entry("r3", cost=Money(700))])

    assert await spending(EVERYTHING, Period(0.0, None)) == Money(765)
    assert await spending(EVERYTHING, Period(entry().at_s + 1, None)) == ZERO
    for engine in (here, central_):
        engine.dispose()


async def test_what_is_in_both_places_while_it_moves_on_is_spent_once(
    path: Path, postgres_url: str
) -> None:
    """It is committed there before it is deleted here: an account that is opened meanwhile would keep it for good."""
    here, central_ = open_database(path), open_central(postgres_url)
    spending = Spending(central_, here, Spool(spool_of(path)))
    moving = [entry(f"r{n}", attempt=n % 3, cost=Money(10**n), tags=("a",)) for n in range(5)]
    write(here, moving)
    write(central_, moving[:3])
    roll_up(central_)
    write(central_, moving[3:4])

    for scope in (EVERYTHING, Scope(ScopeKind.TAG, "a")):
        assert await spending(scope, Period(0.0, None)) == Money(11_111)
    for engine in (here, central_):
        engine.dispose()


async def test_rows_wait_if_a_newer_farthing_migrates_the_database_meanwhile(
    path: Path, postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with ledger(path, postgres_url) as books:
        await books.post([entry("r1")])
        await until(is_empty(path))
        with psycopg.connect(postgres_url) as connection:
            connection.execute("ALTER TABLE attempts ADD mood VARCHAR NOT NULL DEFAULT ''")
            connection.execute("ALTER TABLE attempts ALTER mood DROP DEFAULT")
            connection.execute("UPDATE alembic_version SET version_num = '99'")
        await books.post([entry("r2")])
        await until(lambda: "newer Farthing" in caplog.text)

    assert there(postgres_url) == [("r1", 1)]
    assert not is_empty(path)()


async def test_a_database_of_a_newer_farthing_gets_no_rows(
    path: Path, postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    open_central(postgres_url).dispose()
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '99'")
    async with ledger(path, postgres_url) as books:
        await books.post([entry("r1")])
        await until(lambda: books.standing.outbox_rows == 1)

    assert there(postgres_url) == []
    assert "newer Farthing" in caplog.text
