"""The line of calibration: what was calibrated stays, what was too sure of itself does not."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from router.domain.arrays import Floats
from router.training.calibration import NO_CORRECTION, calibrated
from router.training.stopping import fitted


def true_p(count: int = 20_000, seed: int = 0) -> tuple[Floats, Floats]:
    """Probabilities, and scores drawn by them."""
    dice = np.random.default_rng(seed)
    p = dice.uniform(0.05, 0.95, (count // 2, 2))
    return p, (dice.random(p.shape) < p).astype(np.float64)


def flattened(p: Floats, times: float) -> Floats:
    """Predictions this many times as far from a half."""
    return 0.5 + (p - 0.5) * times


def test_what_is_calibrated_stays() -> None:
    assert calibrated(*true_p()) == pytest.approx((1.0, 0.0), abs=0.05)


@pytest.mark.parametrize("times", [0.3, 0.5, 1.1])
def test_what_is_too_bold_or_too_timid_is_put_right(times: float) -> None:
    p, scores = true_p()
    slope, intercept = calibrated(flattened(p, times), scores)

    assert slope * times == pytest.approx(1.0, abs=0.05)
    assert slope * 0.5 + intercept == pytest.approx(0.5, abs=0.02)


def test_what_expects_too_much_of_all_is_moved_down() -> None:
    p, scores = true_p()

    assert calibrated(p + 0.05, scores) == pytest.approx((1.0, -0.05), abs=0.03)


def test_partly_good_answers_count_as_such() -> None:
    p, _ = true_p(2000)

    assert calibrated(p, p) == pytest.approx((1.0, 0.0), abs=1e-9)


def test_answers_that_nobody_gave_and_predictions_that_nobody_made_count_for_nothing() -> None:
    p, scores = true_p(2000)
    unknown = np.full_like(p, np.nan)

    assert calibrated(np.vstack((p, p * 0.5)), np.vstack((scores, unknown))) == calibrated(
        p, scores
    )
    assert calibrated(np.vstack((p, unknown)), np.vstack((scores, scores))) == calibrated(p, scores)


def test_few_answers_correct_little() -> None:
    p, _ = true_p()
    slopes = [calibrated(flattened(p[:rows], 3), p[:rows])[0] for rows in (5, 50, 5000)]

    assert slopes[0] > slopes[1] > slopes[2]
    assert slopes[0] > 0.8
    assert slopes[2] == pytest.approx(1 / 3, abs=0.01)


@pytest.mark.parametrize("score", [0.0, 1.0, np.nan])
def test_where_every_prediction_is_alike_or_nothing_is_known_nothing_is_corrected(
    score: float,
) -> None:
    assert calibrated(np.full((30, 2), 0.7), np.full((30, 2), score)) == NO_CORRECTION


@given(st.integers(1, 40), st.integers(0, 2**32))
def test_the_order_of_models_is_never_turned_round(rows: int, seed: int) -> None:
    p, scores = true_p(2 * rows, seed)
    slope, intercept = calibrated(1 - p, scores)

    assert slope >= 0.0
    assert np.isfinite(intercept)


def test_predictions_that_are_wrong_throughout_become_the_mean() -> None:
    p, scores = true_p()

    assert calibrated(1 - p, scores) == pytest.approx((0.0, 0.5), abs=0.05)


def test_that_a_regression_stops_early_is_no_news() -> None:
    dice = np.random.default_rng(0)
    rows, labels = dice.normal(size=(200, 20)), dice.integers(0, 3, 200)
    with pytest.warns(ConvergenceWarning):
        LogisticRegression(max_iter=1).fit(rows, labels)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fitted(LogisticRegression(max_iter=1), rows, labels).coef_.shape == (3, 20)
