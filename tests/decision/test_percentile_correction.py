"""Percentiles that keep what they promise, whatever the estimates under them are worth."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.experience import Experience, ObservedAnswer
from router.decision.percentile_correction import PercentileCorrection
from router.domain.category import Category
from router.domain.spread import Spread
from tests.domain.builders import model

M = model("m")
WRONG = Spread.log_normal(30.0, 0.3)


def coverage(values: list[float], category_of: list[Category]) -> tuple[float, float]:
    """The shares of values that were not above the P10 and the P90 stated before each of them."""
    experience, low, high = Experience(), 0, 0
    for value, category in zip(values, category_of, strict=True):
        stated = experience.length(M, category).tokens
        low += value <= stated.p10
        high += value <= stated.p90
        experience.observe(
            M,
            category,
            ObservedAnswer(output_tokens=value, first_content_s=None, total_s=value / 50, at_s=0.0),
        )
    return low / len(values), high / len(values)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_nine_tenths_of_what_comes_are_below_the_stated_p90_also_when_answers_change(
    seed: int, factor: float
) -> None:
    dice = random.Random(seed)
    kinds = [Category.CHAT, Category.MATHS, Category.WRITING]
    values, categories = [], []
    for count in range(3000):
        category = dice.choice(kinds)
        late = factor if count >= 1500 else 1.0
        values.append(late * dice.lognormvariate(4 + kinds.index(category), 0.9))
        categories.append(category)
    low, high = coverage(values, categories)

    assert 0.88 <= high <= 0.92
    assert 0.08 <= low <= 0.12


def test_an_estimate_that_is_too_low_is_raised_and_one_that_is_too_high_lowered() -> None:
    spread, low, high = (
        Spread.log_normal(100.0, 0.8),
        PercentileCorrection(),
        PercentileCorrection(),
    )
    for _ in range(5):
        low.heed(spread, 1000.0)
        high.heed(spread, 1.0)

    assert low.corrected(spread).p90 > spread.p90
    assert low.corrected(spread).p10 > spread.p10
    assert high.corrected(spread).p90 < spread.p90
    assert high.corrected(spread).p10 < spread.p10


def test_levels_that_were_never_missed_change_nothing() -> None:
    corrected = PercentileCorrection().corrected(WRONG)

    assert corrected.quantiles == pytest.approx(WRONG.quantiles)
    assert corrected.mean == WRONG.mean


def test_a_length_that_is_just_as_stated_says_nothing() -> None:
    levels = PercentileCorrection()
    always = Spread((1.0,) * 15, 1.0)
    for _ in range(100):
        levels.heed(always, 1.0)

    assert levels.corrected(WRONG).quantiles == pytest.approx(WRONG.quantiles)


@given(values=st.lists(st.floats(0, 1e6), max_size=300))
def test_whatever_comes_percentiles_keep_their_order(values: list[float]) -> None:
    levels = PercentileCorrection()
    for value in values:
        levels.heed(WRONG, value)
    corrected = levels.corrected(WRONG)

    assert all(low <= high for low, high in pairwise(corrected.quantiles))
    assert corrected.median == pytest.approx(WRONG.median)
    assert WRONG.quantiles[0] <= corrected.p10
    assert corrected.p90 <= WRONG.quantiles[-1]
