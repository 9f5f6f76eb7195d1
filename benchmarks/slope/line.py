"""A line through memory over requests: its slope, and how certain that is."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

_MEANS = 10
_T_95 = 2.306
"""Of Student's distribution, for ten means and the two numbers of a line."""

Point = tuple[int, int]
"""So many requests, so many bytes."""


@dataclass(frozen=True, slots=True)
class Slope:
    """Bytes per request, and half of its 95 % interval."""

    bytes_each: float
    half: float

    def __str__(self) -> str:
        return f"{self.bytes_each:+.1f} +- {self.half:.1f} bytes per request"


def slope_of(points: Sequence[Point]) -> Slope:
    """The slope of a line through the means of ten parts. Raises ValueError for fewer than ten points."""
    size = len(points) // _MEANS
    if size == 0:
        raise ValueError(f"a slope needs {_MEANS} points, not {len(points)}")
    parts = [points[at * size : (at + 1) * size] for at in range(_MEANS)]
    xs = [statistics.fmean(n for n, _ in part) for part in parts]
    ys = [statistics.fmean(rss for _, rss in part) for part in parts]
    slope, intercept = statistics.linear_regression(xs, ys)
    errors = [y - (slope * x + intercept) for x, y in zip(xs, ys, strict=True)]
    middle = statistics.fmean(xs)
    spread = sum((x - middle) ** 2 for x in xs)
    return Slope(slope, _T_95 * (sum(e**2 for e in errors) / (_MEANS - 2) / spread) ** 0.5)


def thirds(points: Sequence[Point]) -> tuple[Sequence[Point], ...]:
    """`points` in three parts of the same size, in order."""
    size = len(points) // 3
    return tuple(points[at * size : (at + 1) * size] for at in range(3))
