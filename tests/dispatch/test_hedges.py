"""Transcripts of silent models that are hedged."""

from router.dispatch.allowance import Allowance
from router.dispatch.fleet import Fleet
from router.dispatch.plan import Effort
from router.domain.money import Money
from tests.dispatch.model_kit import (
    OVERDRAWN,
    REFUSED,
    STUMBLE,
    Outcome,
    a_model,
    a_plan,
    play,
    scripted,
)

A, B, C = a_model("a"), a_model("b", upstream="other"), a_model("c", context=128_000)
FINE = Outcome(0.2)


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
