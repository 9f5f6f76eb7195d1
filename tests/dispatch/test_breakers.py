"""Transcripts of models that keep failing: who rests, for how long, and who is asked all the same."""

import pytest

from router.dispatch.allowance import Allowance
from router.dispatch.breaker import Breaker, BreakerSettings, BreakerState
from router.dispatch.commands import Start
from router.dispatch.fleet import CallVerdict, Fleet
from router.dispatch.machine import Attempts
from router.dispatch.plan import Effort
from router.domain.fault import Fault, FaultKind
from router.domain.limits import Limits
from router.domain.members import replace
from router.domain.model import Model
from tests.dispatch.model_kit import (
    BUSY,
    STUMBLE,
    UNREACHABLE,
    Outcome,
    a_model,
    a_plan,
    limited,
    play,
    scripted,
)

A, B, C = a_model("a"), a_model("b", upstream="other"), a_model("c", context=128_000)
FINE = Outcome(0.2)


def test_a_model_that_keeps_failing_is_passed_over_and_found_again_by_a_probe() -> None:
    fleet = Fleet()
    down, up = {"a": [Outcome(0.0, STUMBLE)], "b": [FINE]}, {"a": [FINE], "b": [FINE]}
    plan = a_plan(A, B, effort=Effort(attempts_per_model=1))
    for second in range(5):
        assert play(plan, scripted(down), fleet, at_s=second).models == ["a", "b"]
    assert play(plan, scripted(down), fleet, at_s=5).models == ["b"]
    assert play(plan, scripted(down), fleet, at_s=15).models == ["a", "b"]
    assert play(plan, scripted(down), fleet, at_s=30).models == ["b"]
    assert play(plan, scripted(up), fleet, at_s=36).models == ["a"]
    assert play(plan, scripted(up), fleet, at_s=37).models == ["a"]


def test_a_probe_has_succeeded_with_its_first_content_however_long_its_stream_is() -> None:
    fleet, twin = Fleet(), a_model("twin")
    for _ in range(5):
        fleet.end(fleet.begin(A, 1, 0.0), CallVerdict.UNREACHABLE, 0.0)
    fleet.told(fleet.news(0.0))
    machine = Attempts(a_plan(A), fleet, started_s=11, jitter=lambda: 0.5)
    machine.begin(11)
    assert fleet.refusal(A, 1, 12) is not None
    assert fleet.refusal(twin, 1, 12) is not None

    machine.answering(1)
    assert fleet.refusal(A, 1, 13) is None
    assert fleet.refusal(twin, 1, 13) is None
    assert {each.for_s for each in fleet.news(13).notices} == {None}
    fleet.end(fleet.begin(A, 1, 14), CallVerdict.GOOD, 15)
    machine.calls.end(1, CallVerdict.BAD, 300)
    assert fleet.refusal(A, 1, 300) is None
    assert [each.in_flight for each in fleet.standings(300) if each.kind == "model"] == [0, 0]


def test_a_model_whose_streams_break_off_rests_ever_longer_although_each_begins() -> None:
    fleet, now_s, rests = Fleet(), 0.0, []
    for _ in range(5):
        fleet.end(fleet.begin(A, 1, now_s), CallVerdict.BAD, now_s)
    for _ in range(3):
        resting = fleet.refusal(A, 1, now_s)
        assert resting is not None
        rests.append(resting.for_s)
        now_s += resting.for_s
        probe = fleet.begin(A, 1, now_s)
        fleet.answering(probe)
        assert fleet.refusal(A, 1, now_s) is None
        fleet.end(probe, CallVerdict.BAD, now_s)

    assert rests == [10, 20, 40]


def test_the_first_content_of_a_call_that_is_no_probe_is_no_success_yet() -> None:
    fleet = Fleet()
    for _ in range(4):
        fleet.end(fleet.begin(A, 1, 0.0), CallVerdict.BAD, 0.0)
    machine = Attempts(a_plan(A), fleet, started_s=1, jitter=lambda: 0.5)
    machine.begin(1)
    machine.answering(1)
    machine.calls.end(1, CallVerdict.BAD, 3)
    assert fleet.refusal(A, 1, 3) is not None


