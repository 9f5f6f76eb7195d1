"""What is learnt of the length of prompts: how long they are, kind by kind, and which model copes with long ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.arrays import Floats
from router.features.kinds import MOST_HARDENING
from router.training.prompt_lengths import PromptLengths, fit_prompt_lengths

MANY = 4000


def fitted(slopes: tuple[float, ...], prompts: int = MANY) -> PromptLengths:
    """Of prompts of two kinds, the second ones ten times as long; a deviation adds so much to each model's score."""
    dice = np.random.default_rng(5)
    kinds = np.arange(prompts, dtype=np.intp) % 2
    off = dice.normal(size=prompts)
    tokens = np.exp(np.log(100.0) + kinds * np.log(10.0) + 0.5 * off).astype(np.int64)
    residuals = np.clip(off, -0.7, 0.7)[:, None] * slopes
    residuals += dice.normal(0.0, 0.3, residuals.shape)
    return fit_prompt_lengths(tokens, kinds, np.full((len(slopes), 2), 0.5), residuals)


def test_lengths_are_those_of_each_kind() -> None:
    expected = np.array([[np.log(100.0), 0.5], [np.log(1000.0), 0.5]])

    assert fitted((0.0, 0.0)).of_kinds == pytest.approx(expected, abs=0.05)


def test_a_model_that_copes_better_with_long_prompts_is_known_by_that() -> None:
    one, other = fitted((0.2, 0.0)).loadings[:, 0]

    assert one == pytest.approx(0.1 * 4 / 5, abs=0.03)  # some four of five parts remain of it
    assert other == pytest.approx(-one)


def test_that_long_prompts_are_harder_for_all_is_said_by_hardening_alone() -> None:
    found = fitted((-0.3, -0.3))

    assert np.abs(found.loadings).max() < 0.02
    assert (found.hardening > 0.3).all()


def test_few_prompts_say_little() -> None:
    few, many = (abs(fitted((0.2, 0.0), count).loadings[0, 0]) for count in (80, MANY))

    assert few < many / 5


@pytest.mark.parametrize("tokens", [[0] * 6, [50] * 6, [1, 10, 100, 1000, 10**6, 10**7]])
def test_any_lengths_have_a_mean_and_a_deviation(tokens: list[int]) -> None:
    kinds = np.array([0, 0, 0, 1, 1, 3], dtype=np.intp)
    scores = np.full((2, 4), 0.5)
    found = fit_prompt_lengths(np.array(tokens), kinds, scores, np.full((6, 2), np.nan))

    assert np.isfinite(found.of_kinds).all()
    assert (found.of_kinds[:, 1] >= 0.1).all()
    assert (found.loadings == 0.0).all()
    assert (found.hardening == 0.0).all()


@settings(max_examples=25)
@given(st.integers(1, 12), st.integers(1, 5), st.integers(1, 4), st.integers(0, 2**32))
def test_loadings_are_finite_and_none_over_all_models(
    prompts: int, models: int, n_kinds: int, seed: int
) -> None:
    dice = np.random.default_rng(seed)
    residuals: Floats = dice.normal(size=(prompts, models))
    residuals[dice.random(residuals.shape) < 0.3] = np.nan
    kinds = dice.integers(0, n_kinds, prompts).astype(np.intp)
    scores = dice.random((models, n_kinds))
    found = fit_prompt_lengths(dice.integers(0, 9999, prompts), kinds, scores, residuals)

    assert found.loadings.shape == (models, 1)
    assert np.isfinite(found.loadings).all()
    assert found.hardening.shape == (n_kinds,)
    assert (np.abs(found.hardening) <= MOST_HARDENING).all()
    assert found.loadings.sum() == pytest.approx(0.0, abs=1e-12)
