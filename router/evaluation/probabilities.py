"""Whether predicted probabilities separate good answers from bad ones (AUC), and mean what they say (ECE).

A score between 0 and 1 counts as that share of a good answer, and the rest as a bad one.
"""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from router.domain.arrays import Floats

BINS = 15


class PredictionOrder(Struct, frozen=True, eq=False):
    """Answers in the order of their predictions, sorted once to be weighted many times.

    `starts` are the positions in that order where a new prediction begins.
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    scores: Floats

    @classmethod
    def of(cls, predicted: Floats, scores: Floats) -> "PredictionOrder":
        """The ranking of answers with these predictions and scores; tables are read row by row."""
        order = np.argsort(predicted, axis=None, kind="stable")
        values = predicted.ravel()[order]
        is_new = np.concatenate(([True], values[1:] != values[:-1]))
        return cls(order, np.flatnonzero(is_new), scores.ravel()[order])

    def auc(self, weights: Floats) -> float:
        """The probability that a good answer was given a higher prediction than a bad one; ties count half.

        The area under the ROC curve (Hanley and McNeil 1982, https://doi.org/10.1148/radiology.143.1.7063747), with a
        weight for each answer: 0.5 is uninformative, 1 perfect. NaN if all answers are good, or all are bad.
        """
        in_order = weights[self.order]
        good = np.add.reduceat(in_order * self.scores, self.starts)
        bad = np.add.reduceat(in_order, self.starts) - good
        pairs = good.sum() * bad.sum()
        if pairs <= 0.0:
            return float("nan")
        bad_below = np.cumsum(bad) - bad
        return float(good @ (bad_below + bad / 2.0) / pairs)


def gaps(predicted: Floats, scores: Floats) -> Floats:
    """For each prompt and bin of equal width, by how much the predictions in it exceed the scores.

    The tables are prompts x models; the gaps of a prompt's models are summed. Summed over the prompts too, their
    magnitudes add up to the expected calibration error times the number of predictions: how far, on average, a bin's
    mean prediction is from its mean score (Guo et al. 2017, https://arxiv.org/abs/1706.04599, equation 5).
    """
    bins = np.minimum((predicted * BINS).astype(np.int64), BINS - 1)
    found = np.zeros((len(predicted), BINS))
    for column in range(predicted.shape[1]):
        found[np.arange(len(predicted)), bins[:, column]] += (predicted - scores)[:, column]
    return found
