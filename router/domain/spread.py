"""How a positive quantity is spread: fifteen quantiles and a mean.

Fifteen, because the middles of fifteen equal parts include the 10th, the 50th and the 90th percentile.
The mean is kept as well, since the long tail that determines it lies above the last quantile.
"""

from collections.abc import Sequence
from math import exp, inf
from operator import le
from statistics import NormalDist
from typing import Self

from msgspec import Struct

LEVELS = tuple((part + 0.5) / 15 for part in range(15))
"""The levels of the quantiles: 1/30, 3/30, and so on to 29/30."""

_TENTH, _HALF, _NINE_TENTHS = 1, 7, 13


class Spread(Struct, frozen=True):
    """Quantiles at `LEVELS`, ascending, and the mean; none is negative."""

    quantiles: tuple[float, ...]
    mean: float

    def __post_init__(self) -> None:
        """Refuse what is no distribution (NaN and infinities included)."""
        told = self.quantiles
        ascends = all(map(le, told, told[1:]))
        if len(told) != len(LEVELS) or not (ascends and told[0] >= 0.0 and told[-1] < inf):
            raise ValueError(f"a spread has {len(LEVELS)} ascending quantiles, not {told}")
        if not 0.0 <= self.mean < inf:
            raise ValueError(f"a mean is zero or more, not {self.mean!r}")

    @classmethod
    def of(cls, ordered: Sequence[float], mean: float) -> Self:
        """The spread of at least one value, in ascending order, with their mean."""
        return cls(tuple(quantile_of(ordered, level) for level in LEVELS), mean)

    @classmethod
    def of_middles(cls, ordered: Sequence[float], mean: float) -> Self:
        """The spread in which these values, in ascending order, are the middles of equally likely parts."""
        return cls(tuple(_among_middles(ordered, level) for level in LEVELS), mean)

    @classmethod
    def log_normal(cls, mean: float, sigma: float) -> Self:
        """The spread whose logarithms are normal with a standard deviation of `sigma`."""
        median = mean * exp(-sigma * sigma / 2)
        scores = map(NormalDist().inv_cdf, LEVELS)
        return cls(tuple(median * exp(sigma * score) for score in scores), mean)

    @property
    def p10(self) -> float:
        """What a tenth of the values do not exceed."""
        return self.quantiles[_TENTH]

    @property
    def median(self) -> float:
        """What half of the values do not exceed."""
        return self.quantiles[_HALF]

    @property
    def p90(self) -> float:
        """What nine tenths of the values do not exceed."""
        return self.quantiles[_NINE_TENTHS]

    def at(self, level: float) -> float:
        """The quantile of any level, interpolated; beyond the first and the last of `LEVELS`, theirs."""
        return _among_middles(self.quantiles, level)

    def times(self, factor: float) -> "Spread":
        """The spread of values that are `factor` times as large."""
        return Spread(tuple(each * factor for each in self.quantiles), self.mean * factor)

    def within(self, limit: float) -> "Spread":
        """The spread of the same values, those above `limit` cut down to it."""
        if limit >= self.quantiles[-1]:
            return self if self.mean <= limit else Spread(self.quantiles, limit)
        cut = tuple(min(each, limit) for each in self.quantiles)
        return Spread(cut, min(self.mean, limit, sum(cut) / len(cut)))


def quantile_of(ordered: Sequence[float], level: float) -> float:
    """What the next value will not exceed with a probability of `level`, given these in ascending order.

    The next of n + 1 exchangeable values is equally likely to have any rank, so that rank
    `level * (n + 1)` keeps the level whatever the distribution is (Vovk et al., Algorithmic Learning in
    a Random World, 2005). It is interpolated between two ranks, and beyond the last it is the largest.
    """
    return _at_place(ordered, level * (len(ordered) + 1) - 1)


def _among_middles(ordered: Sequence[float], level: float) -> float:
    """The quantile of `level` where each of these ascending values is the middle of an equally likely part."""
    return _at_place(ordered, level * len(ordered) - 0.5)


def _at_place(ordered: Sequence[float], place: float) -> float:
    """What is at a place between two of these values, interpolated; beyond the first and the last, theirs."""
    if place <= 0:
        return ordered[0]
    if place >= len(ordered) - 1:
        return ordered[-1]
    below = int(place)
    return ordered[below] + (place - below) * (ordered[below + 1] - ordered[below])
