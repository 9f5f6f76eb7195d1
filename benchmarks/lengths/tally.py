"""How often predictions held, how narrow they were, and how far the mean was off."""

import numpy as np
from numpy.typing import NDArray

from router.domain.spread import Spread

HEADER = (
    f"{'':36}{'<= P10':>10}{'< P90':>10}{'<= P90':>10}{'width':>8}{'pinball':>9}{'mean off':>10}"
)


class Tally:
    """Sums over answers, each in units of all answers' mean.

    `width` is the mean of P90 - P10; `pinball` the mean loss of P10, P50 and P90 together, for which a
    narrow prediction that holds is best. Where many answers have the same length, P90 is right if at most
    nine tenths are below it and at least nine tenths are not above.
    """

    def __init__(self) -> None:
        self.count, self._sum = 0, 0.0
        self._below = np.zeros(3)
        self._at = np.zeros(3)
        self._width = self._loss = self._mean = 0.0

    def add_all(self, stated: Spread, values: NDArray[np.float64]) -> None:
        """Values that all had the same prediction."""
        if not len(values):
            return
        levels = np.array([0.1, 0.5, 0.9])
        bounds = np.array([stated.p10, stated.median, stated.p90])
        off = values[:, None] - bounds
        self.count += len(values)
        self._sum += float(values.sum())
        self._below += (off < 0).sum(axis=0)
        self._at += (off == 0).sum(axis=0)
        self._width += len(values) * (stated.p90 - stated.p10)
        self._loss += float(np.maximum(levels * off, (levels - 1) * off).sum())
        self._mean += len(values) * stated.mean

    def add(self, stated: tuple[float, float, float, float], value: float) -> None:
        """P10, P50, P90 and the mean that were predicted before `value` came."""
        self.count += 1
        self._sum += value
        for place, (level, bound) in enumerate(zip((0.1, 0.5, 0.9), stated[:3], strict=True)):
            off = value - bound
            self._below[place] += off < 0
            self._at[place] += off == 0
            self._loss += max(level * off, (level - 1) * off)
        self._width += stated[2] - stated[0]
        self._mean += stated[3]

    def row(self, name: str) -> str:
        """The figures under `HEADER`."""
        usual = self._sum / self.count
        low = float(self._below[0] + self._at[0]) / self.count
        below, covered = self._below[2] / self.count, (self._below[2] + self._at[2]) / self.count
        return (
            f"{name:36}{low:10.1%}{below:10.1%}{covered:10.1%}{self._width / self.count / usual:8.2f}"
            f"{self._loss / self.count / usual:9.3f}{self._mean / self._sum - 1:+10.1%}"
        )
