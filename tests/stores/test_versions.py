"""An older ledger is brought to today's schema with all its rows; a newer one is left alone."""

import os
import resource
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.command import upgrade
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from router.domain.money import Money
from router.stores.sql.database import (
    LedgerUnusable,
    central,
    open_central,
    open_database,
    open_ledger,
)
from router.stores.sql.reports import report
from router.stores.sql.rollup_schema import every_table
from router.stores.sql.traces import trace_of
from router.stores.sql.versions import MIGRATIONS, REVISIONS, bring_up_to_date
from tests.stores.trouble import Held

_FIRST_SCHEMA = """
CREATE TABLE attempts (
    request_id VARCHAR NOT NULL, attempt INTEGER NOT NULL, at_s FLOAT NOT NULL,
    day VARCHAR NOT NULL, asked VARCHAR NOT NULL, policy VARCHAR NOT NULL,
    policy_version VARCHAR NOT NULL, category VARCHAR NOT NULL, reference VARCHAR NOT NULL,
    model VARCHAR NOT NULL, upstream VARCHAR NOT NULL, "key" VARCHAR NOT NULL,
    stream BOOLEAN NOT NULL, outcome VARCHAR NOT NULL, status INTEGER NOT NULL,
    error VARCHAR NOT NULL, is_answer BOOLEAN NOT NULL,
    uncached_input_tokens INTEGER NOT NULL, cache_read_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
    reasoning_tokens INTEGER NOT NULL, usage_source VARCHAR NOT NULL,
    cost_pico BIGINT NOT NULL, cost_source VARCHAR NOT NULL, baseline_pico BIGINT NOT NULL,
    price_source VARCHAR NOT NULL, first_content_s FLOAT, total_s FLOAT NOT NULL,
    PRIMARY KEY (request_id, attempt));
CREATE INDEX attempts_by_day ON attempts (day);
CREATE TABLE attempt_tags (
    request_id VARCHAR NOT NULL, attempt INTEGER NOT NULL, tag VARCHAR NOT NULL,
    PRIMARY KEY (request_id, attempt, tag));
"""
"""As the first Farthing made it."""

_AT_S = 1_777_896_000.0  # 2026-05-04T12:00:00Z


@contextmanager
def no_file_above(limit: int) -> Iterator[None]:
    """No file may grow beyond `limit` bytes meanwhile, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def first_row(request_id: str, attempt: int, outcome: str, cost_pico: int) -> tuple[Any, ...]:
    answered = outcome == "ok"
    said = (request_id, attempt, _AT_S, "2026-05-04", "auto", "balanced", "v1", "chat", "top")
    where = ("cheap", "up", "key", 0, outcome, 200, "", answered)
    usage = (900, 100, 0, 40, 10, "upstream")
    money = (cost_pico, "priced", 3_000_000 if answered else 0, "a test")
    return (*said, *where, *usage, *money, 0.5, 1.5)


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """A ledger of the first Farthing: a retried answer, and a request without one."""
    path = tmp_path / "farthing.db"
    rows = [
        first_row("r1", 1, "failed", 10),
        first_row("r1", 2, "ok", 1_000_000),
        first_row("r2", 1, "failed", 20),
        first_row("r2", 2, "client_left", 30),
    ]
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_FIRST_SCHEMA)
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO attempts VALUES ({marks})", rows)  # noqa: S608
        connection.execute("INSERT INTO attempt_tags VALUES ('r1', 2, 'a')")
        connection.commit()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without any table."""
    if request.param == "postgresql":
        engine = central(request.getfixturevalue("postgres_url"))
    else:
        engine = open_database(tmp_path / "empty.db")
        _drop_all(engine)
    yield engine
    engine.dispose()


