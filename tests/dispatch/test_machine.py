"""Transcripts of single requests: which model is asked when, and what the client is told."""

import pytest

from router.dispatch.allowance import Allowance
from router.dispatch.breaker import BreakerState
from router.dispatch.commands import Commit, Start
from router.dispatch.fleet import CallVerdict, Fleet
from router.dispatch.machine import Attempts
from router.dispatch.plan import Effort
from router.domain.fault import Fault, FaultKind
from router.domain.limits import Limits
from router.domain.members import replace
from router.domain.money import Money
from tests.dispatch.model_kit import (
    BUSY,
    DISCONNECTED,
    OVERDRAWN,
    REFUSED,
    STUMBLE,
    TOO_LONG,
    UNREACHABLE,
    UNSUITED,
    WRONG,
    Outcome,
    a_model,
    a_plan,
    limited,
    play,
    scripted,
    seeded,
)

A, B, C = a_model("a"), a_model("b", upstream="other"), a_model("c", context=128_000)
FINE = Outcome(0.2)


def test_one_model_that_answers_is_asked_once() -> None:
    played = play(a_plan(A, B), scripted({"a": [FINE]}))
    assert played.models == ["a"]
    assert played.answered_by == "a"
    assert played.commits == 1


def test_a_stumble_is_retried_after_a_pause_and_hidden() -> None:
    played = play(a_plan(A, B), scripted({"a": [Outcome(0.1, STUMBLE), FINE]}))
    assert played.asked == [(0.0, "a"), (pytest.approx(0.1 + 0.5 * 0.25), "a")]
    assert played.answered_by == "a"


def test_a_connection_that_was_closed_is_replaced_at_once_and_costs_no_allowance() -> None:
    fleet = Fleet(retries=Allowance(0.0, floor=0))
    script = {"a": [Outcome(0.1, DISCONNECTED), FINE], "b": [FINE]}
    played = play(a_plan(A, B), scripted(script), fleet)
    assert played.asked == [(0.0, "a"), (0.1, "a")]
    gone = play(a_plan(A, B), scripted({"a": [Outcome(0.1, DISCONNECTED)], "b": [FINE]}), fleet)
    assert gone.models == ["a", "a", "b"]


def test_who_waited_for_a_limit_and_found_a_closed_connection_waits_once_more() -> None:
    fleet = Fleet()
    fleet.limit(A, 1.0, 0.0)
    others = iter([fleet.limit])

    def upstreams(model: str, now_s: float) -> Outcome:
        # Meanwhile another request gets 429, when the connection turns out to be closed.
        for limit in others:
            limit(A, 1.0, now_s)
            return Outcome(0.0, DISCONNECTED)
        return FINE

    played = play(a_plan(A), upstreams, fleet, chance=lambda: 0.0)
    assert played.asked == [(1.0, "a"), (2.0, "a")]
    assert played.answered_by == "a"


def test_after_its_attempts_the_next_model_is_asked() -> None:
    played = play(a_plan(A, B), scripted({"a": [Outcome(0.1, STUMBLE)], "b": [FINE]}))
    assert played.models == ["a", "a", "b"]
    assert played.answered_by == "b"


def test_the_pause_doubles_and_a_model_is_asked_three_times_at_most() -> None:
    effort = Effort(attempts_per_model=3)
    played = play(a_plan(A, effort=effort), scripted({"a": [Outcome(0.0, STUMBLE)]}))
    assert [at_s for at_s, _ in played.asked] == pytest.approx([0.0, 0.125, 0.375])
    assert played.error is not None
    assert played.error.status == 503


def test_a_clients_own_error_is_not_retried_and_keeps_what_the_upstream_said() -> None:
    played = play(a_plan(A, B), scripted({"a": [Outcome(0.1, WRONG)]}))
    assert played.models == ["a"]
    assert played.error is not None
    assert (played.error.status, played.error.code) == (400, "invalid_value")
    assert played.error.message == "no such field"


def test_refused_credentials_move_on_and_become_a_502_at_the_end() -> None:
    moved = play(a_plan(A, B), scripted({"a": [Outcome(0.1, REFUSED)], "b": [FINE]}))
    assert moved.models == ["a", "b"]
    told = play(a_plan(A), scripted({"a": [Outcome(0.1, REFUSED)]})).error
    assert told is not None
    assert told.status == 502


