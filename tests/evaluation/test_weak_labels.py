"""How far what was heard is trusted, and what flaws leave room for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.evaluation.weak_labels import LEAST_PAIRS, USUAL_WEIGHT, Flaws, Trust, trust

Pairs = list[tuple[float, float]]


def noisy(agreement: float, count: int, seed: int = 0) -> Pairs:
    """Feedback that is the gold label, or for a share of the answers a coin."""
    dice = np.random.default_rng(seed)
    gold = (dice.random(count) < 0.5).astype(float)
    said = np.where(dice.random(count) < agreement, gold, (dice.random(count) < 0.5).astype(float))
    return list(zip(said.tolist(), gold.tolist(), strict=True))


def test_too_few_pairs_tell_nothing_and_a_guess_is_called_one() -> None:
    assert trust(noisy(1.0, LEAST_PAIRS - 1)) == Trust(USUAL_WEIGHT, 0.0, LEAST_PAIRS - 1)


def test_feedback_that_always_agrees_is_a_gold_label_and_a_coin_is_nothing() -> None:
    assert trust(noisy(1.0, 100)).weight == pytest.approx(1.0)
    assert trust(noisy(0.0, 5000)).weight == pytest.approx(0.0, abs=0.003)


def test_the_weight_is_the_share_of_the_variance_that_is_told() -> None:
    # A coin in a share of 1 - a leaves a correlation of a.
    found = trust(noisy(0.6, 20_000))

    assert found.is_measured
    assert found.weight == pytest.approx(0.36, abs=0.02)


def test_few_pairs_that_agree_by_chance_are_hardly_trusted() -> None:
    weights = [trust(noisy(0.0, LEAST_PAIRS, seed)).weight for seed in range(200)]

    assert np.mean(weights) < 0.02


def test_users_who_mean_the_contrary_are_not_trusted() -> None:
    assert trust([(1.0 - said, gold) for said, gold in noisy(0.9, 100)]).weight == 0.0


def test_how_much_kinder_feedback_is_is_told() -> None:
    assert trust([(min(1.0, g + 0.5), g) for _, g in noisy(1.0, 200)]).kinder_by == pytest.approx(
        0.25, abs=0.05
    )


@pytest.mark.parametrize("pairs", [[(1.0, 0.0), (1.0, 1.0)] * 20, [(1.0, 1.0), (0.0, 1.0)] * 20])
def test_where_one_of_both_never_varies_their_agreement_cannot_be_told(pairs: Pairs) -> None:
    found = trust(pairs)

    assert (found.weight, found.pairs, found.is_measured) == (USUAL_WEIGHT, 40, False)


@given(st.integers(1, 10_000), st.floats(0.0, 1.0))
def test_a_ceiling_is_above_the_share_without_a_flaw(answers: int, share: float) -> None:
    flaws = Flaws(answers, round(share * answers))

    assert 1 - flaws.flawed / flaws.answers - 1e-12 <= flaws.ceiling <= 1.0


def test_answers_without_a_flaw_leave_room_for_everything_and_many_with_one_for_little() -> None:
    assert Flaws(10_000, 0).ceiling == 1.0
    assert Flaws(10, 1).ceiling > 0.97
    assert Flaws(10_000, 1000).ceiling == pytest.approx(0.905, abs=0.001)


def test_a_ceiling_is_too_low_by_luck_in_one_of_twenty() -> None:
    dice = np.random.default_rng(0)
    flawed = dice.binomial(400, 0.1, 4000)

    too_low = np.mean([Flaws(400, int(each)).ceiling < 0.9 for each in flawed])
    assert too_low == pytest.approx(0.05, abs=0.02)
