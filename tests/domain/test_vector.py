"""Vectors of length 1, and the angle between them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.vector import cosine, unit

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3).filter(
    lambda numbers: math.hypot(*numbers) > 1e-6
)


@given(one=NUMBERS, other=NUMBERS)
def test_a_cosine_lies_between_minus_one_and_one_and_has_no_direction(
    one: list[float], other: list[float]
) -> None:
    found = cosine(unit(one), unit(other))

    assert -1 - 1e-9 <= found <= 1 + 1e-9
    assert found == pytest.approx(cosine(unit(other), unit(one)))
    assert cosine(unit(one), unit(one)) == pytest.approx(1)


@pytest.mark.parametrize("numbers", [[], [0.0, 0.0], [math.inf], [math.nan, 1.0]])
def test_what_has_no_direction_is_no_vector(numbers: list[float]) -> None:
    with pytest.raises(ValueError, match="no direction"):
        unit(numbers)


def test_vectors_of_two_lengths_are_opposites() -> None:
    assert cosine((1.0, 0.0), (1.0, 0.0, 0.0)) == -1
