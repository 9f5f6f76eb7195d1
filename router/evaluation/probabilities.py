"""Whether predicted probabilities tell good answers from bad ones (AUC), and mean what they say (ECE).

A score between 0 and 1 counts as so much of a good answer, and the rest of a bad one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.domain.arrays import Floats

BINS = 15


def auc(predicted: Floats, scores: Floats) -> float:
    """The chance that a good answer was given a higher probability than a bad one; ties are halves.

    The area under the ROC curve (Hanley and McNeil 1982,
    https://doi.org/10.1148/radiology.143.1.7063747): 0.5 says nothing, 1 everything. NaN where all
    answers are good, or all are bad.
    """
    return Ranking.of(predicted, scores).auc(np.ones(predicted.size))


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Answers in the order of their predictions, sorted once to be weighted many times.

    `starts` are the places in that order where a new prediction begins.
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    scores: Floats

    @classmethod
    def of(cls, predicted: Floats, scores: Floats) -> "Ranking":
        """The ranking of answers that were predicted so and scored so; tables are read row by row."""
        order = np.argsort(predicted, axis=None, kind="stable")
        values = predicted.ravel()[order]
        is_new = np.concatenate(([True], values[1:] != values[:-1]))
        return cls(order, np.flatnonzero(is_new), scores.ravel()[order])

    def auc(self, weights: Floats) -> float:
        """The AUC where each answer counts so many times."""
        in_order = weights[self.order]
        good = np.add.reduceat(in_order * self.scores, self.starts)
        bad = np.add.reduceat(in_order, self.starts) - good
        pairs = good.sum() * bad.sum()
        if pairs <= 0.0:
            return float("nan")
        bad_below = np.cumsum(bad) - bad
        return float(good @ (bad_below + bad / 2.0) / pairs)


def gaps(predicted: Floats, scores: Floats) -> Floats:
    """Of each prompt and bin of equal width, how far the predictions in it are above the scores.

    The tables are prompts x models; the gaps of a prompt's models are added up.
    """
    bins = np.minimum((predicted * BINS).astype(np.int64), BINS - 1)
    found = np.zeros((len(predicted), BINS))
    for column in range(predicted.shape[1]):
        found[np.arange(len(predicted)), bins[:, column]] += (predicted - scores)[:, column]
    return found


def ece(predicted: Floats, scores: Floats) -> float:
    """Expected calibration error: how far, on average, a bin's mean prediction and mean score are apart.

    Over 15 bins of equal width (Guo et al. 2017, https://arxiv.org/abs/1706.04599, equation 5); 0 is
    perfect.
    """
    table = gaps(predicted.reshape(-1, 1), scores.reshape(-1, 1))
    return float(np.abs(table.sum(axis=0)).sum() / predicted.size)
