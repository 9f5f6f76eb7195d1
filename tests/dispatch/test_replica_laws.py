"""Laws of attempts at a model in several places, over generated schedules of faults."""

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from router.dispatch.allowance import Allowance
from router.dispatch.fleet import Fleet
from router.dispatch.plan import Effort, Plan
from router.domain.candidate import Candidate
from router.domain.members import replace
from router.domain.money import Money
from tests.dispatch.model_kit import (
    DISCONNECTED,
    STUMBLE,
    UNREACHABLE,
    Outcome,
    a_candidate,
    a_model,
    a_plan,
    play,
    replicas,
    replicated,
    seeded,
)
from tests.dispatch.schedules import efforts, in_turn, schedules

OTHER = a_model("other", upstream="elsewhere")


@st.composite
def candidates(draw: st.DrawFn) -> Candidate:
    """A model in one to four places, some of them drained, at one of three prices each."""
    size = draw(st.integers(1, 4))
    model = replicas("m", *"abcd"[:size])
    weights = draw(st.lists(st.sampled_from([0.0, 1.0, 5.0]), min_size=size, max_size=size))
    weights[draw(st.integers(0, size - 1))] = 1.0
    places = zip(model.replicas, weights, strict=True)
    model = model.answering_in(tuple(replace(each, weight=weight) for each, weight in places))
    costs = draw(st.lists(st.sampled_from([1, 2, 3]), min_size=size, max_size=size))
    return replicated(model, *map(Money, costs))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    others = [a_candidate(OTHER, Money(9))] if draw(st.booleans()) else []
    usual = a_plan(OTHER, effort=draw(efforts), hedges=Allowance(0.5, floor=2))
    hedge_after_s = draw(st.sampled_from([None, 0.2, 2.0]))
    ordered = draw(st.permutations([draw(candidates()), *others]))
    return replace(usual, candidates=tuple(ordered), hedge_after_s=hedge_after_s)


def open_places(plan: Plan) -> dict[str, Candidate]:
    every = (place for each in plan.candidates for place in each.replicas or (each,))
    return {place.model.key: place for place in every}


@settings(max_examples=1000)
@given(plans(), schedules, st.integers(0, 2**32))
def test_every_request_ends_exactly_once_and_only_open_places_are_asked(
    plan: Plan, schedule: list[Outcome], seed: int
) -> None:
    fleet, known = Fleet(), open_places(plan)
    played = play(plan, in_turn(schedule), fleet, chance=seeded(seed))
    assert (played.answered_by is None) != (played.error is None)
    assert played.commits == (played.answered_by is not None)
    assert max(Counter(played.models).values()) <= 3
    assert played.ended_s <= plan.effort.total_s
    assert set(played.models) <= known.keys()
    assert all(not known[name].model.is_drained for name in played.models)
    assert all(standing.in_flight == 0 for standing in fleet.standings(played.ended_s))


@settings(max_examples=500)
@given(candidates(), schedules, st.integers(0, 2**32))
def test_the_first_place_asked_is_one_of_the_cheapest(
    candidate: Candidate, schedule: list[Outcome], seed: int
) -> None:
    plan = replace(a_plan(OTHER), candidates=(candidate,))
    first = play(plan, in_turn(schedule), chance=seeded(seed)).models[0]
    assert open_places(plan)[first].cost.expected == candidate.cost.expected


@settings(max_examples=300)
@given(candidates(), st.integers(0, 2**32))
def test_one_place_that_is_well_is_enough_however_the_others_fail(
    candidate: Candidate, seed: int
) -> None:
    dice = random.Random(seed)
    well = dice.choice(candidate.replicas).model.key
    plan = replace(a_plan(OTHER), candidates=(candidate,))

    def upstreams(name: str, _: float) -> Outcome:
        return Outcome(0.0, None if name == well else dice.choice([STUMBLE, UNREACHABLE]))

    assert play(plan, upstreams, chance=dice.random).answered_by == well


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 5), st.sampled_from([1.0, 10.0, 50.0]))
def test_a_total_outage_of_many_places_is_no_storm(
    seed: int, places: int, per_second: float
) -> None:
    """At most 1.2 attempts for each request, and a few for each place to find out."""
    requests = 600
    chance, fleet, kinds = seeded(seed), Fleet(), random.Random(seed)
    plan = a_plan(replicas("m", *"abcde"[:places]), effort=Effort(attempts_per_model=3))
    attempts = 0
    for number in range(requests):
        fault = Outcome(0.01, kinds.choice([STUMBLE, DISCONNECTED, UNREACHABLE]))
        at_s = number / per_second
        attempts += len(play(plan, in_turn([fault]), fleet, at_s=at_s, chance=chance).asked)
    assert attempts <= 1.2 * requests + 40 * places
