"""Keeps percentiles true: where more than a tenth of the answers exceeded the 90th, the next is stated higher.

Adaptive conformal inference (Gibbs and Candès 2021, arXiv:2106.00170): each answer longer than the stated
90th percentile raises the level that stands for it by nine steps, each shorter one lowers it by one. In
the long run a tenth of the answers exceed it, however good the underlying estimates are and however the
answers change.
"""

from router.domain.spread import LEVELS, Spread

_LOW, _HIGH = 0.1, 0.9
_STEP = 0.01
"""Of a level for one answer. Larger ones adapt sooner, but state wider percentiles (docs/estimates.md)."""


class PercentileCorrection:
    """Which levels of an estimate stand for the 10th and the 90th percentile of a model's answers."""

    __slots__ = ("_high", "_low", "count")

    def __init__(self) -> None:
        self._low, self._high = _LOW, _HIGH
        self.count = 0
        """How many answers were heeded."""

    def heed(self, stated: Spread, value: float) -> None:
        """Take in an answer for which `stated` was predicted; one exactly at a percentile says nothing of it."""
        self.count += 1
        low, high = stated.p10, stated.p90
        if value != low:
            self._low = _within(0.01, self._low + _STEP * (_LOW - (value < low)), 0.49)
        if value != high:
            self._high = _within(0.51, self._high + _STEP * (_HIGH - (value < high)), 0.99)

    def corrected(self, spread: Spread) -> Spread:
        """`spread` with the percentiles that these levels stand for; its median and mean stay."""
        return Spread(tuple(spread.at(self._of(level)) for level in LEVELS), spread.mean)

    def _of(self, level: float) -> float:
        """Piecewise linear through 0, the two levels, a half, and 1."""
        if level < _LOW:
            return level / _LOW * self._low
        if level < 0.5:
            return self._low + (level - _LOW) / (0.5 - _LOW) * (0.5 - self._low)
        if level < _HIGH:
            return 0.5 + (level - 0.5) / (_HIGH - 0.5) * (self._high - 0.5)
        return self._high + (level - _HIGH) / (1 - _HIGH) * (1 - self._high)


def _within(least: float, level: float, most: float) -> float:
    """`level` within bounds, which keep percentiles in order and a level from drifting off."""
    return min(most, max(least, level))
