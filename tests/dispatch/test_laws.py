"""Laws of dispatch over generated schedules of faults, on a virtual clock."""

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from router.dispatch.allowance import Allowance
from router.dispatch.breaker import Breaker, BreakerSettings, BreakerState
from router.dispatch.fleet import Fleet
from router.dispatch.plan import Effort, Plan
from router.domain.fault import FaultKind
from tests.dispatch.model_kit import (
    BUSY,
    DISCONNECTED,
    MISTAKE,
    NOT_FOUND,
    OVERDRAWN,
    REFUSED,
    STUMBLE,
    TOO_LONG,
    UNREACHABLE,
    UNSUITED,
    WRONG,
    Outcome,
    Played,
    a_model,
    a_plan,
    limited,
    play,
    seeded,
)
from tests.dispatch.schedules import efforts, in_turn, schedules

MODELS = (a_model("a"), a_model("b", upstream="other"), a_model("c", context=128_000))
plans = st.builds(
    lambda models, effort, hedge: a_plan(
        *models, effort=effort, hedge_after_s=hedge, hedges=Allowance(0.5, floor=2)
    ),
    st.lists(st.sampled_from(MODELS), min_size=1, max_size=3, unique_by=lambda m: m.id),
    efforts,
    st.sampled_from([None, 0.2, 2.0]),
)


@settings(max_examples=2000)
@given(plans, schedules, st.integers(0, 2**32))
def test_every_request_ends_exactly_once_within_its_bounds(
    plan: Plan, schedule: list[Outcome], seed: int
) -> None:
    fleet = Fleet()
    played = play(plan, in_turn(schedule), fleet, chance=seeded(seed))
    assert (played.answered_by is None) != (played.error is None)
    assert played.commits == (played.answered_by is not None)
    assert max(Counter(played.models).values()) <= 3
    assert played.ended_s <= plan.effort.total_s
    assert set(played.models) <= {candidate.model.id for candidate in plan.candidates}
    assert all(at_s < plan.effort.total_s for at_s, _ in played.asked)
    assert all(standing.in_flight == 0 for standing in fleet.standings(played.ended_s))


@settings(max_examples=500)
@given(plans, schedules, st.integers(0, 2**32))
def test_the_same_schedule_is_played_the_same_way_twice(
    plan: Plan, schedule: list[Outcome], seed: int
) -> None:
    def once() -> Played:
        unspent = a_plan(
            *(candidate.model for candidate in plan.candidates),
            effort=plan.effort,
            hedge_after_s=plan.hedge_after_s,
            hedges=Allowance(0.5, floor=2),
        )
        return play(unspent, in_turn(schedule), chance=seeded(seed))

    first, second = once(), once()
    assert (first.asked, first.answered_by, first.ended_s) == (
        second.asked,
        second.answered_by,
        second.ended_s,
    )


@settings(max_examples=500)
@given(plans, schedules)
def test_an_answer_comes_whenever_the_first_one_asked_is_well(
    plan: Plan, schedule: list[Outcome]
) -> None:
    well = [Outcome(0.0), *schedule]
    assert play(plan, in_turn(well)).answered_by == plan.candidates[0].model.id


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 3), st.sampled_from([1.0, 10.0, 50.0]))
def test_a_total_outage_is_no_storm(seed: int, models: int, per_second: float) -> None:
    """Steady traffic while everything fails: at most 1.2 attempts for each request, and a few."""
    requests = 600
    chance, fleet = seeded(seed), Fleet()
    attempts = 0
    plan = a_plan(*MODELS[:models], effort=Effort(attempts_per_model=3))
    kinds = random.Random(seed)
    for number in range(requests):
        fault = kinds.choice([STUMBLE, DISCONNECTED, UNREACHABLE])
        played = play(
            plan,
            lambda _model, _now_s, fault=fault: Outcome(0.01, fault),  # type: ignore[misc]
            fleet,
            at_s=number / per_second,
            chance=chance,
        )
        attempts += len(played.asked)
    assert attempts <= 1.2 * requests + 40


@settings(max_examples=50)
@given(st.integers(0, 2**32))
def test_after_an_outage_everything_closes_again_and_the_first_choice_answers(seed: int) -> None:
    chance, fleet = seeded(seed), Fleet()
    plan = a_plan(*MODELS)
    for number in range(100):
        play(plan, lambda _m, _t: Outcome(0.01, STUMBLE), fleet, at_s=float(number), chance=chance)
    answered = [
        play(plan, lambda _m, _t: Outcome(0.01), fleet, at_s=float(second), chance=chance)
        for second in range(100, 400)
    ]
    assert all(played.error is None for played in answered)
    assert answered[-1].models == ["a"]


def test_retries_of_many_requests_do_not_come_at_once() -> None:
    chance = seeded(7)
    retries = []
    for _ in range(200):
        played = play(
            a_plan(MODELS[0]), lambda _m, _t: Outcome(0.0, STUMBLE), Fleet(), chance=chance
        )
        retries.append(played.asked[1][0])
    tenths = Counter(int(at_s / 0.025) for at_s in retries)
    assert len(tenths) == 10
    assert max(tenths.values()) < 200 * 0.2


@settings(max_examples=100)
@given(st.lists(st.tuples(st.floats(0, 60), st.booleans()), min_size=1, max_size=50))
def test_a_half_open_breaker_lets_one_probe_through_at_a_time(
    steps: list[tuple[float, bool]],
) -> None:
    breaker, now_s = Breaker(BreakerSettings()), 0.0
    while breaker.closed_for_s(now_s) == 0:
        breaker.failed(breaker.began(now_s), now_s)
    for pause_s, goes_well in steps:
        now_s += breaker.closed_for_s(now_s)
        is_half_open = breaker.state(now_s) is BreakerState.HALF_OPEN
        epoch = breaker.began(now_s)
        now_s += pause_s
        assert (breaker.closed_for_s(now_s) > 0) is is_half_open
        (breaker.succeeded if goes_well else breaker.failed)(epoch, now_s)


def test_every_kind_of_fault_is_scheduled_here() -> None:
    kinds = {
        STUMBLE.kind,
        DISCONNECTED.kind,
        UNREACHABLE.kind,
        REFUSED.kind,
        WRONG.kind,
        TOO_LONG.kind,
        NOT_FOUND.kind,
        OVERDRAWN.kind,
        MISTAKE.kind,
        BUSY.kind,
        UNSUITED.kind,
    }
    assert kinds | {limited().kind} == set(FaultKind)
