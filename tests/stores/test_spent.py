"""What a budget has spent, against the same sum in Python."""

import time
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from router.app.spending import Spending
from router.domain.budget import EVERYTHING, Budget, BudgetWindow, Period, Scope, ScopeKind
from router.domain.ledger import Entry
from router.domain.money import ZERO, Money
from router.stores.memory.budget_store import ASK_AGAIN_S, MemoryBudgetStore, SpentUnknown
from router.stores.sql.books import Books
from router.stores.sql.database import open_database
from router.stores.sql.rollups import roll_up, roll_up_step
from router.stores.sql.spent import spent, waiting_in_outbox
from router.stores.sql.spool import Spool, Waiting
from tests.stores.conformance.budgets import CENT, DOLLAR, taken
from tests.stores.conformance.kinds import Clock
from tests.stores.engines import after_first_read, write
from tests.stores.entries import SCOPES, day, entry, expected, ledgers
from tests.stores.opened import spool_of


@settings(max_examples=30)
@given(
    entries=ledgers(),
    since_s=st.floats(1_699_990_000, 1_700_510_000),
    at_once=st.integers(1, 8),
)
def test_what_was_spent_is_the_sum_of_all_costs_since_then(
    entries: list[Entry], since_s: float, at_once: int
) -> None:
    with TemporaryDirectory() as folder:
        engine = open_database(Path(folder, "farthing.db"))
        write(engine, entries)
        roll_up_step(engine, at_once)
        moments = [since_s, 0.0, float("-inf"), *(each.at_s for each in entries[:2])]
        for scope in SCOPES:
            for moment in moments:
                assert spent(engine, scope, moment) == expected(entries, scope, moment)
        engine.dispose()


@pytest.mark.parametrize("rolled_up", [False, True])
def test_a_period_may_begin_in_the_middle_of_an_hour(engine: Engine, rolled_up: bool) -> None:
    midnight_of_kolkata_s = datetime.fromisoformat("2026-05-04T00:00+05:30").timestamp()
    # The day of UTC began 66,600 s before, the hour 1,800 s; what is less than a microsecond early counts to them.
    before = (-66_600, -40_000, -1_800 - 3e-7, -1_800, -1, -3e-7)
    seconds = (*before, 0, 1, 2_000, 50_000)
    entries = [
        entry(f"r{n}", at_s=midnight_of_kolkata_s + s, key="a", tags=("a", "b"), cost=Money(10**n))
        for n, s in enumerate(seconds)
    ]
    write(engine, entries)
    if rolled_up:
        roll_up(engine)

    for scope in (
        EVERYTHING,
        Scope(ScopeKind.KEY, "a"),
        Scope(ScopeKind.TAG, "a"),
        Scope(ScopeKind.POLICY, "balanced"),
    ):
        assert spent(engine, scope, midnight_of_kolkata_s) == Money(1_111_000_000)
    assert spent(engine, Scope(ScopeKind.KEY, "b"), midnight_of_kolkata_s) == ZERO


def test_attempts_that_are_not_rolled_up_yet_are_spent_all_the_same(engine: Engine) -> None:
    write(engine, [entry("r1", cost=Money(1))])
    roll_up(engine)
    write(engine, [entry("r2", cost=Money(20))])
    late_s = entry().at_s - timedelta(days=2).total_seconds()
    write(engine, [entry("r3", cost=Money(300), at_s=late_s)])

    assert spent(engine, EVERYTHING, day("2026-05-04", 0)) == Money(21)
    assert spent(engine, EVERYTHING, day("2026-05-02", 0)) == Money(321)


