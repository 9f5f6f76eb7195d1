"""A model in several places, as a decision sees it: the cheapest open place speaks for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.choose import NothingAdequate, choose, pin
from router.decision.estimate import candidate_for
from router.decision.experience import Experience
from router.decision.policy import EVERY_MODEL, Circumstances, Policy, PolicyPool, Terms
from router.domain.decision import Decision
from router.domain.members import replace
from router.domain.model import Model
from router.domain.price import Band, Price
from tests.domain.builders import catalog, features, model

DEAR, CHEAP = Price.per_mtok("4", "8"), Price.per_mtok("1", "2")


def in_places(*places: Model) -> Model:
    named = tuple(
        replace(each, upstream=f"u{n}", replica=f"{each.id}@u{n}") for n, each in enumerate(places)
    )
    return named[0].answering_in(named)


def decide(*models: Model, pool: PolicyPool = EVERY_MODEL) -> Decision:
    policy = Policy("p", "v1", "a test", Terms(reference="best", floor=0.0, pool=pool))
    return choose(features(), Circumstances(), policy, catalog(*models), Experience())


DEAR_US = model(price=DEAR, tags=frozenset({"us"}))
CHEAP_EU = model(price=CHEAP, tags=frozenset({"eu"}))


def test_the_cost_of_a_model_is_that_of_its_cheapest_place() -> None:
    chosen = decide(in_places(DEAR_US, CHEAP_EU)).chosen
    assert (chosen.model.id, chosen.model.upstream) == ("m", "u1")
    assert [each.model.upstream for each in chosen.replicas] == ["u1", "u0"]
    assert chosen.cost == chosen.replicas[0].cost
    assert chosen.cost.expected < chosen.replicas[1].cost.expected


def test_that_is_the_place_that_this_request_is_cheapest_in() -> None:
    rates = Price.per_mtok("9", "9")
    steep = replace(CHEAP_EU, price=replace(CHEAP, bands=(Band(rates, above_input_tokens=5000),)))
    two = in_places(DEAR_US, steep)
    short = pin(features(1000), two, Experience())
    long = pin(features(6000), two, Experience())
    assert (short.chosen.model.upstream, long.chosen.model.upstream) == ("u1", "u0")


def test_a_drained_place_is_no_place_however_cheap() -> None:
    chosen = decide(in_places(DEAR_US, replace(CHEAP_EU, weight=0.0))).chosen
    assert [each.model.upstream for each in chosen.replicas] == ["u0"]
    pinned = pin(features(), in_places(replace(CHEAP_EU, weight=0.0), DEAR_US), Experience()).chosen
    assert [each.model.upstream for each in pinned.replicas] == ["u1"]


@pytest.mark.parametrize(
    "pool", [PolicyPool(with_tags=frozenset({"us"})), PolicyPool(without_tags=frozenset({"eu"}))]
)
def test_a_policys_tags_leave_the_places_that_have_them(pool: PolicyPool) -> None:
    decision = decide(in_places(DEAR_US, CHEAP_EU), pool=pool)
    assert [each.model.upstream for each in decision.chosen.replicas] == ["u0"]
    assert decision.chosen.cost == decision.chosen.replicas[0].cost
    assert decision.reference.model.upstream == "u0"


def test_when_no_place_is_left_the_model_is_excluded() -> None:
    both = in_places(DEAR_US, CHEAP_EU)
    with pytest.raises(NothingAdequate, match="the policy does not allow it"):
        decide(both, pool=PolicyPool(with_tags=frozenset({"mars"})))
    eu_drained = in_places(DEAR_US, replace(CHEAP_EU, weight=0.0))
    with pytest.raises(NothingAdequate, match="the policy does not allow it"):
        decide(eu_drained, pool=PolicyPool(with_tags=frozenset({"eu"})))


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=5))
def test_another_place_never_makes_a_model_dearer(places: list[tuple[int, bool]]) -> None:
    made = [
        model(price=(str(usd), str(usd)), tags=frozenset({"t"} if tagged else ()))
        for usd, tagged in places
    ]
    pool = PolicyPool(with_tags=frozenset({"t"}))
    if not any(tagged for _, tagged in places):
        return
    costs = [
        decide(in_places(*made[: n + 1]), pool=pool).chosen.cost.expected
        for n in range(len(made))
        if any(tagged for _, tagged in places[: n + 1])
    ]
    assert costs == sorted(costs, reverse=True)


def test_a_replica_of_another_model_and_a_weight_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="another model"):
        replace(model(), replicas=(model("other"),))
    for weight in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="weight"):
            replace(model(), weight=weight)


def test_a_place_costs_what_it_would_as_a_model_of_its_own() -> None:
    places = in_places(
        model(price=CHEAP),
        model(price=Price.per_mtok("1", "2")),
        model(price=DEAR),
        model(price=CHEAP, max_output_tokens=7),
        model(price=CHEAP, context_tokens=123_456),
    )
    what = replace(features(), parts_elsewhere=1)
    found = candidate_for(places, what, Experience())

    alone = {each.key: candidate_for(each, what, Experience()).cost for each in places.replicas}
    assert {each.model.key: each.cost for each in found.replicas} == alone
    assert len({repr(each) for each in alone.values()}) == 4
