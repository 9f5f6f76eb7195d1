"""The bounds of the checks, and the weather that explains a failure."""

import pytest

from benchmarks.chaos.checks import Holdings, check_memory, check_storm
from benchmarks.chaos.plan import Phase, Plan
from benchmarks.chaos.report import Invariant, Report
from benchmarks.chaos.shots import CALM
from benchmarks.chaos.weather import Weather
from tests.chaos.kit import shot

_MIB = 2**20


def _memory_after(requests: int, grown_bytes: int) -> Report:
    report = Report(seed=1)
    warm = Holdings(100, None, 100 * _MIB)
    check_memory(report, warm=warm, now=Holdings(100 + requests, None, 100 * _MIB + grown_bytes))
    return report


def test_memory_may_grow_by_what_fills_up_and_no_more() -> None:
    assert _memory_after(requests=1_000, grown_bytes=32 * _MIB).ok
    assert _memory_after(requests=1_000, grown_bytes=34 * _MIB).broken == {Invariant.MEMORY}
    assert _memory_after(requests=29_000, grown_bytes=50 * _MIB).ok


def test_a_kilobyte_for_every_request_is_a_leak() -> None:
    assert _memory_after(requests=100_000, grown_bytes=100_000 * 1024).broken == {Invariant.MEMORY}


def test_what_cannot_be_measured_is_not_judged() -> None:
    report = Report(seed=1)
    check_memory(report, warm=Holdings(0, None, None), now=Holdings(9, None, None))
    assert report.ok


@pytest.mark.parametrize(("attempts", "is_storm"), [(1_300, False), (3_000, True)])
def test_a_storm_is_more_than_a_fifth_and_the_floor(attempts: int, is_storm: bool) -> None:
    report = Report(seed=1)
    check_storm(report, requests=1_000, attempts=attempts, concurrency=16)
    assert report.broken == ({Invariant.STORM} if is_storm else set())


def test_an_outage_explains_what_fell_into_it() -> None:
    weather = Weather()
    weather.outage("ash", began_s=10.0, ended_s=12.0)
    assert weather.explains(shot(asked="ash-mid"), 11.0, 11.5)
    assert weather.explains(shot(asked="auto:any"), 9.0, 10.5)
    assert not weather.explains(shot(asked="birch-mid"), 11.0, 11.5)
    assert not weather.explains(shot(asked="ash-mid"), 14.0, 15.0)


def test_a_limit_that_one_request_met_explains_the_failure_of_another() -> None:
    weather = Weather()
    weather.passed(shot(asked="ash-mid", fault="status,code=429,retry_after=2"), 10.0, 10.1)
    assert weather.explains(shot(asked="ash-mid"), 12.0, 12.1)
    assert not weather.explains(shot(asked="ash-small"), 12.0, 12.1)


def test_a_phase_needs_an_end() -> None:
    with pytest.raises(ValueError, match="needs an end"):
        Phase("endless", CALM)


def test_minutes_are_cut_into_rounds_with_everything_in_them() -> None:
    plan = Plan.of_minutes(2, seed=1, concurrency=8)
    assert len(plan.rounds) == 2
    assert plan.seconds == pytest.approx(2 * 60, rel=0.1)
    assert all(each.storm and each.chaos.kills >= 2 for each in plan.rounds)


def test_examples_are_kept_and_more_are_counted() -> None:
    report = Report(seed=1)
    for number in range(9):
        report.violated(Invariant.MONEY, f"case {number}")
    shown = report.as_json()["invariants"]["money exact"]
    assert (shown["holds"], shown["violations"], len(shown["examples"])) == (False, 9, 5)
    assert not report.ok
