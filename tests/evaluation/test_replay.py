"""Replays: what is decided, and that nothing is looked at without being paid for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.members import replace
from router.domain.outcomes import Outcomes
from router.domain.predictions import Predictions
from router.evaluation.cascades import Ways
from router.evaluation.replay import (
    Decided,
    Menu,
    PaidAnswers,
    Strategy,
    replayed,
)
from tests.evaluation.made_up import outcomes

ANSWERS = replace(
    outcomes([[np.nan] * 3] * 2, [[0.1, 0.2, 1.0]] * 2),
    answers=np.array([["a", "a", "b"], ["c", None, "d"]], dtype=np.object_),
)


def told(p: list[list[float]], costs: list[list[float]] | None = None) -> Predictions:
    table = np.array(p)
    cost = np.array(costs or [[0.1, 0.2, 1.0]] * len(p))
    unknown = np.full(table.shape, np.nan)
    ids = tuple(f"p{row:04}" for row in range(len(p)))
    return Predictions(ids, ("m0", "m1", "m2"), table, 0 * table, cost, unknown)


def singles(predictions: Predictions) -> Menu:
    """One call to one of the models."""
    return Menu(predictions, Ways.alone(len(predictions.models)))


def models(strategy: Strategy, answers: Outcomes = ANSWERS) -> list[str]:
    return [each.model for each in replayed(answers, {"here": strategy})]


# --------------------------------------------------------------------------------- the till


def test_an_answer_is_handed_out_against_being_noted() -> None:
    paid_answers = PaidAnswers(ANSWERS, 1)

    assert (paid_answers.ask("m2"), paid_answers.ask("m1"), paid_answers.ask("m2")) == (
        "d",
        None,
        "d",
    )
    assert paid_answers.calls == ("m2", "m1")


def test_nobody_can_ask_a_model_that_is_not_there() -> None:
    paid_answers = PaidAnswers(ANSWERS, 0)
    with pytest.raises(KeyError):
        paid_answers.ask("m9")
    assert paid_answers.calls == ()


def test_whatever_a_strategy_looks_at_is_among_its_calls() -> None:
    def agreeing(_: int, paid_answers: PaidAnswers) -> str:
        """Two cheap models, and the expensive one if they differ."""
        one, other = paid_answers.ask("m0"), paid_answers.ask("m1")
        if one is not None and one == other:
            return "m0"
        paid_answers.ask("m2")
        return "m2"

    assert list(replayed(ANSWERS, {"pair": agreeing})) == [
        Decided("p0000", "pair", "m0", ("m0", "m1")),
        Decided("p0001", "pair", "m2", ("m0", "m1", "m2")),
    ]


def test_an_answer_that_nobody_asked_for_cannot_be_returned() -> None:
    def cheating(_: int, paid_answers: PaidAnswers) -> str:
        paid_answers.ask("m1")
        return "m0"

    with pytest.raises(ValueError, match="m0 is returned for p0000 but was not called"):
        list(replayed(ANSWERS, {"free": cheating}))


# ------------------------------------------------------------------------------ single calls


def test_each_point_decides_for_each_prompt() -> None:
    predictions = told([[0.5, 0.6, 0.9], [0.8, 0.1, 0.9]])
    points = {f"{each}": singles(predictions).by_lambdas([each])[0] for each in (0.0, 0.2, 5.0)}

    assert [(each.point, each.model, each.calls) for each in replayed(ANSWERS, points)] == [
        ("0.0", "m2", ("m2",)),
        ("0.0", "m2", ("m2",)),
        ("0.2", "m2", ("m2",)),
        ("0.2", "m0", ("m0",)),
        ("5.0", "m0", ("m0",)),
        ("5.0", "m0", ("m0",)),
    ]


def test_the_cheapest_model_within_the_tolerance_of_the_reference_answers() -> None:
    # m2 is the best on average, so it is the reference, even where another is better.
    predictions = told([[0.5, 0.85, 0.9], [0.95, 0.1, 0.9]])

    assert models(singles(predictions).within([0.0])[0]) == ["m2", "m0"]
    assert models(singles(predictions).within([0.05])[0]) == ["m1", "m0"]
    assert models(singles(predictions).within([0.4])[0]) == ["m0", "m0"]


def test_of_models_that_cost_the_same_the_better_one_answers() -> None:
    predictions = told([[0.6, 0.7, 0.75]], [[0.1, 0.1, 1.0]])

    assert models(singles(predictions).within([0.2])[0], ANSWERS.at([0])) == ["m1"]


QUALITY = st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3)


@given(st.lists(QUALITY, min_size=2, max_size=2), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_larger_tolerance_never_costs_more(p: list[list[float]], one: float, more: float) -> None:
    predictions = told(p)
    strict, lax = (models(singles(predictions).within([loss])[0]) for loss in (one, one + more))

    assert all(there <= here for here, there in zip(strict, lax, strict=True))


@given(st.lists(QUALITY, min_size=2, max_size=2), st.floats(0.0, 10.0), st.integers(0, 100))
def test_what_is_answered_does_not_move_a_decision(
    p: list[list[float]], lambda_per_usd: float, seed: int
) -> None:
    drawn = np.random.default_rng(seed).integers(3, size=(2, 3))
    other = replace(ANSWERS, answers=np.array(["x", "y", None], dtype=np.object_)[drawn])
    strategy = singles(told(p)).by_lambdas([lambda_per_usd])[0]

    assert models(strategy) == models(strategy, other)
