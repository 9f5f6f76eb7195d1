"""Accuracy, macro-F1, calibration and confusion, with bootstrap intervals over requests."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_BINS = 15
_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Judged:
    """What was predicted for each request, with what certainty, and what is true, as category numbers."""

    said: Ints
    sure: Floats
    true: Ints

    @property
    def accuracy(self) -> float:
        """Share of requests that were classified correctly."""
        return float((self.said == self.true).mean())

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the categories that occur."""
        return float(np.mean([self._f1(label) for label in np.unique(self.true)]))

    @property
    def ece(self) -> float:
        """Mean distance between certainty and accuracy, in fifteen bins of certainty."""
        right = (self.said == self.true).astype(float)
        place = np.minimum((self.sure * _BINS).astype(int), _BINS - 1)
        gaps = np.bincount(place, right - self.sure, minlength=_BINS)
        return float(np.abs(gaps).sum() / len(right))

    def at(self, rows: NDArray[np.generic]) -> "Judged":
        """Only the given requests."""
        return Judged(self.said[rows], self.sure[rows], self.true[rows])

    def interval(self, score: Callable[["Judged"], float]) -> tuple[float, float]:
        """The middle 95 % of `score` over resampled requests, the same every time."""
        dice = np.random.default_rng(0)
        size = len(self.true)
        drawn = [score(self.at(dice.integers(0, size, size))) for _ in range(_RESAMPLES)]
        low, high = np.percentile(drawn, (2.5, 97.5))
        return float(low), float(high)

    def confused(self, least: int = 2) -> Iterator[tuple[int, int, int]]:
        """How often one category was mistaken for another (times, true, said), most often first."""
        wrong = [pair for pair in zip(self.true, self.said, strict=True) if pair[0] != pair[1]]
        pairs, counts = np.unique(np.array(wrong).reshape(-1, 2), axis=0, return_counts=True)
        for place in np.argsort(-counts, kind="stable"):
            if counts[place] >= least:
                yield int(counts[place]), int(pairs[place][0]), int(pairs[place][1])

    def _f1(self, label: int) -> float:
        hits = int(((self.said == label) & (self.true == label)).sum())
        return 2 * hits / (int((self.said == label).sum()) + int((self.true == label).sum()))
