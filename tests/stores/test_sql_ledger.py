"""The ledger's writer: what was posted is on disk when it says so, and nothing stops it."""

import asyncio
import logging
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path
from threading import Thread

import pytest
import pytest_asyncio
from sqlalchemy import event

from router.domain.ledger import Entry
from router.domain.money import Money
from router.domain.usage import BUCKETS, Usage
from router.ports import LedgerState
from router.stores.sql.books import Books
from router.stores.sql.database import open_database
from router.stores.sql.ledger import SqlLedger
from router.stores.sql.schema import INSERT_ATTEMPT
from router.stores.sql.spool import Spool
from tests.stores.entries import USUAL, entry
from tests.stores.opened import open_ledger, spool_of

TOO_LARGE = Money(2**63)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sub" / "folder" / "farthing.db"


@pytest_asyncio.fixture
async def ledger(path: Path) -> AsyncIterator[SqlLedger]:
    made = open_ledger(path)
    yield made
    await made.close()


def rows(
    path: Path, columns: str = "request_id, attempt", table: str = "attempts"
) -> list[tuple[object, ...]]:
    """What a second connection, as another process would open it, reads."""
    with sqlite3.connect(path) as connection:
        found = connection.execute(f"SELECT {columns} FROM {table} ORDER BY request_id, attempt")  # noqa: S608
        result = found.fetchall()
    connection.close()
    return result


async def test_an_entry_is_on_disk_before_its_wait_is_over(path: Path, ledger: SqlLedger) -> None:
    await ledger.post([entry("r1")])

    assert rows(path) == [("r1", 1)]


async def test_what_is_posted_in_one_turn_of_the_loop_is_written_in_one_go(path: Path) -> None:
    engine, written = open_database(path), []
    event.listen(engine, "before_cursor_execute", lambda *told: written.append(told[2]))
    ledger = SqlLedger(engine, Books(engine, Spool(spool_of(path)), time.monotonic), time.monotonic)
    await asyncio.gather(*(ledger.post([entry(f"r{number}")]) for number in range(20)))
    await ledger.close()

    assert written.count(INSERT_ATTEMPT) == 1
    assert len(rows(path)) == 20


async def test_a_row_says_all_that_its_entry_says(path: Path, ledger: SqlLedger) -> None:
    await ledger.post([USUAL])

    said = rows(path, "*")[0]
    with sqlite3.connect(path) as connection:
        names = [name for _, name, *_ in connection.execute("PRAGMA table_info(attempts)")]
    connection.close()
    row = dict(zip(names, said, strict=True))
    assert row == {
        **dict.fromkeys(BUCKETS, 0),
        "seq": 1,
        "request_id": "r1",
        "attempt": 1,
        "at_s": USUAL.at_s,
        "day": "2026-05-04",
        "hour": 12,
        "asked": "auto",
        "policy": "balanced",
        "policy_version": "v1",
        "category": "chat",
        "reference": "top",
        "model": "cheap",
        "upstream": "up",
        "key": "",
        "stream": 0,
        "outcome": "ok",
        "status": 200,
        "error": "",
        "is_answer": 1,
        "closes": 1,
        "uncached_input_tokens": 900,
        "cache_read_tokens": 100,
        "output_tokens": 40,
        "reasoning_tokens": 10,
        "usage_source": "upstream",
        "cost_pico": 1_000_000,
        "cost_source": "priced",
        "baseline_pico": 3_000_000,
        "price_source": "a test",
        "cost_note": "",
        "service_tier": "standard",
        "quality_p": 0.5,
        "first_content_s": None,
        "total_s": 1.5,
        "upstream_request_id": "req_7",
        "decision": None,
    }


def test_no_field_of_an_entry_is_forgotten() -> None:
    told = "request_id attempt at_s asked policy policy_version category model upstream outcome"
    told += " reference key tags stream status error usage usage_source cost cost_source baseline"
    told += " price_source first_content_s total_s is_answer"
    told += " closes cost_note service_tier quality_p decision upstream_request_id"

    assert set(Entry.__struct_fields__) == set(told.split())


async def test_tags_stand_in_a_table_of_their_own_each_once(path: Path, ledger: SqlLedger) -> None:
    await ledger.post([entry("r1", tags=("b", "a", "b")), entry("r2")])

    assert rows(path, "*", "attempt_tags") == [("r1", 1, "a"), ("r1", 1, "b")]


async def test_the_day_is_that_of_utc(path: Path, ledger: SqlLedger) -> None:
    midnight_s = 1_767_225_600.0
    await ledger.post([entry("r1", at_s=midnight_s - 0.001), entry("r2", at_s=midnight_s)])

    assert rows(path, "day") == [("2025-12-31",), ("2026-01-01",)]


async def test_the_largest_numbers_are_kept_exactly(path: Path, ledger: SqlLedger) -> None:
    most = Money(2**63 - 1)
    await ledger.post([entry(cost=most, baseline=most, usage=Usage(10**9, 0, 0, 10**9))])

    assert rows(path, "cost_pico, baseline_pico, output_tokens") == [(2**63 - 1, 2**63 - 1, 10**9)]


async def test_closing_writes_what_is_waiting(path: Path) -> None:
    ledger = open_ledger(path)
    waiting = [ledger.post([entry(f"r{number:04}")]) for number in range(1200)]
    await ledger.close()

    assert len(rows(path)) == 1200
    await asyncio.gather(*waiting)


async def test_closing_an_idle_ledger_ends_it(path: Path) -> None:
    await open_ledger(path).close()

    assert rows(path) == []


