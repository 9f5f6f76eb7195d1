"""Each measure compared with an example worked out by hand, and the laws that it obeys."""

from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.evaluation.arena import arena_score
from router.evaluation.pairs import PairCurve, pair_curve
from router.evaluation.probabilities import PredictionOrder, gaps

PROBABILITY = st.floats(0.0, 1.0)
ANSWERS = st.lists(
    st.tuples(PROBABILITY, st.sampled_from([0.0, 0.3, 1.0])), min_size=2, max_size=20
)


def both(answers: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    predicted, scores = np.array(answers).T
    return predicted, scores


# ------------------------------------------------------------------------------------- AUC


def auc(predicted: np.ndarray, scores: np.ndarray) -> float:
    return PredictionOrder.of(predicted, scores).auc(np.ones(predicted.size))


def test_auc_counts_pairs_in_the_right_order() -> None:
    # Good: .9, .4; bad: .4, .1. Of four pairs three are right and one is a tie: 3.5 of 4.
    assert auc(*both([(0.9, 1), (0.4, 1), (0.4, 0), (0.1, 0)])) == 0.875


def test_half_a_good_answer_is_half_a_bad_one() -> None:
    # Good .9 (1) and .5 (half); bad .5 (half) and .1 (1). Weighted pairs: 1*.5 + 1*1 + .5*1 right, .25 tied.
    assert auc(*both([(0.9, 1), (0.5, 0.5), (0.1, 0)])) == pytest.approx((2.0 + 0.125) / 2.25)


def test_where_all_answers_are_good_nothing_can_be_told_apart() -> None:
    assert isnan(auc(*both([(0.9, 1), (0.2, 1)])))


@given(ANSWERS)
def test_the_opposite_prediction_has_the_opposite_auc(answers: list[tuple[float, float]]) -> None:
    predicted, scores = both(answers)
    coarse = np.round(predicted, 3)
    found = auc(coarse, scores)

    assert isnan(found) or found + auc(1.0 - coarse.round(3), scores) == pytest.approx(1.0)


@given(ANSWERS)
def test_auc_knows_order_alone(answers: list[tuple[float, float]]) -> None:
    predicted, scores = both(answers)
    coarse = np.round(predicted, 3)

    assert auc(coarse, scores) == pytest.approx(auc(coarse / 2.0 + 0.1, scores), nan_ok=True)


# ------------------------------------------------------------------------------------- ECE


def ece(predicted: np.ndarray, scores: np.ndarray) -> float:
    found = gaps(predicted.reshape(-1, 1), scores.reshape(-1, 1)).sum(axis=0)
    return float(np.abs(found).sum() / predicted.size)


def test_ece_weighs_the_gap_of_each_bin() -> None:
    # Bin of .9: predicted .9 twice, half were good: gap .8 of 4 answers. Bin of .1: right on average.
    assert ece(*both([(0.9, 1), (0.9, 0), (0.1, 0.1), (0.1, 0.1)])) == pytest.approx(0.8 / 4)


def test_gaps_in_one_bin_make_up_for_each_other_and_those_of_two_do_not() -> None:
    assert ece(*both([(0.5, 0), (0.5, 1)])) == 0.0
    assert ece(*both([(0.4, 0.8), (0.8, 0.4)])) == pytest.approx(0.4)


def test_certainty_has_a_bin_too() -> None:
    assert ece(*both([(1.0, 1.0), (0.0, 0.0)])) == 0.0
    assert gaps(np.array([[1.0]]), np.array([[0.0]]))[0, -1] == 1.0


@given(ANSWERS)
def test_calibration_is_never_better_than_the_mean_is(answers: list[tuple[float, float]]) -> None:
    predicted, scores = both(answers)

    assert abs(predicted.mean() - scores.mean()) - 1e-9 <= ece(predicted, scores) <= 1.0


# ----------------------------------------------------------------------------------- pairs

# Ten prompts, wanted in rising order: the strong model is right on all, the weak one on the first five.
WANTED = np.arange(10) / 10.0
WEAK, STRONG = np.array([1.0] * 5 + [0.0] * 5), np.ones(10)


def test_who_knows_where_the_weak_model_fails_closes_the_gap_at_half_of_the_calls() -> None:
    curve = pair_curve(WANTED, WEAK, STRONG)

    assert curve.strong_shares == pytest.approx([0.0, *np.arange(1, 11) / 10])
    assert curve.pgrs == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1, 1, 1])
    assert curve.apgr == pytest.approx(0.75)
    assert [curve.cpt(gap) for gap in (0.2, 0.5, 0.8)] == pytest.approx([0.1, 0.25, 0.4])


def test_who_wants_the_strong_model_where_the_weak_one_is_right_is_worse_than_chance() -> None:
    curve = pair_curve(-WANTED, WEAK, STRONG)

    assert curve.apgr == pytest.approx(0.25)
    assert curve.cpt(0.5) == pytest.approx(0.75)


def test_who_has_no_opinion_is_chance() -> None:
    curve = pair_curve(np.zeros(10), WEAK, STRONG)

    assert curve.apgr == pytest.approx(0.5)
    assert curve.cpt(0.2) == pytest.approx(0.2)


def test_a_gap_that_is_never_closed_takes_no_share_of_calls() -> None:
    assert PairCurve(np.array([0.0, 1.0]), np.array([0.0, 0.4])).cpt(0.5) == inf


def test_equal_models_leave_no_gap() -> None:
    for curve in (pair_curve(WANTED, STRONG, STRONG), pair_curve(*[np.zeros(0)] * 3)):
        assert isnan(curve.apgr)
        assert isnan(curve.cpt(0.5))


@given(st.lists(st.tuples(PROBABILITY, st.booleans(), st.booleans()), min_size=3, max_size=30))
def test_every_curve_leads_from_the_weak_model_to_the_strong_one(
    prompts: list[tuple[float, bool, bool]],
) -> None:
    wanted, weak, strong = (np.array(column, dtype=float) for column in zip(*prompts, strict=True))
    curve = pair_curve(wanted, weak, strong)

    assert (curve.strong_shares[0], curve.strong_shares[-1]) == (0.0, 1.0)
    assert (np.diff(curve.strong_shares) >= 0.0).all()
    if strong.mean() != weak.mean():
        assert (curve.pgrs[0], curve.pgrs[-1]) == pytest.approx((0.0, 1.0))


# ------------------------------------------------------------------------------ RouterArena


def test_the_arena_s_own_example() -> None:
    # Its table says 77.63 for accuracy 79.69 % at $0.27, both rounded.
    assert 100.0 * arena_score(0.7969, 0.27 / 1000) == pytest.approx(77.62, abs=0.005)


def test_what_costs_the_least_is_scored_for_its_answers_alone() -> None:
    assert arena_score(1.0, 0.0044 / 1000) == pytest.approx(1.0)
    assert arena_score(0.5, 0.0) == pytest.approx(1.1 * 0.5 / (0.05 + 1.0))


@pytest.mark.parametrize(("quality", "cost_usd"), [(0.0, 0.001), (0.9, 0.2), (0.9, 5.0)])
def test_nothing_right_or_far_too_dear_scores_nothing(quality: float, cost_usd: float) -> None:
    assert arena_score(quality, cost_usd) == 0.0


@given(PROBABILITY, st.floats(0.0, 1.0), st.floats(1.0, 10.0))
def test_paying_more_for_the_same_is_never_better(
    quality: float, cost_usd: float, times: float
) -> None:
    assert arena_score(quality, times * cost_usd) <= arena_score(quality, cost_usd) + 1e-12