def test_a_prompt_that_is_too_long_moves_only_to_larger_windows() -> None:
    script = {"a": [Outcome(0.1, TOO_LONG)], "b": [FINE], "c": [FINE]}
    assert play(a_plan(A, B, C), scripted(script)).models == ["a", "c"]
    told = play(a_plan(A, B), scripted(script)).error
    assert told is not None
    assert (told.status, told.code) == (400, "context_length_exceeded")


def test_what_a_models_api_cannot_say_is_asked_of_another_one() -> None:
    script = {"a": [Outcome(0.0, UNSUITED)], "b": [FINE]}
    assert play(a_plan(A, B), scripted(script)).models == ["a", "b"]
    told = play(a_plan(A), scripted(script)).error
    assert told is not None
    assert (told.status, told.code, told.message) == (400, "untranslatable", "n")


def test_a_limited_model_is_left_at_once_for_one_that_is_free() -> None:
    played = play(a_plan(A, B), scripted({"a": [Outcome(0.1, limited(30))], "b": [FINE]}))
    assert played.asked == [(0.0, "a"), (0.1, "b")]


def test_a_short_limit_of_the_only_model_is_waited_for() -> None:
    played = play(a_plan(A), scripted({"a": [Outcome(0.1, limited(2)), FINE]}), chance=lambda: 0.0)
    assert played.asked == [(0.0, "a"), (pytest.approx(2.1), "a")]
    assert played.answered_by == "a"


def test_those_who_wait_for_one_limit_do_not_come_back_at_once() -> None:
    fleet, chance = Fleet(), seeded(3)
    upstreams = scripted({"a": [Outcome(0.1, limited(2)), FINE]})
    back = {play(a_plan(A), upstreams, fleet, chance=chance).asked[-1][0] for _ in range(50)}
    assert len(back) == 50
    assert max(back) - min(back) > 0.4


def test_a_retry_after_of_a_day_is_believed_for_a_minute() -> None:
    fleet = Fleet()
    upstreams = scripted({"a": [Outcome(0.1, limited(86_400)), FINE], "b": [FINE]})
    assert play(a_plan(A, B), upstreams, fleet).models == ["a", "b"]
    assert play(a_plan(A, B), upstreams, fleet, at_s=61).models == ["a"]


def test_when_all_are_limited_the_client_hears_of_the_shortest_wait_within_ten_seconds() -> None:
    script = {"a": [Outcome(0.1, limited(40))], "b": [Outcome(0.1, limited(20))]}
    played = play(a_plan(A, B), scripted(script))
    assert played.error is not None
    assert played.error.status == 429
    assert played.error.retry_after_s == pytest.approx(20.0)
    assert played.ended_s < 10


@pytest.mark.parametrize("fault", [OVERDRAWN, BUSY])
@pytest.mark.parametrize("limits", [Limits(requests_per_minute=1), Limits(tokens_per_minute=100)])
def test_a_call_that_was_never_sent_has_used_nothing_of_a_limit(
    fault: Fault, limits: Limits
) -> None:
    fleet, model = Fleet(), replace(A, limits=limits)
    plan, script = a_plan(model, B), {"a": [FINE], "b": [FINE]}

    unsent = {**script, "a": [Outcome(0.0, fault)]}
    assert play(plan, scripted(unsent), fleet).models == ["a", "b"]
    assert play(plan, scripted(script), fleet, at_s=1.0).models == ["a"]
    assert play(plan, scripted(script), fleet, at_s=2.0).models == ["b"]


def test_a_limit_of_another_service_tier_is_no_limit_of_the_standard_one() -> None:
    fleet = Fleet()
    script = {"a": [Outcome(0.1, limited(30)), FINE], "b": [FINE]}
    flex = a_plan(A, B, tier="flex")

    assert play(flex, scripted(script), fleet).models == ["a", "b"]
    assert play(flex, scripted({"b": [FINE]}), fleet).models == ["b"]
    assert play(a_plan(A, B), scripted({"a": [FINE]}), fleet).models == ["a"]
    assert fleet.news(0.2).notices == ()  # for others it would be one of the model


def test_a_limit_of_the_standard_tier_is_one_of_all() -> None:
    fleet = Fleet()
    fleet.limit(A, 30.0, 0.0)
    assert play(a_plan(A, B, tier="flex"), scripted({"b": [FINE]}), fleet).models == ["b"]


def test_slots_that_are_taken_are_taken_in_every_tier() -> None:
    fleet = Fleet()
    play(a_plan(A, B, tier="flex"), scripted({"a": [Outcome(0.1, BUSY)], "b": [FINE]}), fleet)
    assert play(a_plan(A, B), scripted({"b": [FINE]}), fleet).models == ["b"]


