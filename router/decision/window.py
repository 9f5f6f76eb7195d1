"""The last values of a stream, with exact quantiles: quick to follow a change, bounded in memory."""

from bisect import bisect_left, insort
from collections import deque

from router.domain.spread import Spread, quantile_of

SIZE = 64
"""Wide enough for a 90th percentile, and short enough to follow when a model changes: of the sizes tried
it needed no further correction (docs/estimates.md)."""

FEWEST_FOR_QUANTILES = 20
"""With fewer values, no quantile but the median is given."""


class Window:
    """The last 64 values, both in the order in which they came and in ascending order."""

    __slots__ = ("_ordered", "_recent", "count")

    def __init__(self) -> None:
        self._recent: deque[float] = deque()
        self._ordered: list[float] = []
        self.count = 0
        """How many values came in all."""

    def __len__(self) -> int:
        return len(self._ordered)

    def add(self, value: float) -> None:
        """Take one more value in, and forget the oldest of a full window."""
        if len(self._recent) == SIZE:
            del self._ordered[bisect_left(self._ordered, self._recent.popleft())]
        self._recent.append(value)
        insort(self._ordered, value)
        self.count += 1

    @property
    def median(self) -> float | None:
        """The middle of the values; None if there is none."""
        return quantile_of(self._ordered, 0.5) if self._ordered else None

    def quantile(self, level: float) -> float | None:
        """What a share of `level` of the values to come will not exceed; None below 20 values."""
        if len(self._ordered) < FEWEST_FOR_QUANTILES:
            return None
        return quantile_of(self._ordered, level)

    def drawn_towards(self, usual: Spread) -> Spread:
        """The spread of the values, with `usual` counting as much as eight of them.

        These eight are not drawn like answers, but the middles of eight equal parts of `usual`. So all are taken for
        middles: by the ranks that answers have among themselves, the 90th percentile of the first would be a 97th.
        A single value, however large, moves the mean no further than the second largest would: one
        runaway call must not make a model look expensive.
        """
        if not self._ordered:
            return usual
        supposed = usual.quantiles[::2]
        both = sorted([*self._ordered, *supposed])
        total = sum(self._ordered) - max(0.0, self._ordered[-1] - both[-2])
        return Spread.of_middles(both, (total + len(supposed) * usual.mean) / len(both))
