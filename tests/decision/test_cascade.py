"""Cascades, case by case: when one is used, which, and what follows it."""

import pytest

from router.decision.policy import Circumstances, FallBackTo
from router.decision.verdicts import Pairing, Verdicts
from router.decision.verdicts import StepOutcome as Witnessed
from router.domain.agreeing import Agreeing, Habits
from router.domain.cascade import StepRecipe
from router.domain.estimate import EstimateSource
from router.domain.local_cascades import LocalCascade, LocalCascades
from router.domain.members import replace
from router.domain.money import Money
from router.domain.objective import Aim, Objective
from tests.decision.cascade_kit import (
    ALL,
    AUTO,
    SETTLES,
    SMALL,
    TINY,
    TOP,
    always,
    automatic,
    deciding,
    observed,
    told,
)
from tests.decision.prospects import Told, prospect
from tests.domain.builders import catalog, features, model

# ----------------------------------------------------------------------------- what is taken


def test_a_pair_that_own_answers_speak_for_is_looked_at_though_others_promise_more() -> None:
    """Two models are as cheap and as good as the small one, which is otherwise in no pair."""
    better = (model(name, price=("0.05", "0.1"), p=0.75) for name in ("swift", "spry"))
    models = catalog(*ALL.values(), *better)
    own = LocalCascade(
        ("middle", "small", "top"), replace(SETTLES, source=EstimateSource.LOCAL), 99
    )
    found = LocalCascades({features().category: (own,)}).prospects(features().category, None)

    assert told(deciding(models=models)).startswith("top | no two models")
    assert told(deciding(found, models=models)).startswith("middle+small > top |")
    assert told(deciding(found, models=catalog(TOP, SMALL))).startswith("top | no two models")


def test_a_pair_that_pays_comes_before_the_reference() -> None:
    decision = deciding()
    cascade = decision.cascade

    assert told(decision) == "middle+small > top | "
    assert decision.reason == "cascade"
    assert decision.reference is decision.chosen
    assert decision.is_adequate(decision.chosen)
    assert cascade is not None
    assert cascade.final is decision.chosen
    assert cascade.steps[0].prospect == SETTLES
    assert cascade.alone is not None
    assert cascade.alone.model.id == "top"


def test_its_cost_is_the_steps_and_the_final_model_as_often_as_it_is_asked() -> None:
    decision = deciding()
    cascade = decision.cascade
    assert cascade is not None
    costs = {each.model.id: each.cost for each in cascade.steps[0].candidates}
    pair = costs["middle"].expected + costs["small"].expected
    top = decision.chosen.cost

    assert cascade.cost.expected.pico == round(pair.pico + 0.4 * top.expected.pico)
    assert decision.expected_cost == cascade.cost.expected < top.expected
    assert cascade.cost.upper == costs["middle"].upper + costs["small"].upper + top.upper
    assert cascade.cost.p10 is not None
    assert cascade.cost.p90 is not None
    assert cascade.cost.p10 < pair < top.expected < cascade.cost.p90


def test_its_quality_is_the_final_models_and_the_gain() -> None:
    cascade = deciding().cascade
    assert cascade is not None

    assert cascade.quality.p == pytest.approx(0.91)
    assert cascade.quality.sd == pytest.approx((0.05**2 + 0.005**2) ** 0.5)
    assert cascade.quality.source == "prior"


def test_nothing_of_a_step_is_shown_before_its_slowest_answer() -> None:
    cascade = deciding(experience=observed(middle=4.0, small=1.0, top=10.0)).cascade
    assert cascade is not None

    assert cascade.latency.total_s == pytest.approx(4.0 + 0.4 * 10.0)
    assert cascade.latency.first_content_s == pytest.approx(4.0 + 0.4 * 2.5)


def test_of_several_pairs_the_cheapest_is_taken() -> None:
    known = Told({("middle", "small"): SETTLES, ("small", "tiny"): prospect(0.6)})

    assert told(deciding(known)) == "small+tiny > top | "


def test_a_dearer_pair_that_settles_more_is_the_cheaper_way() -> None:
    known = Told({("middle", "small"): prospect(0.8), ("small", "tiny"): prospect(0.5)})

    assert told(deciding(known)) == "middle+small > top | "


def test_two_answers_of_one_model_are_taken_where_something_is_known_of_them() -> None:
    assert told(deciding(Told({("small", "small"): SETTLES}))) == "small+small > top | "


def test_of_a_model_that_would_say_the_same_again_no_second_answer_is_wanted() -> None:
    same = replace(features(), answers_vary=False)
    twice, pair = StepRecipe(("small", "small")), StepRecipe(("small", "middle"))
    left_out = "the step of small and small is left out: as the request is set, small would say the same again"

    assert told(deciding(cascade=always(twice))) == "small+small > top | "
    assert told(deciding(what=same, cascade=always(twice))) == f"top | {left_out}"
    assert told(deciding(what=same, cascade=always(twice, pair))) == "small+middle > top | "
    both = Told({("small", "small"): prospect(0.9, 0.01), ("middle", "small"): SETTLES})
    assert told(deciding(both)) == "small+small > top | "
    assert told(deciding(both, what=same)) == "middle+small > top | "
    assert told(deciding(both, what=same, cascade=automatic(twice))) == f"top | {left_out}"


