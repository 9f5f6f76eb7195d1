"""The other values refuse nonsense when they are built, so that nobody checks again."""

import pytest

from router.domain.category import Category
from router.domain.errors import ApiError, ConfigError, Problem
from router.domain.estimate import QualityEstimate
from router.domain.fault import AttemptFailed, FaultKind
from router.domain.features import Features
from router.domain.members import replace
from router.domain.model import Ability
from router.domain.money import Money
from tests.domain.builders import decision, model

NAN = float("nan")


@pytest.mark.parametrize(("p", "sd"), [(-0.1, 0), (1.1, 0), (NAN, 0), (0.5, -1), (0.5, NAN)])
def test_a_quality_is_a_probability_with_a_deviation(p: float, sd: float) -> None:
    with pytest.raises(ValueError, match="probability"):
        QualityEstimate(p, sd)
    with pytest.raises(ValueError, match="probability"):
        Ability(p, sd, "a test")


def test_a_model_has_an_ability_for_every_category() -> None:
    one_missing = dict.fromkeys(Category, 0.5)
    del one_missing[Category.VISION]

    with pytest.raises(ValueError, match="no ability for vision"):
        model(p=one_missing)


def test_a_model_has_room_for_a_token() -> None:
    with pytest.raises(ValueError, match="at least 1 token"):
        model(context_tokens=0)


@pytest.mark.parametrize(
    "wrong", [{"prompt_tokens": -1}, {"choices": 0}, {"category_confidence": 1.5}]
)
def test_impossible_features_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="impossible features"):
        replace(Features(1, Category.CHAT), **wrong)  # type: ignore[arg-type]


def test_an_exclusion_knows_its_model_and_a_decision_its_reference() -> None:
    made = decision(model("cheap"), model("dear", price=("10", "20")))

    assert made.chosen.model.id == "cheap"
    assert made.reference.cost.expected > made.chosen.cost.expected


def test_a_problem_says_where_and_what() -> None:
    problems = (
        Problem("a.yaml", "keys[0] (line 3)", "is missing"),
        Problem("b.yaml", "", "is old"),
    )

    assert str(ConfigError(problems)) == "a.yaml: keys[0] (line 3): is missing\nb.yaml: is old"


def test_errors_say_whose_they_are() -> None:
    assert str(ApiError.invalid("n", "'n' is wrong.")) == "400 invalid_value: 'n' is wrong."
    assert ApiError(503, "All are down.", code="down", retry_after_s=3).status == 503
    assert AttemptFailed.transient("it broke", "broken").fault.kind is FaultKind.TRANSIENT


def test_a_saving_can_be_negative() -> None:
    dear, cheap = model("dear", price=("10", "10")), model("cheap")
    saved = decision(dear, cheap).reference.cost.expected - decision(dear).chosen.cost.expected

    assert saved < Money(0)
