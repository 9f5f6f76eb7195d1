"""The last values of a stream: exact, bounded, and drawn towards typical values while they are few."""

from itertools import pairwise
from math import log
from random import Random
from statistics import mean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.share import Share
from router.decision.window import SIZE, Window
from router.domain.spread import LEVELS, Spread

VALUES = st.lists(st.floats(0, 1e6), min_size=1, max_size=150)
USUAL = Spread.log_normal(100.0, 0.8)


def of(values: list[float]) -> Window:
    window = Window()
    for value in values:
        window.add(value)
    return window


@given(values=VALUES)
def test_its_median_is_that_of_the_last_64(values: list[float]) -> None:
    assert of(values).median == pytest.approx(median(values[-SIZE:]))


@given(values=VALUES)
def test_it_holds_no_more_than_64_and_counts_all(values: list[float]) -> None:
    window = of(values)

    assert len(window) == min(len(values), SIZE)
    assert window.count == len(values)


def test_what_is_long_past_is_forgotten() -> None:
    window = of([1000.0] * SIZE + [1.0] * SIZE)

    assert (window.median, window.quantile(0.99)) == (1.0, 1.0)


@given(
    values=st.lists(st.floats(0, 1e6), min_size=20, max_size=150),
    shares=st.lists(st.floats(0.01, 0.99), min_size=2, max_size=9).map(sorted),
)
def test_quantiles_ascend_with_their_level(values: list[float], shares: list[float]) -> None:
    found = [of(values).quantile(share) or 0.0 for share in shares]

    assert all(low <= high for low, high in pairwise(found))


@given(values=st.lists(st.floats(0, 1e6), min_size=20, max_size=SIZE), share=st.floats(0.5, 0.99))
def test_no_more_than_the_rest_is_above_a_quantile(values: list[float], share: float) -> None:
    quantile = of(values).quantile(share)

    assert quantile is not None
    assert sum(value <= quantile for value in values) > share * len(values) - 1


@given(values=st.lists(st.floats(0, 1e6), min_size=20, max_size=SIZE), order=st.randoms())
def test_within_a_window_the_order_does_not_matter(values: list[float], order: object) -> None:
    turned = values[::-1]

    assert of(turned).quantile(0.9) == of(values).quantile(0.9)
    assert of(turned).drawn_towards(USUAL).quantiles == of(values).drawn_towards(USUAL).quantiles


@pytest.mark.parametrize("count", [0, 1, 19])
def test_few_values_have_no_quantile(count: int) -> None:
    assert of([1.0] * count).quantile(0.9) is None


def test_an_empty_window_is_what_is_usual() -> None:
    assert Window().median is None
    assert Window().drawn_towards(USUAL) == USUAL


def test_what_is_usual_pulls_and_is_overrun() -> None:
    one, many = of([1000.0]).drawn_towards(USUAL), of([1000.0] * SIZE).drawn_towards(USUAL)

    assert USUAL.mean < one.mean < many.mean < 1000.0
    assert one.median < 150.0
    assert many.median == many.p90 == 1000.0


def test_answers_as_usual_leave_what_is_usual_as_it_was() -> None:
    """Seven answers fall between the eight that are supposed."""
    drawn = of(list(USUAL.quantiles[1::2])).drawn_towards(USUAL)

    assert drawn.quantiles == pytest.approx(USUAL.quantiles)


@pytest.mark.parametrize("count", [3, 8, 20])
def test_of_few_answers_as_usual_nine_tenths_are_within_the_90th_percentile(count: int) -> None:
    dice, middle = Random(count), log(USUAL.median)
    kept = []
    for _ in range(2000):
        *seen, coming = (dice.lognormvariate(middle, 0.8) for _ in range(count + 1))
        kept.append(coming <= of(seen).drawn_towards(USUAL).p90)

    assert mean(kept) == pytest.approx(0.91, abs=0.03)


def test_a_call_that_ran_away_moves_the_mean_no_further_than_the_next_largest() -> None:
    steady = [90.0, 100.0, 110.0] * 10
    without, with_one = of(steady).drawn_towards(USUAL), of([*steady, 1e6]).drawn_towards(USUAL)

    assert with_one.mean < 1.2 * without.mean
    assert with_one.median == pytest.approx(without.median, rel=0.05)


@given(values=VALUES)
def test_a_spread_lies_between_what_was_seen_and_what_is_usual(values: list[float]) -> None:
    drawn = of(values).drawn_towards(USUAL)
    everything = [*values, *USUAL.quantiles, USUAL.mean]

    assert len(drawn.quantiles) == len(LEVELS)
    assert min(everything) <= drawn.quantiles[0]
    assert drawn.quantiles[-1] <= max(everything)
    assert min(everything) * (1 - 1e-9) <= drawn.mean <= max(everything) * (1 + 1e-9)


@given(amounts=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1e6)), max_size=150))
def test_a_share_stays_one(amounts: list[tuple[float, float]]) -> None:
    share = Share()
    for part, whole in amounts:
        share.add(part * whole, whole)

    assert 0.0 <= share.drawn_towards(0.5, 100.0) <= 1.0 + 1e-9
    assert share.drawn_towards(0.5, 1e15) == pytest.approx(0.5, abs=1e-3)


def test_a_share_follows_when_it_changes() -> None:
    share = Share()
    assert share.drawn_towards(0.75, 0.0) == 0.75
    for _ in range(200):
        share.add(0.0, 100.0)
    for _ in range(200):
        share.add(90.0, 100.0)

    assert share.drawn_towards(0.0, 10.0) == pytest.approx(0.86, abs=0.03)
