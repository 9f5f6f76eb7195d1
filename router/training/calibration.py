"""How sure predictions may be: Platt's scaling, from predictions of prompts that were not learnt from."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from router.domain.arrays import Floats
from router.training.stopping import fitted

_LEAST_P = 0.005
_PENALTY_TOWARDS_NONE = 50.0
"""Answers' worth of belief that nothing has to be corrected."""


def platt(predicted: Floats, scores: Floats) -> tuple[float, float]:
    """Slope and intercept on the scale of logits that make `predicted` fit `scores` best.

    Both are (prompts, models), NaN in scores for no answer. A score between 0 and 1 counts as partly
    good, partly bad. (1, 0), which corrects nothing, where answers are all good, all bad, or none; the
    slope is never below 0, which would turn the order of the models round.
    Platt 1999, "Probabilistic outputs for support vector machines".
    """
    known = np.isfinite(scores)
    p = np.clip(predicted[known], _LEAST_P, 1.0 - _LEAST_P)
    logits, good = np.log(p / (1.0 - p)), scores[known]
    if not 0.0 < good.sum() < len(good):
        return 1.0, 0.0
    weights = np.concatenate((good, 1.0 - good))
    labels = np.repeat((1, 0), len(good))
    model = fitted(
        LogisticRegression(C=1e3), np.concatenate((logits, logits))[:, None], labels, weights
    )
    share = len(good) / (len(good) + _PENALTY_TOWARDS_NONE)
    slope = 1.0 + share * (float(model.coef_[0, 0]) - 1.0)
    return max(0.0, slope), share * float(model.intercept_[0])
