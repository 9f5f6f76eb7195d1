"""Calibrates the classifier of kinds: being regularised, it is less sure than it may be."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from router.domain.arrays import Floats

_POWERS = sorted(2.0 ** (np.arange(-8, 17) / 8.0), key=lambda power: abs(np.log(power)))
"""From a half to four, 1 first, so that it wins ties. Beyond four, shares of seven decimals lose too much."""
_PSEUDO_PROMPTS = 50.0
"""The weight, in prompts, of the assumption that shares are right as they are."""


def inverse_temperature(logits: Floats, kinds: NDArray[np.intp]) -> float:
    """The inverse temperature (Guo et al. 2017) that makes the true kinds likeliest; 1 where none is better.

    `logits` are the classifier's, (prompts, kinds), of prompts that it did not learn from; `kinds` are the true
    ones. Multiplying logits by it is raising shares to that power, and scaling them to sum to 1 again.
    """
    best = min(_POWERS, key=lambda power: _loss(power * logits, kinds))
    return float(best ** (len(kinds) / (len(kinds) + _PSEUDO_PROMPTS)))


def _loss(logits: Floats, kinds: NDArray[np.intp]) -> float:
    """The mean of -log P(true kind)."""
    return float(np.mean(logsumexp(logits, axis=1) - logits[np.arange(len(kinds)), kinds]))