async def test_a_reopened_ledger_goes_on_where_it_was(path: Path) -> None:
    for number in range(2):
        ledger = open_ledger(path)
        await ledger.post([entry(f"r{number}")])
        await ledger.close()

    assert rows(path) == [("r0", 1), ("r1", 1)]


async def test_nothing_posted_is_done_at_once(path: Path, ledger: SqlLedger) -> None:
    await ledger.post([])
    await asyncio.gather(ledger.post([]), ledger.post([entry()]))

    assert rows(path) == [("r1", 1)]


async def test_threads_and_tasks_may_post_at_the_same_time(path: Path, ledger: SqlLedger) -> None:
    def post(name: str) -> None:
        for number in range(50):
            ledger.post([entry(f"{name}{number:02}", 1), entry(f"{name}{number:02}", 2)])

    threads = [Thread(target=post, args=[name]) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    await asyncio.gather(*(ledger.post([entry(f"z{number:02}")]) for number in range(50)))
    for thread in threads:
        await asyncio.to_thread(thread.join)
    await ledger.post([entry("last")])

    assert len(rows(path)) == 8 * 50 * 2 + 50 + 1


@pytest.mark.parametrize(
    "bad",
    [
        entry("r2", cost=TOO_LARGE),
        entry("r2", asked="\ud800"),
        entry("r2", tags=("\udcff",)),
        entry("r2", at_s=1e20),
        entry("r1"),
    ],
    ids=["a number beyond 64 bits", "half a surrogate", "a tag of bytes", "no year", "known"],
)
async def test_an_entry_that_cannot_be_written_is_logged_and_spoils_no_other(
    bad: Entry, path: Path, ledger: SqlLedger, caplog: pytest.LogCaptureFixture
) -> None:
    await ledger.post([entry("r1")])
    good = [ledger.post([entry(f"s{number}")]) for number in range(3)]
    async with asyncio.timeout(10):
        await asyncio.gather(ledger.post([bad]), *good, ledger.post([entry("t")]))
        await ledger.post([entry("u")])

    assert rows(path, "request_id") == [("r1",), ("s0",), ("s1",), ("s2",), ("t",), ("u",)]
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert "ledger entry not written" in record.message
    assert "Entry(request_id='r" in record.message


async def test_entries_of_one_request_are_written_together_or_not_at_all(
    path: Path, ledger: SqlLedger
) -> None:
    await ledger.post([entry("r1", 1), entry("r1", 2, cost=TOO_LARGE)])

    assert rows(path) == []


async def test_while_another_process_writes_an_entry_waits_its_turn(
    path: Path, ledger: SqlLedger
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    posted = ledger.post([entry()])
    assert isinstance(posted, asyncio.Future)
    assert await asyncio.wait([posted], timeout=0.05) == (set(), {posted})

    other.execute("COMMIT")
    await posted
    other.close()

    assert rows(path) == [("r1", 1)]


async def test_a_disk_that_does_not_answer_keeps_nobody_waiting_for_long(
    path: Path, ledger: SqlLedger, caplog: pytest.LogCaptureFixture
) -> None:
    """Here both files are locked, the spool by a process that is stopped, say."""
    caplog.set_level(logging.INFO)
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        spool_of(path).open("w") as spool,
    ):
        other.execute("BEGIN EXCLUSIVE")
        flock(spool, LOCK_EX)
        waiting = [ledger.post([entry("r1")])]
        await waiting[0]
        waiting += [ledger.post([entry("r2"), entry("r2", attempt=2)])]
        await asyncio.wait_for(waiting[1], 1.0)
        assert (ledger.standing.state, ledger.standing.waiting_rows) == (LedgerState.MEMORY, 3)
    while ledger.standing.state is not LedgerState.OK:
        await ledger.post([])

    assert rows(path) == [("r1", 1), ("r2", 1), ("r2", 2)]
    assert "the ledger's disk does not answer: rows wait in memory" in caplog.text
    assert "the ledger's disk answers again" in caplog.text


async def test_a_wait_that_was_given_up_does_not_take_the_entry_back(
    path: Path, ledger: SqlLedger
) -> None:
    posted = ledger.post([entry()])
    assert isinstance(posted, asyncio.Future)
    posted.cancel()
    await ledger.post([entry("r2")])

    assert rows(path) == [("r1", 1), ("r2", 1)]


_POSTS_AND_WAITS_TO_BE_KILLED = """
import asyncio, sys
from pathlib import Path
from tests.stores.entries import entry
from tests.stores.opened import open_ledger

async def main():
    ledger = open_ledger(Path(sys.argv[1]))
    await ledger.post([entry("r1", tags=("a",))])
    print("durable", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_a_killed_process_has_kept_what_it_had_called_durable(path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _POSTS_AND_WAITS_TO_BE_KILLED, str(path)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert child.stdout
    with child.stdout as said:
        assert said.readline() == b"durable\n"
    child.kill()
    child.wait()

    assert rows(path) == [("r1", 1)]
    assert rows(path, "tag", "attempt_tags") == [("a",)]


@dataclass(frozen=True)
class Mistaken:
    """How a request was decided, of which nobody can say it: as if by a mistake of ours."""

    def text(self) -> str:
        raise RuntimeError("a mistake")


async def test_a_mistake_of_ours_ends_neither_the_writer_nor_the_answers(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Books, "recover", lambda *_: 1 / 0)
    made = open_ledger(path)
    async with asyncio.timeout(10):
        posted = [made.post([entry("r1", decision=Mistaken())]), made.post([entry("r2")])]
        await asyncio.gather(*posted)
    monkeypatch.undo()
    await made.close()

    assert rows(path) == [("r2", 1)]
    assert "ledger entry not written (a mistake)" in caplog.text
    assert "the ledger could not tidy up" in caplog.text
