"""The choice, case by case: what is excluded, what is adequate, what is chosen if nothing is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.choose import choose, pin
from router.decision.conditions import CONDITIONS
from router.decision.experience import Experience, ObservedAnswer
from router.decision.lengths import LatencyLine, LengthPrior, Tier
from router.decision.policy import (
    Circumstances,
    FallBackTo,
    Otherwise,
    Policy,
    PolicyPool,
    Rule,
    Terms,
)
from router.domain.caching import NO_CACHING, CacheTerms
from router.domain.category import Category
from router.domain.decision import ExclusionReason
from router.domain.members import replace
from router.domain.model import Capability, Model
from router.domain.money import Money
from router.domain.objective import Aim, Objective
from tests.decision.catalogs import NOBODY, policy
from tests.decision.choosing import ALL, BEST, MIDDLE, SMALL, deciding, refusal, told
from tests.domain.builders import catalog, features, model


def test_the_cheapest_within_tolerance_of_the_best_answers() -> None:
    decision = deciding(within=0.1)

    assert told(decision) == "cheapest-adequate middle | top | small:quality"
    assert decision.reference.model.id == "top"
    assert decision.required_p == pytest.approx(0.85)
    assert decision.exclusions[0].detail == "its predicted quality of 0.650 is below 0.850"


def test_the_model_that_was_asked_for_is_the_reference() -> None:
    decision = deciding(who=Circumstances(asked="small"), within=0.0)

    assert told(decision) == "cheapest-adequate small | middle top | "
    assert decision.reference.model.id == "small"


def test_a_reference_that_may_not_answer_is_still_the_measure() -> None:
    decision = deciding(
        reference="top", within=0.1, pool=PolicyPool(without_tags=frozenset({"closed"}))
    )

    assert decision.reference.model.id == "top"
    assert told(decision) == "cheapest-adequate middle |  | top:not_allowed small:quality"


def test_an_unknown_reference_leaves_the_best() -> None:
    assert deciding(reference="gone").reference.model.id == "top"


def test_a_floor_takes_the_place_of_the_tolerance() -> None:
    decision = deciding(floor=0.6, within=0.0)

    assert decision.required_p == 0.6
    assert told(decision) == "cheapest-adequate small | middle top | "


@pytest.mark.parametrize(("p", "within"), [(0.8, 0.1), (0.9, 0.3), (0.6, 0.2), (0.95, 0.05)])
def test_a_quality_at_the_very_edge_is_within(p: float, within: float) -> None:
    edge = model("edge", p=round(p - within, 2))
    found = choose(
        features(),
        NOBODY,
        policy(within=within),
        catalog(edge, replace(BEST, id="b", abilities=model(p=p).abilities)),
        Experience(),
    )
    assert found.chosen.model.id == "edge"


@given(st.floats(0.0, 1.0), st.sampled_from([0.5, 0.9]))
def test_the_reference_is_good_enough_without_any_tolerance(p: float, confidence: float) -> None:
    terms = policy(within=0.0, confidence=confidence, otherwise=Otherwise.REFUSE)
    models = catalog(model("ref", p=p), model("weak", p=0.0, price=("0", "0")))
    decision = choose(features(), Circumstances(asked="ref"), terms, models, Experience())

    assert decision.is_adequate(decision.reference)
    assert decision.chosen.model.id == "ref" or p < 1e-9


@given(st.floats(0.0, 1.0))
def test_who_is_exactly_as_good_as_the_reference_is_good_enough(p: float) -> None:
    models = catalog(model("ref", p=p), model("twin", p=p, price=("0", "0")))
    who = Circumstances(asked="ref")
    decision = choose(features(), who, policy(within=0.0), models, Experience())

    assert told(decision) == "cheapest-adequate twin | ref | "


def test_a_tolerance_wider_than_the_quality_asks_for_nothing() -> None:
    assert deciding(within=1.0).required_p == 0.0


@pytest.mark.parametrize(
    ("keep", "line"),
    [
        (FallBackTo.ADEQUATE, "cheapest-adequate middle | top | small:quality"),
        (FallBackTo.ANY, "cheapest-adequate middle | top small | "),
        (FallBackTo.NONE, "cheapest-adequate middle |  | small:quality top:no_fallbacks"),
    ],
)
def test_the_policy_says_who_may_answer_instead(keep: FallBackTo, line: str) -> None:
    assert told(deciding(within=0.1, fall_back_to=keep)) == line


@pytest.mark.parametrize(
    ("otherwise", "keep", "line"),
    [
        (
            Otherwise.BEST,
            FallBackTo.ADEQUATE,
            "best-available top |  | middle:quality small:quality",
        ),
        (Otherwise.BEST, FallBackTo.ANY, "best-available top | middle small | "),
        (Otherwise.CHEAPEST, FallBackTo.ANY, "cheapest-available small | top middle | "),
        (
            Otherwise.CHEAPEST,
            FallBackTo.NONE,
            "cheapest-available small |  | middle:quality top:quality",
        ),
    ],
)
def test_when_nothing_is_adequate_the_policy_says_what_to_take(
    otherwise: Otherwise, keep: FallBackTo, line: str
) -> None:
    assert told(deciding(floor=0.99, otherwise=otherwise, fall_back_to=keep)) == line


@pytest.mark.parametrize("keep", FallBackTo)
def test_when_nothing_is_adequate_the_policy_may_refuse(keep: FallBackTo) -> None:
    error = refusal(floor=0.99, otherwise=Otherwise.REFUSE, fall_back_to=keep)

    assert error.message == (
        "Policy 'p' allows no model to answer this request ("
        "middle: its predicted quality of 0.880 is below 0.990; "
        "small: its predicted quality of 0.650 is below 0.990; "
        "top: its predicted quality of 0.950 is below 0.990)."
    )
    assert {each.reason for each in error.exclusions} == {ExclusionReason.QUALITY}


def test_nobody_being_able_is_a_refusal_whatever_the_policy_says() -> None:
    nobody = PolicyPool(ids=frozenset({"nobody"}))

    assert len(refusal(pool=nobody, otherwise=Otherwise.BEST).exclusions) == 3


def test_a_pool_names_models_and_tags() -> None:
    assert told(deciding(pool=PolicyPool(ids=frozenset({"small", "middle"})), within=1.0)) == (
        "cheapest-adequate small | middle | top:not_allowed"
    )
    assert told(deciding(pool=PolicyPool(with_tags=frozenset({"closed"})))) == (
        "cheapest-adequate top |  | middle:not_allowed small:not_allowed"
    )


def test_what_does_not_fit_into_the_context_is_excluded() -> None:
    decision = deciding(features(7000), within=1.0)
    long = deciding(replace(features(7000), max_output_tokens=2000), within=1.0)

    assert decision.chosen.model.id == "small"
    assert told(long) == "cheapest-adequate middle | top | small:context"
    assert long.exclusions[0].detail == "9000 tokens do not fit into its context of 8000"


def test_what_may_be_shortened_is_left_to_models_whose_provider_does_that() -> None:
    long = replace(features(7000), max_output_tokens=2000, may_be_shortened=True)
    in_chat = replace(SMALL, capabilities=SMALL.capabilities - {Capability.RESPONSES_API})
    models = catalog(BEST, MIDDLE, in_chat)

    assert told(deciding(long, within=1.0)) == "cheapest-adequate small | middle top | "
    assert told(choose(long, NOBODY, policy(within=1.0), models, Experience())) == (
        "cheapest-adequate middle | top | small:context"
    )


def test_what_lacks_a_capability_is_excluded() -> None:
    blind = replace(SMALL, capabilities=frozenset({Capability.TOOLS}))
    what = replace(features(), needs=frozenset({Capability.VISION, Capability.AUDIO}))
    decision = choose(what, NOBODY, policy(within=1.0), catalog(BEST, blind), Experience())

    assert told(decision) == "cheapest-adequate top |  | small:capability"
    assert decision.exclusions[0].detail == "it does not offer audio, vision"


def test_what_is_expected_to_cost_more_than_the_ceiling_is_excluded() -> None:
    decision = deciding(ceiling=Money.from_usd("0.003"), within=1.0)

    assert told(decision) == "cheapest-adequate small | middle | top:cost_ceiling"
    assert decision.exclusions[0].detail == (
        "an expected 0.00525 USD is above the ceiling of 0.003 USD"
    )


def test_what_is_only_predicted_to_be_slow_is_not_excluded() -> None:
    slow = LengthPrior(tiers=(Tier(100.0, LatencyLine(60.0, 1.0, 0.5)),))
    terms = policy(within=1.0, first_content_s=2.0, total_s=30.0)
    decision = choose(features(), NOBODY, terms, ALL, Experience(slow))

    assert decision.chosen.latency.is_predicted
    assert decision.exclusions == ()


HOUR_S = 3600.0


def _fastest(seen: Experience, at_s: float) -> str:
    terms = policy(within=1.0, objective=Objective(Aim.FASTEST))
    both = catalog(BEST, MIDDLE)
    return choose(features(), replace(NOBODY, unix_s=at_s), terms, both, seen).chosen.model.id


def test_who_was_slow_yesterday_is_found_out_about_again_by_one_request_for_the_fastest() -> None:
    seen = Experience()

    def answered(model: Model, total_s: float, at_s: float) -> None:
        answer = ObservedAnswer(output_tokens=9, first_content_s=1.0, total_s=total_s, at_s=at_s)
        seen.observe(model, Category.CHAT, answer)

    for each, total_s in (MIDDLE, 8.0), (BEST, 2.0):
        answered(each, total_s, at_s=0.0)
    assert _fastest(seen, at_s=24 * HOUR_S) == "top"  # both have aged

    for hour, chosen in (6, "top"), (12, "top"), (13, "middle"):
        answered(BEST, 2.0, at_s=hour * HOUR_S)
        assert _fastest(seen, at_s=hour * HOUR_S) == chosen
    seen.asked(MIDDLE, Category.CHAT, 13 * HOUR_S)
    assert _fastest(seen, at_s=13 * HOUR_S) == "top"  # whoever asks next need not wait for it


def test_what_was_seen_to_be_slow_is_excluded_and_what_was_never_seen_is_not() -> None:
    seen = Experience()
    for _ in range(3):
        seen.observe(
            SMALL,
            Category.CHAT,
            ObservedAnswer(output_tokens=9, first_content_s=2.5, total_s=9.0, at_s=0.0),
        )
        seen.observe(
            MIDDLE,
            Category.CHAT,
            ObservedAnswer(output_tokens=9, first_content_s=None, total_s=31.0, at_s=0.0),
        )
    terms = policy(within=1.0, first_content_s=2.0, total_s=30.0)
    decision = choose(features(), NOBODY, terms, ALL, seen)

    assert told(decision) == "cheapest-adequate top |  | middle:latency small:latency"
    assert [each.detail for each in decision.exclusions] == [
        "its median of 31.00 s to the whole answer is above 30.0 s",
        "its median of 2.50 s to first content is above 2.0 s",
    ]


@pytest.mark.parametrize(("now_s", "is_excluded"), [(1299.0, True), (1301.0, False), (99.0, False)])
def test_what_was_slow_more_than_five_minutes_ago_may_be_asked_again(
    now_s: float, is_excluded: bool
) -> None:
    seen = Experience()
    seen.observe(
        SMALL,
        Category.CHAT,
        ObservedAnswer(output_tokens=9, first_content_s=2.5, total_s=9.0, at_s=1000.0),
    )
    now = replace(NOBODY, unix_s=now_s)
    decision = choose(features(), now, policy(within=1.0, total_s=5.0), ALL, seen)

    assert (decision.chosen.model.id != "small") is is_excluded
    seen.asked(SMALL, Category.CHAT, now_s)
    again = choose(features(), now, policy(within=1.0, total_s=5.0), ALL, seen)
    assert again.chosen.model.id != "small"


def test_ties_go_to_the_better_model_and_then_to_the_alphabet() -> None:
    def first(*models: Any) -> str:
        found = choose(features(), NOBODY, policy(within=1.0), catalog(*models), Experience())
        return found.chosen.model.id

    assert first(model("b", p=0.7), model("a", p=0.6)) == "b"
    assert first(model("b", p=0.7), model("a", p=0.7)) == "a"


def test_the_first_rule_that_matches_applies() -> None:
    strict, lax = replace(Terms(), within=0.0), replace(Terms(), within=1.0)
    rules = (
        Rule("never", (CONDITIONS["min_turns"](1000),), strict),
        Rule("only half", (CONDITIONS["min_turns"](0), CONDITIONS["min_turns"](1000)), strict),
        Rule("maths", (CONDITIONS["category"]("maths"),), lax),
        Rule("all", (), strict),
    )
    ruled = Policy("p", "v1", "a test", Terms(), rules)

    maths = choose(features(category=Category.MATHS), NOBODY, ruled, ALL, Experience())
    chat = choose(features(), NOBODY, ruled, ALL, Experience())

    assert (maths.rule, maths.chosen.model.id) == ("maths", "small")
    assert (chat.rule, chat.chosen.model.id) == ("all", "top")


def test_a_decision_carries_what_the_policy_says_about_the_rest() -> None:
    decision = deciding(cache=CacheTerms(60), ceiling=Money.from_usd(1))

    assert (decision.policy, decision.policy_version, decision.rule) == ("p", "v1", "")
    assert (decision.cache, decision.ceiling) == (CacheTerms(60), Money.from_usd(1))


def test_a_pinned_model_is_asked_alone_and_is_its_own_reference() -> None:
    decision = pin(features(10**9), SMALL, Experience())

    assert told(decision) == "pinned small |  | "
    assert decision.reference is decision.chosen
    assert (decision.policy, decision.required_p, decision.cache) == ("", 0.0, NO_CACHING)


@pytest.mark.parametrize(
    "wrong", [{"within": -0.1}, {"within": 1.5}, {"floor": -0.1}, {"floor": 2}]
)
def test_terms_that_are_no_probabilities_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Terms(**wrong)  # type: ignore[arg-type]


def test_a_model_that_cannot_answer_may_be_what_an_answer_is_measured_against() -> None:
    dear = model("dear", price=("30", "90"), p=0.99)
    who = Circumstances(asked="gpt-4o", stands_for="dear")
    decision = choose(features(), who, policy(within=0.1), ALL, Experience(), known={"dear": dear})

    assert (decision.reference.model.id, decision.chosen.model.id) == ("dear", "top")
    assert decision.required_p == pytest.approx(0.89)
    assert "dear" not in {c.model.id for c in (decision.chosen, *decision.fallbacks)}
    assert "dear" not in {each.model_id for each in decision.exclusions}