def test_who_can_ask_nobody_hears_who_is_away_and_for_how_long() -> None:
    fleet = Fleet()
    fleet.limit(A, 90.0, 0.0)
    fleet.limit(B, 20.5, 0.0)

    played = play(a_plan(A, B), scripted({}), fleet)

    assert played.error is not None
    assert (played.error.status, played.error.code) == (503, "no_model_available")
    assert played.error.message == (
        "No model that may answer this request is available now:"
        " a is at its limit for 90 s; b is at its limit for 21 s."
    )
    assert played.error.retry_after_s == pytest.approx(20.5)


def test_a_limit_that_is_known_is_not_asked_for_again() -> None:
    fleet = Fleet()
    script = {"a": [Outcome(0.1, limited(30)), FINE], "b": [FINE]}
    upstreams = scripted(script)
    assert play(a_plan(A, B), upstreams, fleet).models == ["a", "b"]
    assert play(a_plan(A, B), upstreams, fleet, at_s=5).models == ["b"]
    assert play(a_plan(A, B), upstreams, fleet, at_s=31).models == ["a"]


def test_our_own_limit_per_minute_is_kept_before_the_provider_says_so() -> None:
    tight = a_model("a", limits=Limits(requests_per_minute=2))
    fleet, upstreams = Fleet(), scripted({"a": [FINE], "b": [FINE]})
    models = [play(a_plan(tight, B), upstreams, fleet, at_s=n).models[0] for n in range(4)]
    assert models == ["a", "a", "b", "b"]
    assert play(a_plan(tight, B), upstreams, fleet, at_s=62).models == ["a"]


def test_tokens_per_minute_count_the_expected_tokens() -> None:
    tight = a_model("a", limits=Limits(tokens_per_minute=250))
    fleet, upstreams = Fleet(), scripted({"a": [FINE], "b": [FINE]})
    models = [play(a_plan(tight, B), upstreams, fleet, at_s=0).models[0] for _ in range(3)]
    assert models == ["a", "a", "b"]


def test_the_deadline_ends_it_with_a_504() -> None:
    effort = Effort(total_s=3, first_content_s=2)
    played = play(a_plan(A, B, effort=effort), scripted({"a": [Outcome(99)], "b": [Outcome(99)]}))
    assert played.ended_s == pytest.approx(3.0)
    assert played.error is not None
    assert played.error.status == 504


def test_an_attempt_that_is_silent_is_given_up_for_another() -> None:
    effort = Effort(first_content_s=2, attempts_per_model=1)
    played = play(a_plan(A, B, effort=effort), scripted({"a": [Outcome(99)], "b": [FINE]}))
    assert played.asked == [(0.0, "a"), (2.0, "b")]


def test_what_failed_attempts_cost_counts_towards_the_ceiling() -> None:
    plan = a_plan(A, B, ceiling=Money(10), cost=Money(6), effort=Effort(attempts_per_model=1))
    machine = Attempts(plan, Fleet(), started_s=0, jitter=lambda: 0.5)
    (start,) = machine.begin(0)
    assert isinstance(start, Start)
    cheap = Attempts(plan, Fleet(), started_s=0, jitter=lambda: 0.5)
    cheap.begin(0)
    assert [type(c).__name__ for c in machine.failed(1, STUMBLE, 1, cost=Money(6))] == ["GiveUp"]
    assert [type(c).__name__ for c in cheap.failed(1, STUMBLE, 1, cost=Money(4))] == ["Start"]


def test_a_retry_of_the_same_model_stays_below_the_ceiling_too() -> None:
    def after(fault: Fault, cost: Money) -> str:
        plan = a_plan(A, ceiling=Money(10), cost=Money(6))
        machine = Attempts(plan, Fleet(), started_s=0, jitter=lambda: 0.5)
        machine.begin(0)
        return type(machine.failed(1, fault, 1, cost=cost)[0]).__name__

    for fault in (STUMBLE, DISCONNECTED):
        assert after(fault, Money(4)) == "Start"
        assert after(fault, Money(5)) == "GiveUp"


def test_after_the_first_content_nothing_is_started_any_more() -> None:
    machine = Attempts(a_plan(A, B), Fleet(), started_s=0, jitter=lambda: 0.5)
    machine.begin(0)
    assert machine.answering(1) == (Commit(1),)
    assert machine.failed(1, STUMBLE, 1) == ()
    assert machine.tick(2) == ()


