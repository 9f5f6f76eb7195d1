"""What prompts like this one say of a model: laws that hold whatever was learnt."""

from dataclasses import replace
from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.estimate import EstimateSource, QualityEstimate
from router.domain.outlook import Outlook, weights_of

SHARE = st.floats(0.0, 1.0)
INSIDE = st.floats(0.005, 0.995)
"""Nothing is certain: what is nearer to 0 or 1 is held at these."""
ROWS = {"scored": 0, "vendor/Other-2024-08-06": 1, "other": 1}
NAMES = st.sampled_from(["scored", "other", "OTHER-instruct", "stranger", ""])


@st.composite
def outlooks(draw: st.DrawFn) -> Outlook:
    """Two models that were scored anyhow, and a prompt that is familiar anyhow."""
    logits = draw(st.lists(st.floats(-8, 8), min_size=2, max_size=2))
    sds = draw(st.lists(SHARE, min_size=2, max_size=2))
    weights = weights_of(draw(SHARE), draw(SHARE))
    return Outlook(ROWS, np.array(logits), np.array(sds), draw(st.floats(-8, 8)), *weights)


def outlook(level_weight: float = 1.0, contrast_weight: float = 1.0) -> Outlook:
    """The scored model is right in 80 %, the other in 30 %, of prompts that are harder than usual."""
    logits = np.array([logit(0.8), logit(0.3)])
    return Outlook(ROWS, logits, np.array([0.05, 0.1]), -0.5, level_weight, contrast_weight)


def logit(p: float) -> float:
    return log(p / (1.0 - p))


def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + exp(-x))


@given(outlooks(), NAMES, SHARE, SHARE)
def test_what_is_expected_is_a_probability_whose_deviation_is_no_larger_than_was_known(
    found: Outlook, name: str, p: float, sd: float
) -> None:
    estimate = found.quality(name, QualityEstimate(p, sd))

    assert 0.0 <= estimate.p <= 1.0
    assert 0.0 <= estimate.sd <= max(sd, float(found.sds.max())) + 1e-12


@given(outlooks(), NAMES, SHARE, SHARE)
def test_a_better_prior_never_makes_a_worse_estimate(
    found: Outlook, name: str, one: float, other: float
) -> None:
    worse, better = (found.quality(name, QualityEstimate(p, 0.1)).p for p in sorted((one, other)))

    assert worse <= better + 1e-12


@given(outlooks(), NAMES, SHARE, SHARE, st.sampled_from(EstimateSource))
def test_of_a_prompt_that_is_like_nothing_the_prior_is_all_that_is_said(
    found: Outlook, name: str, p: float, sd: float, source: EstimateSource
) -> None:
    level, contrast = weights_of(familiarity=0.0, floor=0.0)
    prior = QualityEstimate(p, sd, source)

    far = replace(found, level_weight=level, contrast_weight=contrast)
    assert far.quality(name, prior) is prior


@given(outlooks(), INSIDE, SHARE)
def test_a_model_that_was_never_scored_moves_as_far_as_all_do_and_stays_a_prior(
    found: Outlook, p: float, sd: float
) -> None:
    moved = found.quality("stranger", QualityEstimate(p, sd))

    assert logit_of(moved.p) == pytest.approx(
        logit(p) + found.level_weight * found.shift, rel=1e-6, abs=1e-6
    )
    assert moved.sd == sd
    assert moved.source is EstimateSource.PRIOR


def logit_of(p: float) -> float:
    return log(p) - log(1.0 - p)


@given(INSIDE, SHARE)
def test_where_all_of_it_holds_a_scored_model_is_as_good_as_it_was_whatever_its_prior(
    p: float, sd: float
) -> None:
    found = outlook().quality("scored", QualityEstimate(p, sd))

    assert (found.p, found.sd) == pytest.approx((0.8, 0.05))
    assert found.source is EstimateSource.ARTEFACT


def test_the_level_moves_a_scored_model_even_where_it_is_not_told_from_others() -> None:
    prior = QualityEstimate(0.6, 0.2)
    scored, stranger = (outlook(0.4, 0.0).quality(name, prior) for name in ("scored", "stranger"))

    assert scored.p == stranger.p == pytest.approx(sigmoid(logit(0.6) - 0.4 * 0.5))
    assert scored.sd == stranger.sd == 0.2


def test_in_between_it_lies_between_what_was_held_and_what_was_seen() -> None:
    found = outlook(0.5, 0.25).quality("scored", QualityEstimate(0.6, 0.2))
    contrast = logit(0.8) - logit(0.6) + 0.5

    assert found.p == pytest.approx(sigmoid(logit(0.6) - 0.5 * 0.5 + 0.25 * contrast))
    assert found.sd == pytest.approx(((0.25 * 0.05) ** 2 + (0.75 * 0.2) ** 2) ** 0.5)


@pytest.mark.parametrize("name", ["vendor/Other-2024-08-06", "other", "any/Other-Instruct"])
def test_a_model_goes_by_its_plain_name_where_its_own_is_not_known(name: str) -> None:
    assert outlook().quality(name, QualityEstimate(0.5, 0.1)).p == pytest.approx(0.3)


@given(SHARE, SHARE, SHARE)
def test_weights_grow_with_familiarity_from_the_floor_to_one(
    one: float, other: float, floor: float
) -> None:
    less, more = (weights_of(each, floor) for each in sorted((one, other)))

    for low, high in zip(less, more, strict=True):
        assert floor - 1e-12 <= low <= high + 1e-12 <= 1.0 + 2e-12
    level, contrast = less
    assert contrast <= level + 1e-12
    assert weights_of(0.0, floor) == (floor, floor)
    assert weights_of(1.0, floor) == pytest.approx((1.0, 1.0))
