"""Cascades that are not used, case by case, and why."""

from typing import Any

import pytest

from router.decision.choose import pin
from router.decision.experience import Experience
from router.decision.policy import Circumstances
from router.domain.cascade import CascadeTerms, Prospect, StepRecipe
from router.domain.deadlines import Deadlines
from router.domain.members import replace
from router.domain.model import Capability
from router.domain.money import Money
from router.domain.objective import Aim, Objective
from router.domain.overrides import Overrides
from tests.decision.cascade_kit import AUTO, KNOWN, SMALL, TOP, always, deciding, observed, told
from tests.decision.prospects import Told, prospect
from tests.domain.builders import catalog, features, model


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (None, "nothing was learnt about cascades on such requests"),
        (Told(), "no two models with known results cost less than 70% of top together"),
        (
            prospect(0.6, -0.03),
            "a gain of -0.030 ± 0.000 leaves a quality of 0.870 at the lower end, below 0.880",
        ),
        (
            prospect(0.6, 0.01, gain_sd=0.02),
            "a gain of +0.010 ± 0.020 leaves a quality of 0.877 at the lower end, below 0.880",
        ),
        (
            prospect(0.3, p_accept_sd=0.1),
            "at the lower end of the estimates it costs 0.00563 USD, and top alone 0.00525 USD",
        ),
        (
            prospect(0.1),
            "an expected 0.00581 USD: top alone is as good a choice for 0.00525 USD",
        ),
    ],
)
def test_no_cascade_is_taken_that_may_lose(known: Told | Prospect | None, why: str) -> None:
    if isinstance(known, Prospect):
        known, why = Told({("middle", "small"): known}), f"small and middle before top: {why}"

    assert told(deciding(known)) == f"top | {why}"


def test_small_costs_are_told_in_plain_decimals() -> None:
    cheap = catalog(
        model("top", price=("0.03", "0.15"), p=0.90),
        model("middle", price=("0.006", "0.024"), p=0.80),
        model("small", price=("0.001", "0.002"), p=0.70),
    )
    known = Told({("middle", "small"): prospect(0.1)})

    assert told(deciding(known, models=cheap)) == (
        "top | small and middle before top: an expected 0.0000581 USD: top alone is as good a choice for"
        " 0.0000525 USD"
    )


def test_a_pair_that_is_nearly_as_dear_as_the_final_model_is_not_even_looked_at() -> None:
    dear = model("dear", price=("2.5", "11"), p=0.85)
    known = Told({("dear", "small"): prospect(0.99, 0.05)})

    assert told(deciding(known, models=catalog(TOP, SMALL, dear))).startswith("top | no two models")


def test_a_floor_is_what_must_be_left_of_the_quality() -> None:
    known = Told({("small", "tiny"): prospect(0.9, -0.1)})

    assert told(deciding(known, floor=0.79)) == "small+tiny > top | middle"
    assert told(deciding(known, floor=0.81)).startswith("top | tiny and")


def test_who_wants_to_be_surer_takes_fewer_cascades() -> None:
    known = Told({("middle", "small"): prospect(0.6, 0.0, gain_sd=0.01)})

    assert told(deciding(known, confidence=0.9)) == "middle+small > top | "
    assert told(deciding(known, confidence=0.99)).startswith("top | small and middle before top")


def test_a_cascade_keeps_the_ceiling_where_no_step_settles_the_request() -> None:
    assert told(deciding(ceiling=Money.from_usd("0.006"))) == (
        "top | small and middle before top: if no step settles it, an expected 0.00634 USD is above the"
        " ceiling of 0.006 USD"
    )


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ({"total_s": 9.0}, "it takes 12.00 s to the whole answer, and may take 9 s"),
        ({"first_content_s": 5.0}, "it takes 6.00 s to the first content, and may take 5 s"),
        (
            {"deadlines": Deadlines(total_s=11.0)},
            "the whole cascade takes 12.00 s, and may take 11 s",
        ),
        (
            {"cascade": replace(AUTO, first_content_s=3.5)},
            "its steps take 4.00 s, and may take 3.5 s",
        ),
    ],
)
def test_a_cascade_keeps_times_that_the_final_model_would_keep(
    terms: dict[str, Any], why: str
) -> None:
    seen = observed(middle=4.0, small=1.0, top=8.0)
    decision = deciding(experience=seen, latency_quantile=0.9, **terms)

    assert told(decision) == f"top | small and middle before top: {why}"


def test_nobody_knows_whether_an_unknown_time_keeps_a_target() -> None:
    decision = deciding(total_s=100.0)

    assert told(decision) == (
        "top | small and middle before top: it takes an unknown time to the whole answer, and may take 100 s"
    )


def test_where_nearly_all_is_settled_the_target_is_held_against_the_steps() -> None:
    known = Told({("middle", "small"): prospect(0.95)})
    seen = observed(middle=4.0, small=1.0, top=8.0)

    assert (
        told(deciding(known, experience=seen, total_s=9.0, latency_quantile=0.9))
        == "middle+small > top | "
    )


def test_a_cascade_fits_into_what_a_budget_has_left() -> None:
    alone = deciding(None).chosen.cost.upper
    decision = deciding(KNOWN, Circumstances(money_left=alone))

    assert told(decision).startswith(
        "top | small and middle before top: the whole cascade may cost up to"
    )


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ({"choices": 2}, "2 choices are requested, and steps compare one from each model"),
        (
            {"needs": frozenset({Capability.LOGPROBS})},
            "logprobs is wanted, which steps cannot compare",
        ),
        ({"needs": frozenset({Capability.AUDIO})}, "audio is wanted, which steps cannot compare"),
    ],
)
def test_some_requests_are_asked_of_no_cascade(what: dict[str, Any], why: str) -> None:
    for terms in (AUTO, always(StepRecipe(("small", "tiny")))):
        assert told(deciding(what=replace(features(), **what), cascade=terms)) == f"top | {why}"


def test_a_session_stays_with_its_model() -> None:
    decision = deciding(KNOWN, Circumstances(stays_with="middle"))

    assert told(decision) == "middle | the session stays with middle"


def test_a_stored_answer_is_given_without_asking_anybody() -> None:
    decision = deciding(stored=("top",))

    assert decision.chosen.is_stored
    assert told(decision) == "top | "


def test_a_reference_that_is_only_known_ends_no_cascade() -> None:
    others = {"gone": replace(TOP, id="gone")}
    decision = deciding(KNOWN, reference="gone", others=others)

    assert told(decision) == "top | gone, the reference, cannot be the final model"


@pytest.mark.parametrize("aim", [Aim.FASTEST, Aim.FASTEST_START])
def test_the_fastest_is_no_cascade(aim: Aim) -> None:
    decision = deciding(objective=Objective(aim))

    assert told(decision) == "top | the policy wants the fastest answer, and cascades take time"


def test_a_pinned_model_and_a_policy_without_cascades_say_nothing_of_them() -> None:
    assert told(deciding(cascade=CascadeTerms())) == "top | "
    pinned = pin(features(), TOP, Experience())
    assert (pinned.cascade, pinned.no_cascade) == (None, ())


def test_a_request_may_do_without() -> None:
    who = Circumstances(overrides=Overrides(cascade=False))

    assert told(deciding(KNOWN, who)) == "top | "
    assert told(deciding(KNOWN, who, cascade=always(StepRecipe(("small", "tiny"))))) == "top | "