def test_a_ledger_of_the_first_schema_keeps_its_rows_and_its_sums(first: Path) -> None:
    engine = open_database(first)
    total = report(engine, by="model").total

    assert (total.requests, total.attempts) == (2, 4)
    assert (total.cost, total.baseline) == (Money(1_000_060), Money(3_000_000))
    assert {group.name for group in report(engine, by="tag").groups} == {"", "a"}
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT seq, request_id, attempt, closes, hour, service_tier FROM attempts")
        ).all()
    assert [tuple(row) for row in rows] == [
        (1, "r1", 1, 0, 12, "standard"),
        (2, "r1", 2, 1, 12, "standard"),
        (3, "r2", 1, 0, 12, "standard"),
        (4, "r2", 2, 1, 12, "standard"),
    ]
    engine.dispose()


def test_who_opens_a_ledger_that_another_process_is_migrating_waits_for_it(first: Path) -> None:
    with closing(sqlite3.connect(first)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")  # as every Farthing leaves it
    migrating = Held(first)
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(open_database, first, busy_timeout_s=0.05)
        waiting = wait([opening], timeout=0.3).not_done
        migrating.let_go()
        opening.result().dispose()
    assert waiting == {opening}


def test_what_an_older_process_could_write_while_two_others_migrate_is_kept(first: Path) -> None:
    columns = _columns_of(first)
    marks = ", ".join("?" * len(columns))
    insert = f"INSERT INTO attempts ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
    written: list[str] = []
    with ThreadPoolExecutor(2) as pool, closing(sqlite3.connect(first, timeout=0.25)) as older:
        older.execute("PRAGMA journal_mode=WAL")
        opening = [pool.submit(open_database, first) for _ in range(2)]
        for number in count():
            is_last = not wait(opening, timeout=0).not_done
            with suppress(sqlite3.Error), older:
                older.execute(insert, first_row(f"older-{number}", 1, "ok", 1))
                written.append(f"older-{number}")
            if is_last:
                break
        found = older.execute("SELECT request_id FROM attempts WHERE request_id LIKE 'older%'")
        assert {name for (name,) in found} == set(written)
    for each in opening:
        assert report(each.result(), by="model").total.attempts == 4 + len(written)
        each.result().dispose()


def _columns_of(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[1] for row in connection.execute("PRAGMA table_info(attempts)")]


def test_rows_that_were_written_before_decisions_and_their_upstreams_ids_were_kept_have_none(
    first: Path,
) -> None:
    engine = open_database(first)
    trace = trace_of([engine], "r1")
    engine.dispose()

    assert trace is not None
    assert [each.attempt for each in trace.entries] == [1, 2]
    assert trace.decision is None
    assert [each.upstream_request_id for each in trace.entries] == [None, None]


def test_a_step_that_fails_leaves_the_old_ledger_as_it_was(first: Path) -> None:
    with closing(sqlite3.connect(first)) as connection:
        connection.execute("CREATE TABLE rollup_days (mine)")
    with pytest.raises(LedgerUnusable, match="rollup_days already exists"):
        open_database(first)

    with closing(sqlite3.connect(first)) as connection:
        connection.execute("DROP TABLE rollup_days")
        assert connection.execute("SELECT count(*) FROM attempts").fetchall() == [(4,)]
    engine = open_database(first)
    assert report(engine, by="model").total.attempts == 4
    engine.dispose()


def test_a_file_that_has_no_room_for_a_step_is_told_as_that_and_stays_as_it_was(
    first: Path,
) -> None:
    rows = [first_row(f"x{number}", 1, "ok", 10) for number in range(20_000)]
    with closing(sqlite3.connect(first)) as connection:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO attempts VALUES ({marks})", rows)  # noqa: S608
        connection.commit()
    with no_file_above(first.stat().st_size), pytest.raises(LedgerUnusable, match="disk I/O error"):
        open_database(first)

    engine = open_database(first)
    assert report(engine, by="model").total.attempts == 20_004
    engine.dispose()


def test_a_migration_is_told_when_it_begins_and_when_it_has_ended(
    first: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        open_database(first).dispose()

    assert [each.getMessage() for each in caplog.records] == [
        f"the ledger is being migrated from schema 1 to {REVISIONS[-1]}",
        "the ledger has been migrated; older versions of Farthing cannot use it now",
    ]


def test_a_migrated_database_is_as_a_fresh_one(empty: Engine) -> None:
    with empty.begin() as connection:
        for statement in _FIRST_SCHEMA.replace("FLOAT", "DOUBLE PRECISION").split(";")[:-1]:
            connection.exec_driver_sql(statement)
    bring_up_to_date(empty)

    assert _differences(empty) == []


def test_a_fresh_database_is_as_the_schema_says(empty: Engine) -> None:
    bring_up_to_date(empty)

    assert _differences(empty) == []
    assert _version(empty) == REVISIONS[-1]


def test_all_migrations_in_a_row_lead_to_the_schema(empty: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with empty.begin() as connection:
        config.attributes["connection"] = connection
        upgrade(config, "head")

    assert _differences(empty) == []
    assert _version(empty) == REVISIONS[-1]


def test_every_migration_is_known_by_its_revision() -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    found = [each.revision for each in script.walk_revisions()]

    assert tuple(reversed(found)) == REVISIONS


def test_several_processes_may_open_an_empty_database_at_once(empty: Engine) -> None:
    url = empty.url.render_as_string(hide_password=False)

    def open_it(_: int) -> None:
        opened = open_ledger(Path(empty.url.database or ""), url if "postgres" in url else "")
        opened.dispose()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(open_it, range(8)))

    assert _version(empty) == REVISIONS[-1]


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("99", "newer Farthing: its schema is 99, .* start that version, or restore a copy"),
        ("ae1027a6acf", "'ae1027a6acf' .* is another program's; Farthing needs a database"),
    ],
)
def test_a_database_that_others_have_written_is_left_alone(
    empty: Engine, version: str, said: str
) -> None:
    bring_up_to_date(empty)
    with empty.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": version})
    url = empty.url.render_as_string(hide_password=False)

    with pytest.raises(LedgerUnusable, match=said):
        open_ledger(Path(empty.url.database or ""), url if "postgres" in url else "")
    assert _version(empty) == version