@pytest.mark.parametrize(
    ("every_s", "failing", "calls"),
    [(1, (False, True), 20), (2, (False, True), None), (1, (False, True, False), None)],
    ids=["half of twenty", "too few in half a minute", "a third"],
)
def test_half_of_twenty_calls_within_half_a_minute_are_too_many_failures(
    every_s: int, failing: tuple[bool, ...], calls: int | None
) -> None:
    breaker, made = Breaker(BreakerSettings()), 0
    while breaker.state(made * every_s) is BreakerState.CLOSED and made < 99:
        now_s = made * every_s
        ended = breaker.failed if failing[made % len(failing)] else breaker.succeeded
        ended(breaker.began(now_s), now_s)
        made += 1

    assert (made if made < 99 else None) == calls


def test_a_call_that_fails_while_it_is_open_changes_nothing() -> None:
    breaker = Breaker(BreakerSettings())
    breaker.rest(10.0, 0.0)

    breaker.failed(breaker.began(3.0), 4.0)
    assert breaker.closed_for_s(4.0) == 6.0


def test_after_a_rest_of_another_process_a_single_failure_opens_it_again() -> None:
    breaker = Breaker(BreakerSettings())
    breaker.rest(10.0, 0.0)

    breaker.failed(breaker.began(11.0), 12.0)
    assert breaker.state(12.0) is BreakerState.OPEN


def test_the_last_door_is_never_closed() -> None:
    fleet = Fleet()
    plan = a_plan(A, B, effort=Effort(attempts_per_model=1))
    down = scripted({"a": [Outcome(0.0, STUMBLE)], "b": [Outcome(0.0, STUMBLE)]})
    for second in range(5):
        play(plan, down, fleet, at_s=second / 10)
    assert play(plan, down, fleet, at_s=1).models == ["a"]
    assert play(plan, scripted({"a": [FINE]}), fleet, at_s=2).answered_by == "a"
    closed = {s.name for s in fleet.standings(2) if s.state is BreakerState.CLOSED}
    assert "a" in closed


@pytest.mark.parametrize(("floor", "asked"), [(10, ["a", "b"]), (0, ["a"])])
def test_the_last_door_is_one_that_rests_if_the_others_have_failed_and_retries_are_left(
    floor: int, asked: list[str]
) -> None:
    fleet = Fleet(retries=Allowance(0.0, floor=floor))
    once, failing = Effort(attempts_per_model=1), [Outcome(0.0, STUMBLE)]
    for second in range(5):
        play(a_plan(B, effort=once), scripted({"b": failing}), fleet, at_s=second / 10)

    played = play(a_plan(A, B, effort=once), scripted({"a": failing, "b": [FINE]}), fleet, at_s=1)
    assert played.models == asked
    assert played.answered_by == ("b" if floor else None)


def test_an_unreachable_upstream_rests_with_all_its_models() -> None:
    fleet = Fleet()
    twin = a_model("twin")
    down = scripted({"a": [Outcome(0.0, UNREACHABLE)], "b": [FINE]})
    plan = a_plan(A, B, effort=Effort(attempts_per_model=1))
    for second in range(5):
        play(plan, down, fleet, at_s=second / 10)
    assert play(a_plan(twin, B), scripted({"b": [FINE]}), fleet, at_s=1).models == ["b"]


def test_errors_of_one_model_leave_its_upstreams_other_models_alone() -> None:
    fleet = Fleet()
    twin = a_model("twin")
    down = scripted({"a": [Outcome(0.0, STUMBLE)], "b": [FINE]})
    plan = a_plan(A, B, effort=Effort(attempts_per_model=1))
    for second in range(5):
        play(plan, down, fleet, at_s=second / 10)
    assert play(a_plan(twin, B), scripted({"twin": [FINE]}), fleet, at_s=1).models == ["twin"]


def test_a_model_whose_slots_are_taken_is_left_alone_here_and_not_by_other_processes() -> None:
    fleet = Fleet()
    script = scripted({"a": [Outcome(10.0, BUSY)], "b": [FINE]})
    assert play(a_plan(A, B), script, fleet).models == ["a", "b"]
    assert fleet.news(10.0).notices == ()
    assert play(a_plan(A, B), script, fleet, at_s=10.5).models == ["b"]

    only = play(a_plan(A, effort=Effort(longest_wait_s=0.5)), script, at_s=20.0)
    assert only.error is not None
    assert (only.error.status, only.error.code) == (429, "model_busy")
    assert only.error.retry_after_s == pytest.approx(1.0)


