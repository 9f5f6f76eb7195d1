"""Means of scores by kind of prompt, drawn towards what the rest of the table makes likely."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.domain.arrays import Floats

_PSEUDO_ANSWERS = 8.0
"""How many answers the additive expectation counts as. Chosen by 5-fold validation on zeroeval and mmlu_pro,
where everything between 4 and 20 does equally well: their kinds have hundreds of answers."""
_LEAST_P = 0.005
_ROUNDS = 30


@dataclass(frozen=True, slots=True, eq=False)
class KindMeans:
    """`scores` (models, kinds) from 0 to 1, their standard deviations, and how many answers they are from."""

    scores: Floats
    sds: Floats
    counts: Floats


def kind_means(scores: Floats, kinds: NDArray[np.intp], n_kinds: int) -> KindMeans:
    """Each model's mean score on each kind, also where it has no answer.

    `scores` are (prompts, models) with NaN for no answer, `kinds` the kind of each prompt. A mean is drawn
    towards sigmoid(ability of the model - difficulty of the kind), the one-parameter form of item-response
    theory (Rasch 1960), with the weight of a few answers.
    """
    is_known = np.isfinite(scores)
    member = np.eye(n_kinds)[kinds]
    counts = is_known.T.astype(np.float64) @ member
    sums = np.where(is_known, scores, 0.0).T @ member
    expected = _additive(sums, counts)
    drawn = (sums + _PSEUDO_ANSWERS * expected) / (counts + _PSEUDO_ANSWERS)
    sds = np.sqrt(drawn * (1.0 - drawn) / (counts + _PSEUDO_ANSWERS))
    return KindMeans(drawn, sds, counts)


def _additive(sums: Floats, counts: Floats) -> Floats:
    """sigmoid(ability + easiness), fitted to the means in turn, weighted by the numbers of answers."""
    rates = (sums + 0.5) / (counts + 1.0)
    logits, weights = np.log(rates / (1.0 - rates)), counts
    ability, easiness = np.zeros(len(sums)), np.zeros(sums.shape[1])
    for _ in range(_ROUNDS):
        ability = _weighted_mean(logits - easiness, weights, axis=1)
        easiness = _weighted_mean(logits - ability[:, None], weights, axis=0)
    fitted = 1.0 / (1.0 + np.exp(-(ability[:, None] + easiness)))
    return np.clip(fitted, _LEAST_P, 1.0 - _LEAST_P)


def _weighted_mean(table: Floats, weights: Floats, axis: int) -> Floats:
    """Along an axis, and over everything where nothing has a weight along it."""
    sums, totals = (table * weights).sum(axis=axis), weights.sum(axis=axis)
    over_all = sums.sum() / np.maximum(totals.sum(), 1.0)
    return np.asarray(np.where(totals > 0, sums / np.maximum(totals, 1.0), over_all))


def numbered(labels: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """The distinct labels, sorted, and for each label its number among them."""
    names, numbers = np.unique(np.asarray(labels, dtype=np.object_), return_inverse=True)
    return tuple(names), numbers.astype(np.intp)
