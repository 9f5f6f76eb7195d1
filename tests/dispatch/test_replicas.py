"""Transcripts of requests to a model that answers in several places."""

import pytest

from router.dispatch.allowance import Allowance
from router.dispatch.breaker import BreakerState
from router.dispatch.fleet import Fleet
from router.dispatch.plan import Effort, Plan
from router.domain.fault import Fault
from router.domain.limits import Limits
from router.domain.members import replace
from router.domain.money import Money
from tests.dispatch.model_kit import (
    DISCONNECTED,
    NOT_FOUND,
    OVERDRAWN,
    REFUSED,
    STUMBLE,
    TOO_LONG,
    UNREACHABLE,
    UNSUITED,
    Outcome,
    a_model,
    a_plan,
    limited,
    play,
    replicas,
    replicated,
    scripted,
    seeded,
)

M, OTHER = replicas("m", "a", "b"), a_model("other", upstream="elsewhere")
FINE = Outcome(0.2)


def dear_and_cheap(ceiling: Money | None = None) -> Plan:
    """A plan for `m`, which costs 2 in place a and 1 in place b, and for another model."""
    chosen = replicated(M, Money(2), Money(1))
    return replace(
        a_plan(M, OTHER, ceiling=ceiling), candidates=(chosen, *a_plan(OTHER).candidates)
    )


@pytest.mark.parametrize("fault", [STUMBLE, UNREACHABLE, REFUSED, NOT_FOUND, limited(30)])
def test_after_a_failure_another_replica_is_asked_at_once_before_another_model(
    fault: Fault,
) -> None:
    script = {"m@a": [FINE], "m@b": [Outcome(0.1, fault)], "other": [FINE]}
    played = play(dear_and_cheap(), scripted(script))
    assert played.asked == [(0.0, "m@b"), (0.1, "m@a")]
    assert played.answered_by == "m@a"


def test_that_costs_nothing_of_the_allowance_of_retries() -> None:
    fleet = Fleet(retries=Allowance(0.0, floor=0))
    script = {"m@a": [FINE], "m@b": [Outcome(0.1, STUMBLE)], "other": [FINE]}
    assert play(dear_and_cheap(), scripted(script), fleet).answered_by == "m@a"


def test_when_every_replica_has_failed_the_next_model_is_asked() -> None:
    script = {"m@a": [Outcome(0.1, STUMBLE)], "m@b": [Outcome(0.1, STUMBLE)], "other": [FINE]}
    assert play(dear_and_cheap(), scripted(script)).models == ["m@b", "m@a", "other"]


def test_the_last_replica_is_asked_again_when_the_model_has_tries_left() -> None:
    effort = Effort(attempts_per_model=3)
    script = {"m@a": [Outcome(0.1, STUMBLE)], "m@b": [Outcome(0.1, STUMBLE)]}
    played = play(a_plan(M, effort=effort), scripted(script), chance=lambda: 0.0)
    assert played.models == ["m@a", "m@b", "m@b"]


def test_of_five_keys_of_which_four_are_limited_the_fifth_answers() -> None:
    names = "abcde"
    plan = a_plan(replicas("m", *names))
    script = {f"m@{name}": [Outcome(0.0, limited(30))] for name in names[:4]} | {"m@e": [FINE]}
    fleet = Fleet()
    assert play(plan, scripted(script), fleet, chance=lambda: 0.0).models[-1] == "m@e"
    assert play(plan, scripted(script), fleet, at_s=5).models == ["m@e"]


def test_a_replica_that_keeps_failing_rests_and_the_others_do_not() -> None:
    fleet, broken = Fleet(), scripted({"m@a": [Outcome(0.1, STUMBLE)], "m@b": [FINE]})
    chance = seeded(2)
    for tenth in range(30):
        played = play(a_plan(M), broken, fleet, at_s=tenth / 10, chance=chance)
        assert played.answered_by == "m@b"
    states = {each.name: each.state for each in fleet.standings(3.0)}
    assert (states["m@a"], states["m@b"]) == (BreakerState.OPEN, BreakerState.CLOSED)
    for _ in range(10):
        assert play(a_plan(M), broken, fleet, at_s=3.0, chance=chance).models == ["m@b"]


def test_the_cheapest_that_may_be_asked_is_asked_though_it_is_slow() -> None:
    fleet = Fleet()
    slow = scripted({"m@a": [FINE], "m@b": [Outcome(50.0)]})
    for second in range(5):
        assert play(dear_and_cheap(), slow, fleet, at_s=second * 60).models == ["m@b"]


