"""How far a figure can be trusted: 95 % intervals of shares, means and ratios."""

from collections.abc import Sequence
from math import sqrt

import numpy as np

_Z = 1.96
_RESAMPLES = 2000


def of_share(hits: int, count: int) -> tuple[float, float]:
    """Wilson's interval for a share."""
    if count == 0:
        return 0.0, 1.0
    share, spread = hits / count, _Z**2 / count
    middle = share + spread / 2
    width = _Z * sqrt(share * (1 - share) / count + spread / (4 * count))
    return (middle - width) / (1 + spread), (middle + width) / (1 + spread)


def of_mean(values: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """Bootstrap over questions, for a mean."""
    drawn = _resampled(np.asarray(values, float)[:, None], seed)
    return _between(drawn[:, 0])


def of_ratio(above: Sequence[float], below: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """Bootstrap over questions, paired, for the ratio of two means."""
    drawn = _resampled(np.column_stack([above, below]).astype(float), seed)
    return _between(drawn[:, 0] / drawn[:, 1])


def _resampled(rows: np.ndarray, seed: int) -> np.ndarray:
    dice = np.random.default_rng(seed)
    picks = (dice.integers(0, len(rows), len(rows)) for _ in range(_RESAMPLES))
    return np.array([rows[pick].mean(axis=0) for pick in picks])


def _between(values: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