def test_a_client_that_left_gets_nothing_started_on_its_behalf() -> None:
    fleet = Fleet()
    machine = Attempts(a_plan(A, B), fleet, started_s=0, jitter=lambda: 0.5)
    machine.begin(0)
    machine.left(1)
    assert machine.failed(1, STUMBLE, 1) == ()
    assert [standing.in_flight for standing in fleet.standings(1)] == [0, 0]


def test_a_silent_model_is_hedged_and_the_faster_answer_wins() -> None:
    plan = a_plan(A, B, hedge_after_s=1.0, hedges=Allowance(0.1, floor=1))
    played = play(plan, scripted({"a": [Outcome(5)], "b": [FINE]}))
    assert played.asked == [(0.0, "a"), (1.0, "b")]
    assert played.answered_by == "b"
    assert played.cancelled == ["a"]


def test_a_model_that_answers_in_time_is_not_hedged() -> None:
    plan = a_plan(A, B, hedge_after_s=1.0, hedges=Allowance(0.1, floor=1))
    assert play(plan, scripted({"a": [FINE]})).models == ["a"]


def test_hedges_stop_when_their_allowance_is_spent() -> None:
    hedges = Allowance(0.1, floor=1)
    upstreams = scripted({"a": [Outcome(5)], "b": [FINE]})
    plan = a_plan(A, B, hedge_after_s=1.0, hedges=hedges)
    asked = [len(play(plan, upstreams).models) for _ in range(3)]
    assert asked == [2, 1, 1]


def test_when_one_of_two_hedged_attempts_fails_the_other_goes_on() -> None:
    plan = a_plan(A, B, hedge_after_s=1.0, hedges=Allowance(0.1, floor=1))
    script = {"a": [Outcome(5)], "b": [Outcome(0.5, STUMBLE)]}
    played = play(plan, scripted(script))
    assert played.models == ["a", "b"]
    assert played.answered_by == "a"


def test_when_both_hedged_attempts_fail_the_first_model_is_not_asked_once_more() -> None:
    script = {"a": [Outcome(1.5, STUMBLE)], "b": [Outcome(1.0, STUMBLE)]}
    hedges = Allowance(0.1, floor=1)
    once = a_plan(A, B, effort=Effort(attempts_per_model=1), hedge_after_s=1.0, hedges=hedges)
    assert play(once, scripted(script)).models == ["a", "b"]
    storm = Fleet(retries=Allowance(0.0, floor=0))
    plan = a_plan(A, B, hedge_after_s=1.0, hedges=Allowance(0.1, floor=1))
    assert play(plan, scripted(script), storm).models == ["a", "b"]


def test_a_hedge_and_the_attempt_beside_it_stay_below_the_ceiling_together() -> None:
    def asked(ceiling: Money) -> list[str]:
        hedges = Allowance(0.1, floor=1)
        plan = a_plan(A, B, ceiling=ceiling, cost=Money(80), hedge_after_s=1.0, hedges=hedges)
        return play(plan, scripted({"a": [Outcome(5)], "b": [FINE]})).models

    assert asked(Money(160)) == ["a", "b"]
    assert asked(Money(159)) == ["a"]


def test_a_hedge_that_the_budget_had_no_room_for_is_still_a_fallback_once_the_first_has_failed() -> (
    None
):
    plan = a_plan(A, B, hedge_after_s=1.0, hedges=Allowance(0.1, floor=1))
    script = {"a": [Outcome(2.0, REFUSED)], "b": [Outcome(0.0, OVERDRAWN), FINE]}
    played = play(plan, scripted(script))
    assert played.asked == [(0.0, "a"), (1.0, "b"), (2.0, "b")]
    assert played.answered_by == "b"


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
    machine.ended(1, CallVerdict.BAD, 300)
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
    machine.ended(1, CallVerdict.BAD, 3)
    assert fleet.refusal(A, 1, 3) is not None


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


def outlasted(fault: Fault, fleet: Fleet, *, is_hurried: bool, requests: int = 5) -> None:
    """Requests for A that have a tenth of a second each, and end in `fault` when it is over."""
    effort = Effort(total_s=0.1, is_hurried=is_hurried)
    for at_s in range(requests):
        machine = Attempts(a_plan(A, effort=effort), fleet, started_s=at_s, jitter=lambda: 0.5)
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
