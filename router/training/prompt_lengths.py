"""What the length of a prompt, beside others of its kind, says of which model copes with it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.domain.arrays import Floats
from router.features.kinds import FARTHEST

_PSEUDO_PROMPTS = 10.0
"""Prompts of a kind's own that the deviation within all kinds counts as."""
_LEAST_SD = 0.1
"""Of log tokens: where all prompts have about one length, a tenth more is no longer prompt."""
_PENALTY = 300.0
"""Of the ridge regression, in squared deviations, of which a prompt has a third: as nine hundred prompts by whose
length nothing differs. Without it, datasets that were not learnt from lose (docs/evidence.md)."""


@dataclass(frozen=True, slots=True, eq=False)
class PromptLengths:
    """Mean and deviation of each kind's log tokens, (kinds, 2).

    `loadings` are what a deviation adds to each model's score, (models, 1).
    """

    of_kinds: Floats
    loadings: Floats


def fit_prompt_lengths(
    prompt_tokens: NDArray[np.int64], kinds: NDArray[np.intp], n_kinds: int, residuals: Floats
) -> PromptLengths:
    """How long prompts are, and how differently models do on long ones.

    `residuals` are scores less the means of the kind, (prompts, models), NaN for no answer. Loadings are 0 over all
    models together: that long prompts are harder is not said. It holds no better where it was not learnt, and who
    tells good answers from bad ones by it is off by more (docs/evidence.md).
    """
    logs = np.log(np.maximum(prompt_tokens, 1.0))
    of_kinds = _of_kinds(logs, kinds, n_kinds)
    means, sds = of_kinds[kinds].T
    off = np.clip((logs - means) / sds, -FARTHEST, FARTHEST)
    off -= _means(off, kinds, n_kinds)[kinds]
    slopes = off @ np.nan_to_num(residuals) / (off**2 @ np.isfinite(residuals) + _PENALTY)
    return PromptLengths(of_kinds, (slopes - slopes.mean())[:, None])


def _of_kinds(logs: Floats, kinds: NDArray[np.intp], n_kinds: int) -> Floats:
    means = _means(logs, kinds, n_kinds)
    squares = (logs - means[kinds]) ** 2
    counts = np.bincount(kinds, minlength=n_kinds)
    of_own = np.bincount(kinds, squares, n_kinds) + _PSEUDO_PROMPTS * squares.mean()
    sds = np.sqrt(of_own / (counts + _PSEUDO_PROMPTS))
    return np.column_stack((means, np.maximum(sds, _LEAST_SD)))


def _means(numbers: Floats, kinds: NDArray[np.intp], n_kinds: int) -> Floats:
    counts = np.bincount(kinds, minlength=n_kinds)
    return np.bincount(kinds, numbers, n_kinds) / np.maximum(counts, 1)