def test_a_limit_is_no_failure() -> None:
    fleet = Fleet()
    for second in range(0, 600, 60):
        script = {"a": [Outcome(0.1, limited(20))], "b": [FINE]}
        assert play(a_plan(A, B), scripted(script), fleet, at_s=second).models == ["a", "b"]


def test_a_transient_fault_with_a_long_retry_after_moves_on() -> None:
    busy = Fault(FaultKind.TRANSIENT, 503, "busy", "overloaded", retry_after_s=120)
    played = play(a_plan(A, B), scripted({"a": [Outcome(0.1, busy)], "b": [FINE]}))
    assert played.asked == [(0.0, "a"), (0.1, "b")]


def outlasted(
    fault: Fault, fleet: Fleet, *, is_hurried: bool, requests: int = 5, model: Model = A
) -> None:
    """Requests for A that have a tenth of a second each, and end in `fault` when it is over."""
    effort = Effort(total_s=0.1, is_hurried=is_hurried)
    for at_s in range(requests):
        machine = Attempts(a_plan(model, effort=effort), fleet, started_s=at_s, jitter=lambda: 0.5)
        (start,) = machine.begin(at_s)
        assert isinstance(start, Start)
        machine.failed(start.attempt, fault, at_s + 0.1)


@pytest.mark.parametrize(
    ("is_hurried", "state"), [(True, BreakerState.CLOSED), (False, BreakerState.OPEN)]
)
def test_only_a_deadline_that_is_not_the_clients_own_counts_against_a_model(
    is_hurried: bool, state: BreakerState
) -> None:
    fleet = Fleet()
    outlasted(STUMBLE, fleet, is_hurried=is_hurried)
    states = {each.name: each.state for each in fleet.standings(4.2)}
    assert states["a"] is state


@pytest.mark.parametrize("is_hurried", [True, False])
def test_who_finds_no_free_place_within_its_own_deadline_keeps_nobody_else_away(
    is_hurried: bool,
) -> None:
    fleet = Fleet()
    outlasted(limited(1.0), fleet, is_hurried=is_hurried, requests=1)
    assert (fleet.refusal(A, 1, 0.2) is None) is is_hurried


def test_who_waits_for_a_place_up_to_its_own_deadline_has_used_nothing_of_a_limit() -> None:
    fleet, model = Fleet(), replace(A, limits=Limits(requests_per_minute=1))
    outlasted(BUSY, fleet, is_hurried=True, requests=1, model=model)
    assert fleet.refusal(model, 1, 0.2) is None


@pytest.mark.parametrize("verdict", [CallVerdict.BAD, CallVerdict.UNREACHABLE])
def test_how_calls_end_that_were_not_heard_for_a_while_says_nothing_of_their_models(
    verdict: CallVerdict,
) -> None:
    fleet = Fleet()
    unheard = [fleet.begin(A, 1, 0.0) for _ in range(5)]
    fleet.woke()
    for each in unheard:
        fleet.end(each, verdict, 600.0)
    assert fleet.refusal(A, 1, 600.0) is None

    for _ in range(5):
        fleet.end(fleet.begin(A, 1, 600.0), verdict, 601.0)
    assert fleet.refusal(A, 1, 602.0) is not None


def test_another_probe_takes_the_place_of_one_that_was_not_heard_for_a_while() -> None:
    fleet = Fleet()
    for _ in range(5):
        fleet.end(fleet.begin(A, 1, 0.0), CallVerdict.BAD, 0.0)
    unheard = fleet.begin(A, 1, 20.0)
    assert fleet.refusal(A, 1, 20.0) is not None

    fleet.woke()
    fleet.end(unheard, CallVerdict.BAD, 600.0)
    assert fleet.refusal(A, 1, 600.0) is None
    fleet.end(fleet.begin(A, 1, 600.0), CallVerdict.GOOD, 601.0)
    assert {each.state for each in fleet.standings(601.0)} == {BreakerState.CLOSED}
