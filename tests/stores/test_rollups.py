"""Attempts are in the sums once, however their writing and the rolling up take turns."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DatabaseError

from router.domain.ledger import Entry, Outcome
from router.domain.money import ZERO
from router.ledger.report import Totals
from router.stores.sql.database import open_central, open_database
from router.stores.sql.reports import report
from router.stores.sql.rollup_schema import ROLLUP_LATENCY, ROLLUP_STATE, ROLLUPS
from router.stores.sql.rollups import roll_up, roll_up_step
from tests.e2e.patience import until
from tests.stores.engines import write, write_in
from tests.stores.entries import entry, ledgers


def sums(engine: Engine) -> dict[str, set[tuple[Any, ...]]]:
    """Every row of every table of sums."""
    with engine.connect() as connection:
        return {
            table.name: {tuple(row) for row in connection.execute(select(table))}
            for table in (*ROLLUPS, ROLLUP_LATENCY)
        }


@settings(max_examples=15)
@given(entries=ledgers(), data=st.data())
def test_however_it_is_done_in_steps_the_sums_are_the_same(
    entries: list[Entry], data: st.DataObject
) -> None:
    # Hypothesis may abandon an example where it draws, and the rest of the block with it.
    with TemporaryDirectory() as folder, ExitStack() as opened:
        at_once, in_steps = (open_database(Path(folder, name)) for name in ("a.db", "b.db"))
        opened.callback(at_once.dispose)
        opened.callback(in_steps.dispose)
        write(at_once, entries)
        left = list(entries)
        while left:
            batch = data.draw(st.integers(1, len(left)))
            write(in_steps, left[:batch])
            del left[:batch]
            for _ in range(data.draw(st.integers(0, 2))):
                roll_up_step(in_steps, data.draw(st.integers(1, 5)))

        assert roll_up(at_once) == len(entries)
        roll_up(in_steps)
        assert sums(at_once) == sums(in_steps)
        assert roll_up(at_once) == roll_up(in_steps) == 0


def test_a_step_that_fails_leaves_no_trace(engine: Engine) -> None:
    write(engine, [entry("r1"), entry("r2")])
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE rollup_days RENAME TO elsewhere")
    with pytest.raises(DatabaseError):
        roll_up(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO rollup_days")
        assert connection.execute(select(ROLLUP_STATE)).all() == []

    assert roll_up(engine) == 2
    assert report(engine, by="model").total.requests == 2


def test_writers_and_those_who_roll_up_may_all_be_at_it_at_once(engine: Engine) -> None:
    def write_some(writer: int) -> None:
        for number in range(20):
            write(engine, [entry(f"{writer}-{number}", tags=("a",))])

    def keep_rolling_up(done: Event) -> None:
        while not done.is_set():
            roll_up(engine, step_rows=7)

    done = Event()
    with ThreadPoolExecutor(5) as pool:
        rolling = [pool.submit(keep_rolling_up, done) for _ in range(2)]
        for writing in [pool.submit(write_some, writer) for writer in range(3)]:
            writing.result()
        done.set()
        for each in rolling:
            each.result()

    total = report(engine, by="tag").total
    assert (total.requests, total.cost) == (60, entry().cost * 60)


_WAITING = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")


def test_an_attempt_that_is_still_being_written_is_not_passed_over(postgres_url: str) -> None:
    engine = open_central(postgres_url)
    with ThreadPoolExecutor(1) as pool, engine.connect() as slow, engine.connect() as looking:
        write_in(slow, [entry("r1")])
        write(engine, [entry("r2")])
        rolling = pool.submit(roll_up, engine)
        until(lambda: bool(looking.execute(_WAITING).scalar()))
        slow.commit()

        assert rolling.result() == 2
    engine.dispose()


def test_a_row_that_comes_days_late_lands_in_its_own_day(engine: Engine) -> None:
    write(engine, [entry("r1")])
    roll_up(engine)
    write(engine, [entry("r2", at_s=entry().at_s - 5 * 86_400)])
    found = report(engine, by="day")

    assert [group.name for group in found.groups] == ["2026-04-29", "2026-05-04"]


def test_latencies_of_answers_are_counted_in_steps_of_a_tenth(engine: Engine) -> None:
    times: list[dict[str, Any]] = [
        {"total_s": 1.0, "first_content_s": 0.0},
        {"total_s": 1.05},
        {"total_s": 1.2},
        {"total_s": 0.001, "outcome": Outcome.CACHE_HIT},
        {"total_s": 9.9, "is_answer": False, "outcome": Outcome.CUT, "baseline": ZERO},
    ]
    write(engine, [entry(f"r{n}", **each) for n, each in enumerate(times)])
    roll_up(engine)
    with engine.connect() as connection:
        rows = connection.execute(select(ROLLUP_LATENCY)).mappings().all()
    measured = {(str(row["measure"]), int(row["bucket"])): int(row["count"]) for row in rows}

    assert measured == {
        ("total_s", 0): 1,
        ("total_s", 1): 1,
        ("total_s", 2): 1,
        ("first_content_s", -72): 1,
    }


def test_an_empty_ledger_has_no_sums(engine: Engine) -> None:
    assert roll_up(engine) == 0
    assert report(engine, by="model").total == Totals()
