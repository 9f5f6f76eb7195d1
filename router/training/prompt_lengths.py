"""What the length of a prompt, beside others of its kind, says: which model copes with it, how hard it is for all."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from router.domain.arrays import Floats
from router.features.kinds import FARTHEST, MOST_DEVIATIONS
from router.training.hardening import fit_hardening

_PSEUDO_PROMPTS = 10.0
"""The weight, in prompts, of the deviation within all kinds in that of one."""
_LEAST_SD = 0.1
"""The least deviation of log tokens: where all prompts are of one length, a tenth more is not long."""
_PENALTY = 300.0
"""Of the ridge regression, in squared deviations. A prompt has about a third of one, so it counts as nine hundred
prompts without an effect. Without it, datasets that were not learnt from lose (docs/evidence.md)."""


class PromptLengths(Struct, frozen=True, eq=False):
    """Mean and deviation of each kind's log tokens, (kinds, 2).

    `loadings` are what a deviation adds to each model's score, (models, 1), `hardening` the logits by which it makes
    prompts that resemble a kind harder, (kinds,).
    """

    of_kinds: Floats
    loadings: Floats
    hardening: Floats


def fit_prompt_lengths(
    prompt_tokens: NDArray[np.int64], kinds: NDArray[np.intp], scores: Floats, residuals: Floats
) -> PromptLengths:
    """How long prompts are, how differently models do on long ones, and how much harder these are.

    `scores` are the models' means by kind, (models, kinds), `residuals` scores less these, (prompts, models), NaN for
    no answer. Loadings are 0 over all models together: that long prompts are harder is not said by them. It holds
    elsewhere only as far as kinds agree on it, and is said where a prompt is unfamiliar (docs/evidence.md).
    """
    logs, n_kinds = np.log(np.maximum(prompt_tokens, 1.0)), scores.shape[1]
    of_kinds = _of_kinds(logs, kinds, n_kinds)
    means, sds = of_kinds[kinds].T
    deviations = (logs - means) / sds
    off = _centred(np.clip(deviations, -FARTHEST, FARTHEST), kinds, n_kinds)
    slopes = off @ np.nan_to_num(residuals) / (off**2 @ np.isfinite(residuals) + _PENALTY)
    far = _centred(np.clip(deviations, -MOST_DEVIATIONS, MOST_DEVIATIONS), kinds, n_kinds)
    hardening = fit_hardening(far, kinds, scores, residuals)
    return PromptLengths(of_kinds, (slopes - slopes.mean())[:, None], hardening)


def _of_kinds(logs: Floats, kinds: NDArray[np.intp], n_kinds: int) -> Floats:
    means = _means(logs, kinds, n_kinds)
    squares = (logs - means[kinds]) ** 2
    counts = np.bincount(kinds, minlength=n_kinds)
    of_own = np.bincount(kinds, squares, n_kinds) + _PSEUDO_PROMPTS * squares.mean()
    sds = np.sqrt(of_own / (counts + _PSEUDO_PROMPTS))
    return np.column_stack((means, np.maximum(sds, _LEAST_SD)))


def _centred(numbers: Floats, kinds: NDArray[np.intp], n_kinds: int) -> Floats:
    return np.asarray(numbers - _means(numbers, kinds, n_kinds)[kinds])


def _means(numbers: Floats, kinds: NDArray[np.intp], n_kinds: int) -> Floats:
    counts = np.bincount(kinds, minlength=n_kinds)
    return np.bincount(kinds, numbers, n_kinds) / np.maximum(counts, 1)
