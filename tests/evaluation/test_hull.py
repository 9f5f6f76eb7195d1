"""Hulls: what mixing points reaches, and the numbers that are read from it."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.evaluation.hull import NEVER, Hull, aiq, hull, saving

COST = st.floats(1e-6, 1.0)
QUALITY = st.floats(0.0, 1.0)
POINTS = st.lists(st.tuples(COST, QUALITY), min_size=1, max_size=12)


def around(*points: tuple[float, float]) -> Hull:
    costs, qualities = np.array(points).T
    return hull(costs, qualities)


# A cheap model, one worth its price, one beaten by a mix of the others, and an expensive, worse one.
SHOP = ((1.0, 0.4), (3.0, 0.8), (2.0, 0.5), (5.0, 0.7))


def test_a_hull_keeps_what_no_mix_beats() -> None:
    assert around(*SHOP) == Hull((1.0, 3.0), (0.4, 0.8))


def test_of_points_that_cost_the_same_the_best_counts() -> None:
    assert around((1.0, 0.4), (1.0, 0.6)) == Hull((1.0,), (0.6,))


def test_a_corner_on_the_line_between_others_is_none() -> None:
    assert around((0.0, 0.0), (1.0, 0.25), (2.0, 0.5)) == Hull((0.0, 2.0), (0.0, 0.5))


def test_quality_is_nothing_before_the_first_corner_and_flat_after_the_last() -> None:
    found = around(*SHOP)

    assert [found.quality_at(cost) for cost in (0.9, 1.0, 2.0, 3.0, 9.0)] == pytest.approx(
        [0.0, 0.4, 0.6, 0.8, 0.8]
    )


def test_a_quality_costs_what_the_cheapest_mix_costs() -> None:
    found = around(*SHOP)

    costs = [found.cost_of(quality) for quality in (0.1, 0.6, 0.8, 0.81)]

    assert costs == pytest.approx([1.0, 2.0, 3.0, inf])


def test_the_mean_height_worked_out_by_hand() -> None:
    # From 1 to 3 it climbs from .4 to .8: area 1.2. From 3 to 5 it is .8: area 1.6.
    assert aiq(around(*SHOP), 1.0, 5.0) == pytest.approx(2.8 / 4)


def test_what_lies_before_the_first_corner_counts_as_nothing() -> None:
    assert aiq(around(*SHOP), 0.0, 3.0) == pytest.approx(1.2 / 3)
    assert aiq(around((2.0, 0.9)), 0.0, 1.0) == 0.0


def test_where_all_models_cost_the_same_the_height_is_that_of_the_best() -> None:
    assert aiq(around((1.0, 0.4), (1.0, 0.6)), 1.0, 1.0) == 0.6


def test_savings_worked_out_by_hand() -> None:
    found = around(*SHOP)

    assert saving(found, 0.8, 4.0) == pytest.approx(0.25)
    assert saving(found, 0.7, 2.0) == pytest.approx(-0.25)
    assert saving(found, 0.9, 4.0) == NEVER


def test_of_what_costs_nothing_nothing_can_be_saved() -> None:
    assert saving(around((0.0, 0.5)), 0.5, 0.0) == 0.0
    assert saving(around((1.0, 0.5)), 0.5, 0.0) == NEVER


@pytest.mark.parametrize("corners", [((), ()), ((1.0,), (0.5, 0.6))])
def test_a_hull_without_corners_is_refused(corners: tuple[tuple[float, ...], ...]) -> None:
    with pytest.raises(ValueError, match="corners"):
        Hull(*corners)


@given(POINTS)
def test_a_hull_climbs_ever_more_slowly(points: list[tuple[float, float]]) -> None:
    found = around(*points)
    costs, qualities = np.array(found.costs_usd), np.array(found.qualities)
    slopes = np.diff(qualities) / np.diff(costs)

    assert (np.diff(costs) > 0).all()
    assert (np.diff(qualities) > 0).all()
    assert (np.diff(slopes) <= 1e-9 * np.abs(slopes[1:])).all()


@given(POINTS)
def test_no_point_lies_above_its_hull(points: list[tuple[float, float]]) -> None:
    found = around(*points)

    assert all(found.quality_at(cost) >= quality - 1e-9 for cost, quality in points)


@given(POINTS, POINTS)
def test_more_points_never_lower_a_hull(
    points: list[tuple[float, float]], more: list[tuple[float, float]]
) -> None:
    few, many = around(*points), around(*points, *more)

    assert aiq(many, 1e-6, 1.0) >= aiq(few, 1e-6, 1.0) - 1e-9


@given(POINTS, QUALITY)
def test_what_a_quality_costs_buys_it(points: list[tuple[float, float]], quality: float) -> None:
    found = around(*points)
    cost = found.cost_of(quality)

    assert cost == inf or found.quality_at(cost) >= quality - 1e-6