def test_why_a_model_is_not_asked_twice_is_told_where_own_answers_speak_for_it() -> None:
    known, same = SETTLES, replace(features(), answers_vary=False)
    own = LocalCascade(("small", "small", "top"), replace(known, source=EstimateSource.LOCAL), 99)
    found = LocalCascades({features().category: (own,)}).prospects(features().category, None)

    assert told(deciding(found)) == "small+small > top | "
    assert told(deciding(found, what=same)) == (
        "top | small twice before top: as the request is set, small would say the same again"
    )


def test_what_was_learnt_of_different_models_takes_no_model_twice() -> None:
    sure = Agreeing(Habits(0.0, 1.0, 0.0, 0.0, 0.0), (0.0,) * 5, 0.0, 0.0)
    top, small, tiny = (replace(each, name=each.id) for each in (TOP, SMALL, TINY))

    assert told(deciding(sure, models=catalog(top, small, tiny))) == "small+tiny > top | "
    assert told(deciding(sure, models=catalog(top, small))).startswith(
        "top | no two models with known results"
    )


def test_what_was_seen_of_a_model_asked_twice_adjusts_and_stops_it() -> None:
    own = LocalCascade(("small", "small", "top"), replace(SETTLES, source=EstimateSource.LOCAL), 99)
    found = LocalCascades({features().category: (own,)}).prospects(features().category, None)
    verdicts, pairing = (
        Verdicts(),
        Pairing(features().category, ("small", "small"), "top"),
    )
    for _ in range(40):
        verdicts.note(pairing, Witnessed.ACCEPTED)
    taken = deciding(found, seen=verdicts.observed(0.5))
    for _ in range(1500):
        verdicts.note(pairing, Witnessed.REJECTED)

    assert told(taken) == "small+small > top | "
    assert taken.cascade is not None
    assert taken.cascade.steps[0].prospect is not None
    assert taken.cascade.steps[0].prospect.p_accept > SETTLES.p_accept + 0.02
    assert told(deciding(found, seen=verdicts.observed(0.5))).startswith("top | small twice before")


def test_what_follows_the_final_model_is_as_ever() -> None:
    assert told(deciding(fall_back_to=FallBackTo.ANY)) == "middle+small > top | middle small tiny"
    assert told(deciding(fall_back_to=FallBackTo.NONE)) == "middle+small > top | "
    assert told(deciding(fall_back_to=("tiny",))) == "middle+small > top | tiny"


def test_before_a_single_model_that_would_do_a_cheaper_pair_is_taken() -> None:
    known = Told({("small", "tiny"): prospect(0.9, -0.05)})
    decision = deciding(known, within=0.15)

    assert told(decision) == "small+tiny > top | middle"
    assert decision.cascade is not None
    assert decision.cascade.alone is not None
    assert decision.cascade.alone.model.id == "middle"


def test_a_policy_that_falls_back_to_none_excludes_who_would_have_answered_alone() -> None:
    known = Told({("small", "tiny"): prospect(0.95, -0.05)})
    decision = deciding(known, within=0.15, fall_back_to=FallBackTo.NONE)

    assert told(decision) == "small+tiny > top | "
    assert [(e.model_id, e.reason) for e in decision.exclusions] == [
        ("middle", "no_fallbacks"),
        ("small", "quality"),
        ("tiny", "quality"),
    ]


def test_the_policy_names_the_final_model() -> None:
    terms = replace(AUTO, final="middle")
    known = Told({("small", "tiny"): prospect(0.9, 0.1)})

    assert told(deciding(known, cascade=terms, within=0.05)) == "small+tiny > middle | top"


def test_without_a_reference_that_may_answer_here_the_best_is_the_last() -> None:
    known = Told(others=prospect(0.7, 0.05))
    ceiling = Money.from_usd("0.003")
    decision = deciding(known, Circumstances(asked="top"), within=0.1, ceiling=ceiling)

    assert decision.reference.model.id == "top"
    assert told(decision) == "tiny+tiny > middle | "


# ------------------------------------------------------------------------------- other aims


def test_the_best_is_a_cascade_that_is_surely_better() -> None:
    best = Objective(Aim.BEST)
    sure = Told({("middle", "small"): prospect(0.6, 0.02, gain_sd=0.01)})
    unsure = Told({("middle", "small"): prospect(0.6, 0.02, gain_sd=0.02)})

    assert told(deciding(sure, objective=best, within=0.5)).startswith("middle+small > top")
    assert told(deciding(unsure, objective=best, within=0.5)) == (
        "top | small and middle before top: a quality of 0.887 at the lower end is not above the 0.900"
        " of top alone"
    )


def test_who_pays_for_time_and_quality_takes_what_costs_least_in_all() -> None:
    def with_seconds_worth(usd: str) -> str:
        weighted = Objective(Aim.WEIGHTED, Money.from_usd("0.001"), Money.from_usd(usd))
        seen = observed(middle=7.0, small=1.0, top=8.0, tiny=1.0)
        return told(deciding(objective=weighted, experience=seen))

    assert with_seconds_worth("0.001") == "middle+small > top | "
    assert with_seconds_worth("0.1").startswith("top | small and middle before top: an expected")
