"""How much harder length makes prompts is learnt as far as kinds agree on it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.arrays import Floats
from router.features.kinds import MOST_HARDENING
from router.training.hardening import fit_hardening

SCORES = (0.85, 0.7, 0.5, 0.3)
"""Of four models, on every kind."""


def fitted(slopes: tuple[float, ...], prompts: int = 2000) -> Floats:
    """Of kinds of so many prompts each, in which a deviation of length costs every model that many logits."""
    dice = np.random.default_rng(3)
    kinds = np.repeat(np.arange(len(slopes), dtype=np.intp), prompts)
    off = np.clip(dice.normal(size=len(kinds)), -2.0, 2.0)
    off -= (np.bincount(kinds, off) / prompts)[kinds]
    logits = np.log(np.array(SCORES) / (1.0 - np.array(SCORES)))
    logits = logits - (np.array(slopes)[kinds] * off)[:, None]
    good = dice.random(logits.shape) < 1.0 / (1.0 + np.exp(-logits))
    scores = np.repeat(np.array(SCORES)[:, None], len(slopes), axis=1)
    return fit_hardening(off, kinds, scores, good - scores.T[kinds])


def test_where_many_kinds_agree_the_slope_is_learnt() -> None:
    assert fitted((0.3,) * 10) == pytest.approx(np.full(10, 0.3), abs=0.07)


def test_where_kinds_disagree_each_keeps_its_own_and_little_holds_of_all() -> None:
    found = fitted((0.4, -0.4) * 5)

    assert (found[::2] > 0.3).all()
    assert (found[1::2] < -0.3).all()


def test_a_kind_that_differs_from_others_is_believed() -> None:
    *others, different = fitted((0.3,) * 9 + (-0.3,))

    assert min(others) > 0.15
    assert different < -0.2


def test_few_kinds_are_believed_less_than_many() -> None:
    one, two, ten = (fitted((0.3,) * count).mean() for count in (1, 2, 10))

    assert 0.0 == one < two < ten


def test_few_prompts_say_little() -> None:
    assert np.abs(fitted((0.3,) * 3, prompts=19)).max() == 0.0
    assert np.abs(fitted((0.0,) * 3, prompts=30)).max() < 0.3


def test_where_length_says_nothing_nothing_is_learnt() -> None:
    assert np.abs(fitted((0.0,) * 10)).max() < 0.03


def test_a_kind_with_too_few_prompts_has_what_holds_of_all() -> None:
    dice = np.random.default_rng(4)
    kinds = np.repeat(np.arange(4, dtype=np.intp), (900, 900, 900, 5))
    off = np.where(np.arange(len(kinds)) % 2, 1.0, -1.0)
    scores = np.full((2, 4), 0.5)
    residuals = -0.25 * 0.3 * off[:, None] + dice.normal(0.0, 0.1, (len(kinds), 2))
    found = fit_hardening(off, kinds, scores, residuals)

    assert 0.0 < found[3] < found[:3].min()


@settings(max_examples=50)
@given(st.integers(1, 80), st.integers(1, 3), st.integers(1, 4), st.integers(0, 2**32))
def test_whatever_is_learnt_from_slopes_are_within_what_an_artefact_may_hold(
    prompts: int, models: int, n_kinds: int, seed: int
) -> None:
    dice = np.random.default_rng(seed)
    residuals: Floats = dice.normal(size=(prompts, models))
    residuals[dice.random(residuals.shape) < 0.3] = np.nan
    kinds = dice.integers(0, n_kinds, prompts).astype(np.intp)
    scores = dice.choice([0.0, 0.3, 1.0], (models, n_kinds))
    found = fit_hardening(dice.normal(size=prompts) * 2, kinds, scores, residuals)

    assert found.shape == (n_kinds,)
    assert (np.abs(found) <= MOST_HARDENING).all()
