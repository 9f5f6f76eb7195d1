"""What prompts like this one say of a model: laws that hold whatever was learnt."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.estimate import EstimateSource, QualityEstimate
from router.domain.members import replace
from router.domain.prompt_scores import PromptScores

SHARE = st.floats(0.0, 1.0)
INSIDE = st.floats(0.005, 0.995)
"""Nothing is certain: what is nearer to 0 or 1 is held at these."""
ROWS = {"scored": 0, "vendor/Other-2024-08-06": 1, "other": 1}
NAMES = st.sampled_from(["scored", "other", "OTHER-instruct", "stranger", ""])


@st.composite
def any_prompt_scores(draw: st.DrawFn) -> PromptScores:
    """Two models that were scored anyhow, and a prompt that is familiar anyhow."""
    scores = draw(st.lists(INSIDE, min_size=2, max_size=2))
    sds = draw(st.lists(SHARE, min_size=2, max_size=2))
    calibration = (draw(st.floats(0.0, 3.0)), draw(st.floats(-1.0, 1.0)))
    shift = draw(st.floats(-8, 8))
    return PromptScores(ROWS, np.array(scores), np.array(sds), shift, draw(SHARE), calibration)


def prompt_scores(
    weight: float = 1.0, calibration: tuple[float, float] = (1.0, 0.0)
) -> PromptScores:
    """The scored model is right in 80 %, the other in 30 %, of prompts that are harder than usual."""
    return PromptScores(
        ROWS, np.array([0.8, 0.3]), np.array([0.05, 0.1]), -0.5, weight, calibration
    )


def logit(p: float) -> float:
    return log(p / (1.0 - p))


def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + exp(-x))


@given(any_prompt_scores(), NAMES, SHARE, SHARE)
def test_what_is_expected_is_a_probability_whose_deviation_is_no_larger_than_was_known(
    found: PromptScores, name: str, p: float, sd: float
) -> None:
    estimate = found.quality(name, QualityEstimate(p, sd))

    assert 0.0 <= estimate.p <= 1.0
    assert 0.0 <= estimate.sd <= max(sd, float(found.sds.max())) + 1e-12


@given(any_prompt_scores(), NAMES, SHARE, SHARE)
def test_a_better_prior_never_makes_a_worse_estimate(
    found: PromptScores, name: str, one: float, other: float
) -> None:
    worse, better = (found.quality(name, QualityEstimate(p, 0.1)).p for p in sorted((one, other)))

    assert worse <= better + 1e-12


@given(any_prompt_scores(), NAMES, SHARE, SHARE, st.sampled_from(EstimateSource))
def test_of_a_prompt_that_is_like_nothing_the_prior_is_all_that_is_said(
    found: PromptScores, name: str, p: float, sd: float, source: EstimateSource
) -> None:
    prior = QualityEstimate(p, sd, source)

    assert replace(found, weight=0.0).quality(name, prior) is prior


@given(any_prompt_scores(), INSIDE, SHARE)
def test_a_model_that_was_never_scored_moves_as_far_as_all_do_and_stays_a_prior(
    found: PromptScores, p: float, sd: float
) -> None:
    found = replace(found, shift=found.shift / 4, calibration=(1.0, 0.0))
    moved = found.quality("stranger", QualityEstimate(p, sd))
    expected = sigmoid(logit(p) + found.weight * found.shift)

    assert moved.p == pytest.approx(min(max(expected, 0.005), 0.995), abs=1e-9)
    assert moved.sd == sd
    assert moved.source is EstimateSource.PRIOR


@given(INSIDE, SHARE)
def test_where_all_of_it_holds_a_scored_model_is_as_good_as_it_was_whatever_its_prior(
    p: float, sd: float
) -> None:
    found = prompt_scores().quality("scored", QualityEstimate(p, sd))

    assert (found.p, found.sd) == pytest.approx((0.8, 0.05))
    assert found.source is EstimateSource.ARTEFACT


def test_in_between_it_lies_between_what_was_held_and_what_was_seen() -> None:
    found = prompt_scores(0.25).quality("scored", QualityEstimate(0.6, 0.2))

    assert found.p == pytest.approx(0.75 * 0.6 + 0.25 * 0.8)
    assert found.sd == pytest.approx(((0.25 * 0.05) ** 2 + (0.75 * 0.2) ** 2) ** 0.5)


@given(INSIDE, INSIDE, st.floats(0.1, 2.0), st.floats(-0.2, 0.2))
def test_calibrating_leaves_the_order_of_predictions(
    one: float, other: float, slope: float, intercept: float
) -> None:
    plain, corrected = prompt_scores(0.5), prompt_scores(0.5, (slope, intercept))
    before = [plain.quality("scored", QualityEstimate(p, 0.1)).p for p in sorted((one, other))]
    after = [corrected.quality("scored", QualityEstimate(p, 0.1)).p for p in sorted((one, other))]

    assert before == sorted(before)
    assert after[0] <= after[1] + 1e-12


@pytest.mark.parametrize("name", ["vendor/Other-2024-08-06", "other", "any/Other-Instruct"])
def test_a_model_goes_by_its_plain_name_where_its_own_is_not_known(name: str) -> None:
    assert prompt_scores().quality(name, QualityEstimate(0.5, 0.1)).p == pytest.approx(0.3)