def test_when_the_cheapest_is_limited_a_dearer_one_is_asked_unless_that_costs_too_much() -> None:
    script = {"m@a": [FINE], "m@b": [Outcome(0.0, limited(30))], "other": [FINE]}
    assert play(dear_and_cheap(), scripted(script)).models == ["m@b", "m@a"]
    assert play(dear_and_cheap(Money(1)), scripted(script)).models == ["m@b", "other"]


def test_with_its_places_all_taken_a_cheap_replica_overflows_into_a_dearer_one() -> None:
    fleet, own = Fleet(), replace(M.replicas[1], limits=Limits(in_flight=1))
    under_way = fleet.begin(own, 100, 0.0)
    plan = dear_and_cheap()
    chosen = plan.candidates[0]
    tight = replace(chosen.replicas[0], model=own)
    plan = replace(plan, candidates=(replace(tight, replicas=(tight, chosen.replicas[1])),))
    assert under_way.model.key == "m@b"
    assert play(plan, scripted({"m@a": [FINE], "m@b": [FINE]}), fleet).models == ["m@a"]


def test_a_drained_replica_is_never_asked_not_even_when_all_others_fail() -> None:
    drained = replace(M.replicas[0], weight=0.0)
    model = M.answering_in((drained, M.replicas[1]))
    played = play(a_plan(model), scripted({"m@b": [Outcome(0.1, STUMBLE)]}))
    assert set(played.models) == {"m@b"}
    assert played.error is not None


def test_a_closed_connection_is_replaced_at_the_same_replica() -> None:
    script = {"m@a": [FINE], "m@b": [Outcome(0.1, DISCONNECTED), FINE]}
    assert play(dear_and_cheap(), scripted(script)).asked == [(0.0, "m@b"), (0.1, "m@b")]


def test_without_the_money_for_it_no_other_replica_is_tried() -> None:
    script = {"m@a": [FINE], "m@b": [Outcome(0.0, OVERDRAWN)], "other": [FINE]}
    assert play(dear_and_cheap(), scripted(script)).models == ["m@b", "other"]


def test_a_prompt_too_long_for_one_replica_is_too_long_for_all() -> None:
    script = {"m@a": [FINE], "m@b": [Outcome(0.0, TOO_LONG)], "other": [FINE]}
    assert play(dear_and_cheap(), scripted(script)).models == ["m@b"]


def test_what_a_models_api_cannot_say_is_asked_in_no_other_place_of_it() -> None:
    script = {"m@a": [FINE], "m@b": [Outcome(0.0, UNSUITED)], "other": [FINE]}
    assert play(dear_and_cheap(), scripted(script)).models == ["m@b", "other"]


def test_a_silent_replica_is_hedged_by_another_one_of_its_model() -> None:
    plan = replace(dear_and_cheap(), hedge_after_s=1.0, hedges=Allowance(1.0, floor=1.0))
    played = play(plan, scripted({"m@a": [FINE], "m@b": [Outcome(30.0)], "other": [FINE]}))
    assert played.asked == [(0.0, "m@b"), (1.0, "m@a")]
    assert (played.answered_by, played.cancelled) == ("m@a", ["m@b"])


def test_the_last_door_is_the_cheapest_replica_at_rest() -> None:
    fleet, broken = Fleet(), {"m@a": [Outcome(0.0, STUMBLE)], "m@b": [Outcome(0.0, STUMBLE)]}
    plan = replace(dear_and_cheap(), candidates=dear_and_cheap().candidates[:1])
    for second in range(10):
        play(plan, scripted(broken), fleet, at_s=second / 10)
    resting = {each.name for each in fleet.standings(1.0) if each.state is BreakerState.OPEN}
    assert {"m@a", "m@b"} <= resting
    assert play(plan, scripted({"m@b": [FINE]}), fleet, at_s=1.0).models == ["m@b"]


def test_a_slow_replica_gets_less_and_the_error_speaks_of_the_model_alone() -> None:
    fleet, chance = Fleet(), seeded(11)
    slow = scripted({"m@a": [Outcome(5.0)], "m@b": [Outcome(0.5)]})
    asked = [
        play(a_plan(M), slow, fleet, at_s=second * 6, chance=chance).models[0]
        for second in range(100)
    ]
    assert asked.count("m@a") < 35
    gone = play(a_plan(M), scripted({"m@a": [Outcome(0, REFUSED)], "m@b": [Outcome(0, REFUSED)]}))
    assert gone.error is not None
    assert "'m'" in gone.error.message
    assert "@" not in gone.error.message
