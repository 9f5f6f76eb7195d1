"""Transcripts of single requests: which model is asked when, and what the client is told."""

from typing import Any

import pytest

from router.dispatch.allowance import Allowance
from router.dispatch.commands import Commit, Start
from router.dispatch.fleet import Fleet
from router.dispatch.machine import Attempts
from router.dispatch.plan import Effort
from router.domain.fault import Fault
from router.domain.limits import Limits
from router.domain.members import replace
from router.domain.money import Money
from tests.dispatch.model_kit import (
    BUSY,
    DISCONNECTED,
    NOT_FOUND,
    OVERDRAWN,
    REFUSED,
    STUMBLE,
    TOO_LONG,
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


def test_a_model_that_is_not_there_is_told_of_only_if_nothing_else_was_wrong() -> None:
    for first, second in ((STUMBLE, NOT_FOUND), (NOT_FOUND, STUMBLE)):
        script = {"a": [Outcome(0.0, first)], "b": [Outcome(0.0, second)]}
        told = play(a_plan(A, B), scripted(script)).error
        assert told is not None
        assert told.status == STUMBLE.status
    told = play(a_plan(A), scripted({"a": [Outcome(0.0, NOT_FOUND)]})).error
    assert told is not None
    assert (told.status, told.code) == (404, "upstream_error")


def test_a_model_that_is_not_there_is_not_told_of_while_another_is_at_its_limit() -> None:
    fleet = Fleet()
    fleet.limit(B, 20.5, 0.0)

    told = play(a_plan(A, B), scripted({"a": [Outcome(0.0, NOT_FOUND)]}), fleet).error

    assert told is not None
    assert (told.status, told.retry_after_s) == (503, 20.5)


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


@pytest.mark.parametrize(
    "nonsense",
    [{"attempts_per_model": 0}, {"total_s": 0.0}, {"stall_s": -1.0}, {"total_s": float("inf")}],
)
def test_an_effort_that_could_never_start_or_end_is_refused(nonsense: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="at least one attempt and some time"):
        Effort(**nonsense)