@pytest.mark.parametrize("rolled_up", [False, True])
async def test_what_a_wrong_clock_has_dated_far_ahead_is_not_spent_in_every_period_until_then(
    engine: Engine, tmp_path: Path, rolled_up: bool
) -> None:
    far_s = datetime.fromisoformat("2038-05-04T12:00+00:00").timestamp()
    write(engine, [entry("r1", cost=Money(1)), entry("r2", cost=Money(20), at_s=far_s)])
    if rolled_up:
        roll_up(engine)
    spending = Spending(engine, engine, Spool(spool_of(tmp_path / "farthing.db")))
    budget = Budget(EVERYTHING, DOLLAR, BudgetWindow.DAY)
    lasting = Budget(EVERYTHING, DOLLAR, BudgetWindow.LIFETIME)

    for each, cost in ((budget, 1), (lasting, 21)):
        period = each.period(entry().at_s)
        within = (EVERYTHING, period.start_s, period.resets_s)
        assert spent(engine, *within) == waiting_in_outbox(engine, *within).cost == Money(cost)
        assert await spending(EVERYTHING, period) == Money(cost)


def test_what_is_rolled_up_meanwhile_by_another_process_is_spent_once(engine: Engine) -> None:
    write(engine, [entry("r1", cost=Money(1))])
    roll_up(engine)
    write(engine, [entry("r2", cost=Money(20))])
    after_first_read(engine, "rollup_state", lambda: roll_up(engine))

    assert spent(engine, EVERYTHING, 0.0) == Money(21)
    assert roll_up(engine) == 0


def test_sums_beyond_64_bits_are_exact(engine: Engine) -> None:
    most = Money(9 * 10**18)
    write(engine, [entry(f"r{n}", cost=most) for n in range(6)])
    roll_up_step(engine, 3)

    assert spent(engine, EVERYTHING, 0.0) == Money(54 * 10**18)


async def test_what_waits_in_the_spool_when_a_budget_begins_counts_once_it_is_written(
    tmp_path: Path,
) -> None:
    path, clock = tmp_path / "farthing.db", Clock()
    engine, spool = open_database(path), Spool(spool_of(path))
    write(engine, [entry("r1", cost=CENT)])
    spool.append([Waiting.of(entry("r2", cost=CENT * 30))])
    budget_store = MemoryBudgetStore(clock, Spending(engine, None, spool))
    budget = Budget(EVERYTHING, DOLLAR, BudgetWindow.LIFETIME)
    held = await taken(budget_store, CENT * 2, budget)
    assert (await budget_store.look([budget]))[0].spent == CENT

    Books(engine, spool, time.monotonic).recover()
    clock.now_s += ASK_AGAIN_S
    await budget_store.look([budget])
    await budget_store.close()
    budget_store.settle(held, CENT * 2)
    assert (await budget_store.look([budget]))[0].spent == CENT * 33
    engine.dispose()


class _Hidden(Spool):
    def _set_aside(self) -> list[Path]:
        raise PermissionError


async def test_a_spool_that_cannot_be_looked_for_hides_nothing_that_the_ledger_has(
    tmp_path: Path,
) -> None:
    engine = open_database(tmp_path / "farthing.db")
    write(engine, [entry("r1", cost=CENT)])
    with pytest.raises(SpentUnknown) as unknown:
        await Spending(engine, None, _Hidden(tmp_path / "spool"))(EVERYTHING, Period(0.0, None))
    assert unknown.value.known == CENT
    engine.dispose()


@pytest.mark.parametrize("kind", [ScopeKind.KEY, ScopeKind.TAG])
def test_what_a_key_or_tag_has_spent_is_found_without_reading_that_of_all_others(
    tmp_path: Path, kind: ScopeKind
) -> None:
    def steps(name: str, others: int) -> int:
        """How much SQLite does for it, in steps of its virtual machine, by the hundred."""
        engine = open_database(tmp_path / name)
        scopes = ["mine", *(f"other-{n}" for n in range(others))]
        days = ("2026-05-01", "2026-05-02", "2026-05-04")
        write(
            engine,
            [
                entry(f"{each} {on}", at_s=day(on), key=each, tags=(each,))
                for each in scopes
                for on in days
            ],
        )
        roll_up(engine)
        counted = list[None]()
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.set_progress_handler(lambda: counted.append(None), 100)
        assert spent(engine, Scope(kind, "mine"), day("2026-05-02", 0)).pico > 0
        engine.dispose()
        return len(counted)

    assert steps("many", 1000) < 2 * steps("few", 10) + 5
