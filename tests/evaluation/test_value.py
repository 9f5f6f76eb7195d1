"""What choices are worth, and what is luck, on figures that can be worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.outcomes import Outcomes
from router.domain.predictions import Predictions
from router.evaluation.significance import Gain, gain, holm, resamples_for
from router.evaluation.value import (
    THRIFT,
    Loss,
    loss_doubts,
    losses,
    squared,
    surprise,
    value_doubts,
    values,
)
from tests.evaluation.made_up import outcomes

SHARES = st.floats(0.0, 1.0)


def predicted(p: list[float], usd: list[float]) -> Predictions:
    table, unknown = np.array([p]), np.full((1, len(p)), np.nan)
    names = tuple("abc"[: len(p)])
    return Predictions(("1",), names, table, np.zeros_like(table), np.array([usd]), unknown)


def scored(scores: list[float], usd: list[float]) -> Outcomes:
    return outcomes([scores], [usd])


def test_value_is_quality_less_cost_and_who_saves_the_more_gets_the_more() -> None:
    dear, cheap = predicted([0.9, 0.1], [1.0, 0.0]), predicted([0.1, 0.9], [1.0, 0.0])
    came = scored([1.0, 1.0], [1.0, 0.0])

    assert values(cheap, came, 1.0)[0] == pytest.approx(1.0)
    # Paid for whatever the price of quality is: 1 less the mean of all prices.
    assert values(dear, came, 1.0)[0] == pytest.approx(1.0 - np.mean(THRIFT))
    assert value_doubts(dear, cheap, 1.0) == (-1.0, 1.0)
    assert value_doubts(dear, dear, 1.0) == (0.0, 0.0)


def test_what_costs_nothing_is_worth_its_quality() -> None:
    assert values(predicted([0.2, 0.8], [0.0, 0.0]), scored([1.0, 0.5], [0.0, 0.0]), 0.0)[0] == 0.5


@given(SHARES, SHARES, st.sampled_from([0.0, 1.0]), st.sampled_from([squared, surprise]))
def test_no_loss_that_came_lies_beyond_the_doubts(
    mine: float, its: float, score: float, loss: Loss
) -> None:
    own, other = predicted([mine], [1.0]), predicted([its], [1.0])
    came = scored([score], [1.0])
    low, high = loss_doubts(own, other, loss)

    saved = losses(other, came, loss)[0] - losses(own, came, loss)[0]
    assert low - 1e-12 <= saved <= high + 1e-12


def test_a_difference_that_is_everywhere_alike_is_sure_and_none_is_none() -> None:
    resamples, doubts = resamples_for(50, 0), (-0.1, 0.1)
    assert gain(np.full(50, 0.1), doubts, resamples).p_value < 0.001
    assert gain(np.zeros(50), doubts, resamples) == Gain(0.0, 0.0, 0.0, 1.0, 1.0)
    noise = np.random.default_rng(0).normal(0.0, 1.0, 50)
    assert gain(noise - noise.mean(), doubts, resamples).p_value > 0.3


def test_what_nobody_has_sent_keeps_a_few_lucky_prompts_from_being_sure() -> None:
    resamples = resamples_for(20, 0)

    assert gain(np.full(20, 0.01), (0.0, 0.0), resamples).p_value < 0.05
    assert gain(np.full(20, 0.01), (-1.0, 0.01), resamples).p_value > 0.05


def test_holm_multiplies_the_smallest_by_all_and_never_turns_the_order_round() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx(
        {"a": 0.03, "c": 0.06, "b": 0.06}
    )


@given(st.dictionaries(st.text(max_size=3), st.floats(0.0, 1.0), min_size=1))
def test_a_correction_never_makes_anything_more_certain(p_values: dict[str, float]) -> None:
    corrected = holm(p_values)

    assert all(p_values[key] <= corrected[key] <= 1.0 for key in p_values)
