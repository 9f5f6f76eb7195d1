"""The memory benchmark: a line through points, and traffic that keeps nothing itself."""

import random

import pytest

from benchmarks.slope.line import slope_of, thirds
from benchmarks.slope.traffic import FEEDBACK, Traffic


def test_a_straight_line_has_its_slope_and_no_doubt() -> None:
    slope = slope_of([(n, 1000 + 7 * n) for n in range(200)])
    assert slope.bytes_each == pytest.approx(7)
    assert slope.half == pytest.approx(0, abs=1e-6)
    assert str(slope) == "+7.0 +- 0.0 bytes per request"


def test_what_goes_up_and_down_has_no_slope_that_is_sure() -> None:
    dice = random.Random(1)
    slope = slope_of([(n, dice.randrange(10_000)) for n in range(1000)])
    assert abs(slope.bytes_each) < slope.half


def test_too_few_points_are_refused() -> None:
    with pytest.raises(ValueError, match="10 points, not 9"):
        slope_of([(n, n) for n in range(9)])


def test_three_parts_are_told_in_order() -> None:
    parts = thirds([(n, 0) for n in range(7)])
    assert [[n for n, _ in part] for part in parts] == [[0, 1], [2, 3], [4, 5]]


def test_feedback_is_given_once_to_an_answer_by_who_asked_for_it() -> None:
    traffic = Traffic(random.Random(1))
    owners: dict[str, str] = {}
    scored = []
    for number in range(2000):
        shot = traffic.next()
        if shot.path == FEEDBACK:
            scored.append(shot.fields["request_id"])
            assert shot.headers["authorization"] == owners[shot.fields["request_id"]]
        else:
            owners[f"req_{number}"] = shot.headers["authorization"]
            traffic.answered(shot, f"req_{number}")

    assert scored
    assert len(set(scored)) == len(scored)
