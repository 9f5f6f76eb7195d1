"""Intervals by resampling: they hold what they should, and the same seed makes the same ones."""

from math import inf, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.evaluation.resampling import Interval, Resamples, interval


def test_the_first_sample_is_the_prompts_as_they_are() -> None:
    found = Resamples.drawn(5, 3, seed=0)

    assert found.counts.shape == (4, 5)
    assert found.counts[0].tolist() == [1] * 5
    assert found.counts.sum(axis=1).tolist() == [5] * 4


def test_the_same_seed_draws_the_same() -> None:
    one, again, other = (Resamples.drawn(50, 20, seed) for seed in (7, 7, 8))

    assert (one.counts == again.counts).all()
    assert (one.counts != other.counts).any()


def test_means_and_what_is_said_of_the_drawn_rows_agree() -> None:
    table = np.random.default_rng(0).random((30, 2))
    samples = Resamples.drawn(30, 250, seed=0)
    said = samples.each(lambda rows: float(table[rows, 1].mean()))

    assert samples.means(table)[:, 1] == pytest.approx(said)
    assert samples.means(table)[0] == pytest.approx(table.mean(axis=0))


def test_an_interval_of_a_mean_is_as_wide_as_theory_has_it() -> None:
    values = np.random.default_rng(1).random((400, 1))
    found = interval(Resamples.drawn(400, 2000, seed=0).means(values)[:, 0])
    standard_error = values.std() / sqrt(400)

    assert found.estimate == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * standard_error, rel=0.08)


def test_one_in_forty_lies_beyond_either_bound() -> None:
    found = interval(np.array([50.0, *range(101)]))

    assert (found.low, found.estimate, found.high) == (2.0, 50.0, 98.0)


def test_what_is_never_reached_counts_as_worse_than_anything() -> None:
    assert interval(np.array([0.1, -inf, 0.1, 0.2])) == Interval(0.1, -inf, 0.2)
    assert interval(np.array([-inf, -inf, 0.1])) == Interval(-inf, -inf, 0.1)


def test_what_says_nothing_is_left_out() -> None:
    assert interval(np.array([0.5, nan, 0.4, 0.6])) == Interval(0.5, 0.4, 0.6)
    assert np.isnan(interval(np.array([nan, 0.4, 0.6])).low)
    assert np.isnan(interval(np.array([0.5, nan])).high)


def test_bounds_that_leave_their_estimate_outside_are_refused() -> None:
    with pytest.raises(ValueError, match="not between"):
        Interval(0.5, 0.6, 0.7)


@given(st.lists(st.floats(-1.0, 1.0), min_size=2, max_size=50))
def test_an_interval_holds_its_estimate(values: list[float]) -> None:
    found = interval(np.array(values))

    assert found.low <= found.estimate == values[0] <= found.high
