"""Exact bounds of a share, against tables and against their own definition."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.bounds import lower_bound, score_bounds, upper_bound


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 0, 0.0, 1.0), (0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0)],
)
def test_the_quick_bounds_are_wilsons(successes: int, trials: int, low: float, high: float) -> None:
    assert score_bounds(successes, trials) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),  # 1 - 0.025 ** (1 / 10)
        (1, 10, 0.0025, 0.4450),
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (1, 1, 0.025, 1.0),
        (0, 407, 0.0, 0.0090),
        (20, 1000, 0.0123, 0.0307),
    ],
)
def test_the_bounds_are_those_of_the_tables(
    successes: int, trials: int, low: float, high: float
) -> None:
    assert lower_bound(successes, trials) == pytest.approx(low, abs=5e-5)
    assert upper_bound(successes, trials) == pytest.approx(high, abs=5e-5)


def test_without_a_trial_nothing_is_known() -> None:
    assert (lower_bound(0, 0), upper_bound(0, 0)) == (0.0, 1.0)


@pytest.mark.parametrize(("successes", "trials"), [(-1, 2), (3, 2)])
def test_more_successes_than_trials_are_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="no count"):
        lower_bound(successes, trials)


COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts=COUNTS)
def test_the_share_that_was_seen_lies_between_and_the_bounds_mirror_each_other(
    counts: tuple[int, int],
) -> None:
    successes, trials = counts
    low, high = lower_bound(successes, trials), upper_bound(successes, trials)

    assert low <= successes / trials <= high
    assert low == pytest.approx(1 - upper_bound(trials - successes, trials), abs=1e-9)


@given(counts=COUNTS.filter(lambda counts: counts[0] < counts[1]))
def test_at_the_upper_bound_so_few_are_as_unlikely_as_was_said(counts: tuple[int, int]) -> None:
    successes, trials = counts
    share = upper_bound(successes, trials)
    tail = math.fsum(
        math.comb(trials, count) * share**count * (1 - share) ** (trials - count)
        for count in range(successes + 1)
    )

    assert tail == pytest.approx(0.025, rel=1e-6)


@given(counts=COUNTS)
def test_one_more_success_raises_both_bounds(counts: tuple[int, int]) -> None:
    successes, trials = counts
    assert lower_bound(successes, trials) <= lower_bound(min(successes + 1, trials), trials)
    assert upper_bound(successes, trials) <= upper_bound(min(successes + 1, trials), trials)
