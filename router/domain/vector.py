"""Vectors of length 1, between which the cosine is a sum of products."""

import math
import sys
from collections.abc import Sequence
from operator import mul

_LEAST_LENGTH = 1e-12


def unit(numbers: Sequence[float]) -> tuple[float, ...]:
    """`numbers` scaled to length 1. Raises ValueError where they have no direction.

    Raises TypeError for what is no number.
    """
    length = math.hypot(*numbers)
    if not _LEAST_LENGTH < length < math.inf:
        raise ValueError(f"a vector of length {length} has no direction")
    return tuple(number / length for number in numbers)


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """The cosine of the angle between two vectors of length 1; -1 if they differ in dimension."""
    if len(one) != len(other):
        return -1.0
    return _sum_of_products(one, other)


if sys.version_info >= (3, 12):
    _sum_of_products = math.sumprod
else:

    def _sum_of_products(one: Sequence[float], other: Sequence[float]) -> float:
        return sum(map(mul, one, other), 0.0)
