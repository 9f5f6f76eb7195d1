"""Means of scores by kind of prompt, drawn towards what the rest of the table makes likely."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from router.domain.arrays import Floats

_PSEUDO_ANSWERS = 8.0
"""The weight, in answers, of the additive model. Chosen by 5-fold validation on zeroeval and mmlu_pro,
where everything between 4 and 20 does equally well: their kinds have hundreds of answers."""
_PUBLISHED_ANSWERS = 20.0
"""The weight, in answers, of a model's published results. They are .3 to .5 off in logits on ZeroEval and MMLU-Pro,
as the mean of 20 to 50 answers is."""
_USUAL_SLOPE, _USUAL_WEIGHT = 0.75, 4.0
"""The assumed slope of abilities by published ones, and its weight in models with a deviation of 1. The slope is 1.0 on
ZeroEval, .7 on MMLU-Pro."""
_FEW = 5
"""Published results of fewer models are not used."""
_LEAST_P = 0.005
_ROUNDS = 30


class KindMeans(Struct, frozen=True, eq=False):
    """`scores` (models, kinds) from 0 to 1, their standard deviations, and how many answers they are from."""

    scores: Floats
    sds: Floats
    counts: Floats


def kind_means(
    scores: Floats, kinds: NDArray[np.intp], n_kinds: int, published: Floats | None = None
) -> KindMeans:
    """Each model's mean score on each kind, also where it has no answer.

    `scores` are (prompts, models) with NaN for no answer, `kinds` the kind of each prompt. A mean is drawn
    towards sigmoid(ability of the model - difficulty of the kind), the one-parameter form of item-response
    theory (Rasch 1960), with the weight of a few answers. The ability of a model with few answers is drawn
    towards what its `published` one says, which is in logits on any scale, NaN where nothing is published.
    """
    is_known = np.isfinite(scores)
    member = np.eye(n_kinds)[kinds]
    counts = is_known.T.astype(np.float64) @ member
    sums = np.where(is_known, scores, 0.0).T @ member
    expected = _additive(sums, counts, published)
    drawn = (sums + _PSEUDO_ANSWERS * expected) / (counts + _PSEUDO_ANSWERS)
    sds = np.sqrt(drawn * (1.0 - drawn) / (counts + _PSEUDO_ANSWERS))
    return KindMeans(drawn, sds, counts)


def _additive(sums: Floats, counts: Floats, published: Floats | None) -> Floats:
    """sigmoid(ability + easiness), fitted to the means in turn, weighted by the numbers of answers."""
    rates = (sums + 0.5) / (counts + 1.0)
    logits, weights = np.log(rates / (1.0 - rates)), counts
    ability, easiness = np.zeros(len(sums)), np.zeros(sums.shape[1])
    for _ in range(_ROUNDS):
        ability = _weighted_mean(logits - easiness, weights, axis=1)
        if published is not None:
            ability = _drawn(ability, counts.sum(axis=1), published)
        easiness = _weighted_mean(logits - ability[:, None], weights, axis=0)
    fitted = 1.0 / (1.0 + np.exp(-(ability[:, None] + easiness)))
    return np.clip(fitted, _LEAST_P, 1.0 - _LEAST_P)


def _drawn(ability: Floats, answers: Floats, published: Floats) -> Floats:
    """Abilities, shrunk towards the line that predicts them from published ones."""
    known = np.flatnonzero(np.isfinite(published))
    if len(known) < _FEW:
        return ability
    at, found = published[known], ability[known]
    sure = answers[known] / (answers[known] + _PUBLISHED_ANSWERS)
    x, y = at - np.average(at, weights=sure), found - np.average(found, weights=sure)
    slope = (sure @ (x * y) + _USUAL_WEIGHT * _USUAL_SLOPE) / (sure @ x**2 + _USUAL_WEIGHT)
    drawn = ability.copy()
    drawn[known] = found - (1.0 - sure) * (y - slope * x)
    return drawn


def _weighted_mean(table: Floats, weights: Floats, axis: int) -> Floats:
    """The weighted mean along an axis; that of the whole table where all weights along it are 0."""
    sums, totals = (table * weights).sum(axis=axis), weights.sum(axis=axis)
    over_all = sums.sum() / np.maximum(totals.sum(), 1.0)
    means = np.where(totals > 0, sums / np.maximum(totals, 1.0), over_all)
    return np.asarray(means, dtype=np.float64)


def numbered(labels: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """The distinct labels, sorted, and for each label its number among them."""
    names, numbers = np.unique(np.asarray(labels, dtype=np.object_), return_inverse=True)
    return tuple(names), numbers.astype(np.intp)
