"""How a quantity is spread: quantiles that ascend, a mean, and what becomes of both."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.spread import LEVELS, Spread, quantile_of

VALUES = st.lists(st.floats(0, 1e6), min_size=1, max_size=80).map(sorted)
SPREADS = VALUES.map(lambda values: Spread.of(values, sum(values) / len(values)))
SHARES = st.floats(0.01, 0.99)


def test_the_tenths_are_among_the_levels() -> None:
    spread = Spread(tuple(float(each) for each in range(15)), 7.0)

    assert (LEVELS[1], LEVELS[7], LEVELS[13]) == pytest.approx((0.1, 0.5, 0.9))
    assert (spread.p10, spread.median, spread.p90) == (1.0, 7.0, 13.0)


@pytest.mark.parametrize(
    ("quantiles", "mean"),
    [
        ((1.0,) * 14, 1.0),
        ((2.0,) + (1.0,) * 14, 1.0),
        ((-1.0,) + (1.0,) * 14, 1.0),
        ((nan,) + (1.0,) * 14, 1.0),
        ((1.0,) * 14 + (inf,), 1.0),
        ((1.0,) * 15, nan),
        ((1.0,) * 15, -1.0),
        ((1.0,) * 15, inf),
    ],
)
def test_what_is_no_distribution_is_refused(quantiles: tuple[float, ...], mean: float) -> None:
    with pytest.raises(ValueError, match=r"ascending|zero or more"):
        Spread(quantiles, mean)


@given(values=VALUES, low=SHARES, high=SHARES)
def test_quantiles_ascend_with_their_level_and_are_within_the_values(
    values: list[float], low: float, high: float
) -> None:
    low, high = sorted((low, high))

    assert values[0] <= quantile_of(values, low) <= quantile_of(values, high) <= values[-1]


@given(values=st.lists(st.integers(0, 10**6), min_size=10, max_size=99, unique=True), level=SHARES)
def test_of_so_many_values_and_the_next_one_the_level_is_kept_by_its_share(
    values: list[int], level: float
) -> None:
    """Whichever of n + 1 values comes last, the share of those within their quantile is the level's."""
    kept = 0
    for last in values:
        before = sorted(float(each) for each in values if each != last)
        kept += last <= quantile_of(before, level)

    assert kept / len(values) == pytest.approx(level, abs=2 / len(values))


def test_a_log_normal_spread_has_the_mean_that_it_is_told() -> None:
    spread = Spread.log_normal(100.0, 0.8)

    assert spread.mean == 100.0
    assert spread.median == pytest.approx(72.6, abs=0.1)
    assert spread.p90 / spread.median == pytest.approx(spread.median / spread.p10)


@given(spread=SPREADS, limit=st.floats(0, 1e6))
def test_within_a_limit_nothing_is_longer_and_what_was_shorter_is_as_it_was(
    spread: Spread, limit: float
) -> None:
    cut = spread.within(limit)

    assert cut.quantiles[-1] <= limit
    assert cut.mean <= min(limit, spread.mean)
    assert all(a == min(b, limit) for a, b in zip(cut.quantiles, spread.quantiles, strict=True))


@given(spread=SPREADS, factor=st.floats(0.01, 100))
def test_a_multiple_has_multiples_of_everything(spread: Spread, factor: float) -> None:
    multiple = spread.times(factor)

    assert multiple.mean == spread.mean * factor
    assert multiple.p90 == spread.p90 * factor
