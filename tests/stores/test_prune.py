"""Old attempts can go: reports and budgets say the same before and after."""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from router.domain.budget import EVERYTHING, Scope, ScopeKind
from router.domain.ledger import LEAST_KEPT_DAYS, Entry
from router.ledger.report import GROUPINGS, Report
from router.stores.sql.database import open_database
from router.stores.sql.reports import report
from router.stores.sql.retention import Retention, give_back, prunable, prune
from router.stores.sql.rollups import roll_up, roll_up_step
from router.stores.sql.schema import ATTEMPTS, TAGS
from router.stores.sql.spent import spent
from tests.stores.engines import write
from tests.stores.entries import SCOPES, day, entry, expected, ledgers


def reports(engine: Engine) -> dict[str, Report]:
    return {by: report(engine, by=by) for by in GROUPINGS}


def rows(engine: Engine) -> tuple[Sequence[Any], Sequence[Any]]:
    """The ids of all attempts, and all rows of tags."""
    with engine.connect() as connection:
        attempts = connection.execute(select(ATTEMPTS.c.request_id).order_by(ATTEMPTS.c.seq))
        tags = connection.execute(select(TAGS).order_by(*TAGS.c))
        return attempts.scalars().all(), [tuple(row) for row in tags]


@settings(max_examples=15)
@given(entries=ledgers(), before=st.integers(0, 6), step_rows=st.integers(1, 9))
def test_pruning_changes_no_report_and_no_budget_that_begins_later(
    entries: list[Entry], before: int, step_rows: int
) -> None:
    before_s = day("2023-11-14", 0) + before * 86_400
    with TemporaryDirectory() as folder:
        engine = open_database(Path(folder, "farthing.db"))
        write(engine, entries)
        found = reports(engine)
        deleted = sum(prune(engine, before_s, step_rows=step_rows))

        assert deleted == sum(each.at_s < before_s for each in entries)
        assert reports(engine) == found
        for scope in SCOPES:
            for since_s in (0.0, before_s, before_s + 20_000):
                assert spent(engine, scope, since_s) == expected(entries, scope, since_s)
        engine.dispose()


def test_attempts_go_with_their_tags_and_what_came_later_stays(engine: Engine) -> None:
    write(engine, [entry("r1", at_s=day("2026-05-03"), tags=("a", "b"))])
    write(engine, [entry("r2", at_s=day("2026-05-04", 0), tags=("a",))])
    roll_up(engine)

    assert prunable(engine, day("2026-05-04", 0)) == 1
    assert list(prune(engine, day("2026-05-04", 0))) == [1]
    assert rows(engine) == (["r2"], [("r2", 1, "a")])
    give_back(engine)
    assert prunable(engine, day("2026-05-04", 0)) == 0


def test_what_is_not_in_the_sums_is_not_deleted(engine: Engine) -> None:
    write(engine, [entry(f"r{n}") for n in range(3)])
    assert list(prune(engine, day("2026-05-05"))) == []

    roll_up_step(engine, 2)
    assert list(prune(engine, day("2026-05-05"))) == [2]
    assert rows(engine)[0] == ["r2"]


def test_a_new_attempt_after_pruning_is_rolled_up(engine: Engine) -> None:
    write(engine, [entry("r1")])
    roll_up(engine)
    list(prune(engine, day("2026-05-05")))
    write(engine, [entry("r2")])

    assert roll_up(engine) == 1
    assert report(engine, by="model").total.requests == 2


def test_a_period_that_begins_where_attempts_are_gone_counts_too_much_rather_than_too_little(
    engine: Engine,
) -> None:
    times = (day("2026-05-04", 7), day("2026-05-04", 9))
    write(engine, [entry(f"r{n}", at_s=at_s, key="k") for n, at_s in enumerate(times)])
    roll_up(engine)
    list(prune(engine, day("2026-05-05")))

    assert spent(engine, EVERYTHING, day("2026-05-04", 9) - 1) == entry().cost
    assert spent(engine, Scope(ScopeKind.KEY, "k"), day("2026-05-04", 8)) == entry().cost * 2


def test_the_server_deletes_what_is_older_than_it_shall_keep(engine: Engine) -> None:
    today_s = day("2026-07-01", 9)
    kept = entry("new", at_s=today_s - LEAST_KEPT_DAYS * 86_400)
    write(engine, [entry("old", at_s=day("2026-05-28")), kept])
    roll_up(engine)

    looked_after(engine, [today_s, today_s, today_s])

    assert rows(engine)[0] == ["new"]


def test_nothing_is_deleted_just_after_the_clock_was_set_far_forward(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    today_s = day("2026-07-01", 9)
    write(engine, [entry("new", at_s=today_s)])
    roll_up(engine)

    looked_after(engine, [today_s, today_s + 365 * 86_400])

    assert rows(engine)[0] == ["new"]
    assert "the clock went 365.0 days forward" in caplog.text


def looked_after(engine: Engine, times_s: list[float]) -> None:
    """Have a server look once for what it shall delete; its clock says these times, and the last one for good."""
    looked, left_s = threading.Event(), list(times_s)

    def unix_s() -> float:
        if len(left_s) > 1:
            return left_s.pop(0)
        looked.set()
        return left_s[0]

    retention = Retention(engine, LEAST_KEPT_DAYS, unix_s, lambda: 0.0, first_s=0.0)
    assert looked.wait(10)
    retention.close()
