"""How sure shares of kinds may be, by prompts that were not learnt from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.arrays import Floats, softmax
from router.training.temperature import inverse_temperature

LOGITS = np.random.default_rng(1).normal(0.0, 2.0, (20_000, 4))


def drawn(logits: Floats) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Kinds that come true as often as these logits say."""
    dice = np.random.default_rng(2)
    return np.array([dice.choice(len(row), p=softmax(row)) for row in logits], dtype=np.intp)


@pytest.mark.parametrize("power", [0.5, 1.0, 1.7, 3.0])
def test_shares_that_are_too_flat_or_too_sharp_are_put_right(power: float) -> None:
    assert inverse_temperature(LOGITS / power, drawn(LOGITS)) == pytest.approx(power, rel=0.06)


def test_few_prompts_change_little() -> None:
    sure, kinds = np.array([[5.0, 0.0]] * 5), np.zeros(5, np.intp)

    assert 1.0 < inverse_temperature(sure, kinds) < 1.2
    assert inverse_temperature(np.tile(sure, (1000, 1)), np.tile(kinds, 1000)) > 3.9


@pytest.mark.parametrize("logits", [np.ones((50, 1)), np.zeros((50, 3))], ids=["one", "no idea"])
def test_where_nothing_is_told_apart_shares_stay(logits: Floats) -> None:
    assert inverse_temperature(logits, np.zeros(50, np.intp)) == 1.0


@given(st.integers(1, 30), st.integers(1, 5), st.integers(0, 2**32))
def test_a_power_is_from_a_half_to_four(prompts: int, kinds: int, seed: int) -> None:
    dice = np.random.default_rng(seed)
    true = dice.integers(0, kinds, prompts).astype(np.intp)

    assert 0.5 <= inverse_temperature(dice.normal(0.0, 50.0, (prompts, kinds)), true) <= 4.0