def test_a_path_that_no_file_can_have_is_told(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnusable, match="cannot be opened: embedded null byte"):
        open_ledger(tmp_path / "a\0b")


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(LedgerUnusable, match=r"at 127\.0\.0\.1, database books, .*refused") as said:
        open_ledger(Path("unused"), "postgresql://me:hush@127.0.0.1:1/books")
    assert "hush" not in str(said.value)


def test_a_server_behind_a_socket_is_named_by_it() -> None:
    with pytest.raises(LedgerUnusable, match=r"at /nowhere, database books, cannot be opened"):
        open_ledger(Path("unused"), "postgresql:///books?host=/nowhere")


def test_a_server_that_goes_away_in_the_middle_is_named(postgres_url: str) -> None:
    engine = open_ledger(Path("unused"), postgres_url)
    try:
        with engine.connect() as reading, psycopg.connect(postgres_url) as operator:
            pid = reading.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            operator.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
            with pytest.raises(LedgerUnusable, match=r"ledger at .*, database .* be used now"):
                reading.exec_driver_sql("SELECT 1")
    finally:
        engine.dispose()


_OPENS = """
import sys
from pathlib import Path
from router.stores.sql.database import open_database
open_database(Path(sys.argv[1])).dispose()
open_database(Path(sys.argv[1])).dispose()
print(sorted({"alembic", "psycopg"} & set(sys.modules)))
"""


def test_a_server_that_vanishes_in_the_middle_of_a_query_is_not_waited_for_until_linux_asks_after_it(
    postgres_url: str,
) -> None:
    """Nothing is under way to it that could fail, so it must be asked for a sign of life."""
    engine = open_central(postgres_url)
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        with socket.socket(fileno=os.dup(driver.fileno())) as wire:
            asks = wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            after_s = wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
    engine.dispose()

    assert asks
    assert after_s < 15


def test_alembic_and_the_driver_of_postgresql_are_imported_only_when_needed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _OPENS, str(tmp_path / "farthing.db")],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
        text=True,
    )

    assert done.stdout == "[]\n"


def _differences(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), every_table()))


def _version(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def _drop_all(engine: Engine) -> None:
    every_table().drop_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
