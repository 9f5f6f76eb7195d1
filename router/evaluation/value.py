"""What a way to predict quality is worth: by the choices that it leads to, and by its accuracy.

How much a user would pay for quality is not known, so the *value* of a prompt is the mean of what was achieved,
score - lambda cost, over several lambda (router.evaluation.sweep) from hardly to very thrifty. They are
stated as the points of quality that one would give up to save the whole cost of the most expensive model.
"""

from collections.abc import Callable

import numpy as np

from router.domain.arrays import Floats
from router.domain.outcomes import Outcomes
from router.domain.predictions import Predictions
from router.evaluation.significance import Doubts
from router.evaluation.sweep import Choices, chosen, singles

THRIFT = (0.02, 0.05, 0.1, 0.2, 0.4)
"""What saving the most expensive model's whole cost is worth, in quality: from 2 points to 40."""
_LEAST, _MOST = 0.005, 0.995

Loss = Callable[[Floats, Floats | float], Floats]
"""How bad probabilities are, given the actual scores."""


def squared(p: Floats, scores: Floats | float) -> Floats:
    """The squared errors; their mean is the Brier score."""
    return np.asarray((p - scores) ** 2)


def surprise(p: Floats, scores: Floats | float) -> Floats:
    """The logarithmic loss in nats; P is clipped to .005 to .995."""
    kept = np.clip(p, _LEAST, _MOST)
    return np.asarray(-(scores * np.log(kept) + (1 - scores) * np.log(1 - kept)))


def losses(predicted: Predictions, outcomes: Outcomes, loss: Loss) -> Floats:
    """The mean loss over the models, for each prompt."""
    return np.asarray(loss(predicted.p_quality, outcomes.scores).mean(axis=1))


def loss_doubts(own: Predictions, its: Predictions, loss: Loss) -> Doubts:
    """The worst and the best that `own` could do against `its` on a prompt, over all scores that models may have."""
    if_wrong, if_right = (
        loss(its.p_quality, score) - loss(own.p_quality, score) for score in (0.0, 1.0)
    )
    worst, best = np.minimum(if_wrong, if_right), np.maximum(if_wrong, if_right)
    return (float(worst.mean()), float(best.mean()))


def values(predicted: Predictions, outcomes: Outcomes, dearest_usd: float) -> Floats:
    """The value of each prompt, in points of quality. `dearest_usd` is the most expensive model's mean cost."""
    got = singles(outcomes).picked(_choices(predicted, dearest_usd))
    return np.asarray((got.scores - _lambdas(dearest_usd) * got.costs_usd).mean(axis=1))


def value_doubts(own: Predictions, its: Predictions, dearest_usd: float) -> Doubts:
    """The worst and the best difference in value on a prompt: one choice right and the other wrong."""
    share = float(np.mean(_choices(own, dearest_usd) != _choices(its, dearest_usd)))
    return (-share, share)


def _choices(predicted: Predictions, dearest_usd: float) -> Choices:
    return chosen(predicted.p_quality, predicted.costs_usd, _lambdas(dearest_usd))


def _lambdas(dearest_usd: float) -> Floats:
    return np.array(THRIFT) / dearest_usd if dearest_usd > 0.0 else np.zeros(len(THRIFT))
