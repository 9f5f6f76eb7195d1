"""How sure the classifier of kinds may be: it is penalised, so its shares are flatter than what comes true."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from router.domain.arrays import Floats

_POWERS = sorted(2.0 ** (np.arange(-8, 17) / 8.0), key=lambda power: abs(np.log(power)))
"""From a half to four, and 1 first. Beyond four, shares of seven decimals could not be made flat again."""
_PSEUDO_PROMPTS = 50.0
"""Prompts' worth of belief that shares are right as they are."""


def fitted_power(logits: Floats, kinds: NDArray[np.intp]) -> float:
    """The power of shares, scaled to sum to 1 again, by which the true kinds are likeliest.

    `logits` are the classifier's, (prompts, kinds), of prompts that it did not learn from; `kinds` are the true
    ones. A power of shares is the same multiple of their logits (Guo et al. 2017). 1 where all powers are as good.
    """
    best = min(_POWERS, key=lambda power: _loss(power * logits, kinds))
    return float(best ** (len(kinds) / (len(kinds) + _PSEUDO_PROMPTS)))


def _loss(logits: Floats, kinds: NDArray[np.intp]) -> float:
    """The mean of -log P(true kind)."""
    return float(np.mean(logsumexp(logits, axis=1) - logits[np.arange(len(kinds)), kinds]))
