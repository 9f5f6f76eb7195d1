"""How much harder prompts get with their length, for all models: as far as kinds of prompts agree on it.

    logit P(good answer of a model) = (what is usual of it on the kind) - slope of the kind * deviations of length

The one-parameter form of item-response theory: one number says how hard a prompt is, and a strong model loses less by
it than one that is right half of the time. Each kind has a slope of its own, drawn towards the mean of all (random
effects, DerSimonian and Laird 1986). The mean in turn is drawn towards 0, the more kinds differ: a kind that nobody
knows may be the next to differ.
"""

import numpy as np
from numpy.typing import NDArray

from router.domain.arrays import Floats
from router.features.kinds import MOST_HARDENING

_LEAST_PROMPTS = 20
"""With fewer prompts, a kind's slope counts for nothing: its variance cannot be estimated."""
_LEAST_VARIANCE = 1e-4


def fit_hardening(
    deviations: Floats, kinds: NDArray[np.intp], scores: Floats, residuals: Floats
) -> Floats:
    """Logits for a deviation of a prompt that resembles a kind, (kinds,).

    `deviations` are those of each prompt's length, 0 on average over each kind; `scores` and `residuals` are as in
    `fit_prompt_lengths`.
    """
    slopes, variances = _slopes(deviations, kinds, scores, residuals)
    known = np.isfinite(variances)
    if known.sum() < 2:  # of how kinds differ, one says nothing
        return np.zeros(len(slopes))
    mean, of_mean, between = _pooled(slopes[known], variances[known])
    own = np.full(len(slopes), mean)
    own[known] += (slopes[known] - mean) * between / (between + variances[known])
    agreed = mean**2 / (mean**2 + of_mean + between)
    return np.clip(own - (1.0 - agreed) * mean, -MOST_HARDENING, MOST_HARDENING)


def _slopes(
    deviations: Floats, kinds: NDArray[np.intp], scores: Floats, residuals: Floats
) -> tuple[Floats, Floats]:
    """Each kind's slope, and its variance, infinite where there are too few prompts.

    By least squares: a logit moves p by p * (1 - p). Models err together on one prompt, so it is prompts that vary.
    """
    n_kinds, known = scores.shape[1], np.isfinite(residuals)
    moves = (scores * (1.0 - scores)).T[kinds] * known * deviations[:, None]
    products = -(np.nan_to_num(residuals) * moves).sum(axis=1)
    squares = (moves**2).sum(axis=1)
    totals = np.maximum(np.bincount(kinds, squares, n_kinds), 1e-9)
    slopes = np.bincount(kinds, products, n_kinds) / totals
    left = products - squares * slopes[kinds]
    variances = np.bincount(kinds, left**2, n_kinds) / totals**2 + _LEAST_VARIANCE
    is_few = (np.bincount(kinds, minlength=n_kinds) < _LEAST_PROMPTS) | (totals < 1e-6)
    return slopes, np.where(is_few, np.inf, variances)


def _pooled(slopes: Floats, variances: Floats) -> tuple[float, float, float]:
    """The mean of slopes, its variance, and the variance between kinds.

    A kind with a slope of 0 is added: that few kinds agree may be chance.
    """
    slopes = np.append(slopes, 0.0)
    variances = np.append(variances, np.median(variances))
    weights = 1.0 / variances
    mean = weights @ slopes / weights.sum()
    freedom = weights.sum() - (weights**2).sum() / weights.sum()
    excess = weights @ (slopes - mean) ** 2 - (len(slopes) - 1)
    between = max(0.0, float(excess / freedom))
    weights = 1.0 / (variances + between)
    return float(weights @ slopes / weights.sum()), float(1.0 / weights.sum()), between
