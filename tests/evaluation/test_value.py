"""Hulls, areas and choices, on figures that can be worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.predictions import Predictions
from router.evaluation.labelled import question_of
from router.evaluation.significance import gain, holm
from router.evaluation.value import Point, area, choices, hull

POINTS = st.lists(
    st.builds(Point, st.floats(0.0, 1.0), st.floats(0.0, 1.0)), min_size=1, max_size=8
)


def predicted(p: list[float], usd: list[float]) -> Predictions:
    table, unknown = np.array([p]), np.full((1, len(p)), np.nan)
    names = tuple("abc"[: len(p)])
    return Predictions(("1",), names, table, np.zeros_like(table), np.array([usd]), unknown)


def test_a_point_below_the_line_between_two_others_is_no_corner() -> None:
    points = [Point(0.0, 0.5), Point(1.0, 0.6), Point(2.0, 1.0), Point(3.0, 0.9)]

    assert hull(points) == (Point(0.0, 0.5), Point(2.0, 1.0))


def test_the_area_is_nothing_left_of_the_first_corner_and_flat_at_the_end() -> None:
    points = [Point(1.0, 0.5), Point(2.0, 1.0)]

    assert area(points, 1.0, 2.0) == pytest.approx(0.75)
    assert area(points, 0.0, 2.0) == pytest.approx(0.375)
    assert area(points, 1.0, 3.0) == pytest.approx((0.75 + 1.0) / 2)


@given(POINTS, st.builds(Point, st.floats(0.0, 1.0), st.floats(0.0, 1.0)))
def test_another_point_never_makes_the_area_smaller(points: list[Point], more: Point) -> None:
    assert area([*points, more], 0.0, 1.0) >= area(points, 0.0, 1.0) - 1e-9


def test_the_cheapest_is_chosen_when_quality_is_alike_and_the_best_when_money_is_no_object() -> (
    None
):
    assert choices(predicted([0.8, 0.8], [2.0, 1.0]), 0.0)[0] == 1
    assert choices(predicted([0.8, 0.9], [0.0, 1.0]), 0.0)[0] == 1
    assert choices(predicted([0.8, 0.9], [0.0, 1.0]), 0.2)[0] == 0


def test_a_difference_that_is_everywhere_alike_is_sure_and_none_is_none() -> None:
    assert gain(np.full(50, 0.1), 0).p_value < 0.001
    assert gain(np.zeros(50), 0).p_value == 1.0
    noise = np.random.default_rng(0).normal(0.0, 1.0, 50)
    assert gain(noise - noise.mean(), 0).p_value > 0.3


def test_holm_multiplies_the_smallest_by_all_and_never_turns_the_order_round() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx(
        {"a": 0.03, "c": 0.06, "b": 0.06}
    )


@given(st.dictionaries(st.text(max_size=3), st.floats(0.0, 1.0), min_size=1))
def test_a_correction_never_makes_anything_more_certain(p_values: dict[str, float]) -> None:
    corrected = holm(p_values)

    assert all(p_values[key] <= corrected[key] <= 1.0 for key in p_values)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("What is it?\nA. one\nB. two", "what is it\nA. two\nB. one", True),
        ("What is it?", "What is that?", False),
        ("東京はどこですか?", "大阪はどこですか?", False),
        ("???", "!!!", False),
    ],
)
def test_questions_are_told_apart_by_letters_and_digits_of_any_script(
    one: str, other: str, is_same: bool
) -> None:
    assert (question_of(one) == question_of(other)) is is_same
