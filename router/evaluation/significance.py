"""Whether a difference is more than luck: the paired bootstrap over prompts, and Holm's step-down procedure.

A bootstrap does not know what it has not seen: of a model that fails once in fifty, thirty prompts
often show no failure, and whatever predicts none would look surely better. So two imaginary prompts are
added, one with the worst possible difference and one with the best, as is done for proportions
(A. Agresti, Y. Min, Simple Improved Confidence Intervals for Comparing Matched Proportions, 2005).
"""

from collections.abc import Hashable, Mapping
from typing import TypeVar

import numpy as np
from msgspec import Struct

from router.domain.arrays import Floats
from router.evaluation.resampling import Resamples

Key = TypeVar("Key", bound=Hashable)

SAMPLES = 2000
LEVEL = 0.05
"""One-sided: this share of calibrations without any effect may appear to have one."""


class Gain(Struct, frozen=True):
    """A mean difference over prompts, its central 90 % interval, and how likely luck alone does as well, or as badly.

    The interval's ends are one-sided 95 % bounds. `p_value` speaks for a gain (or for no more loss than was allowed),
    `p_loss` for a loss.
    """

    mean: float
    low: float
    high: float
    p_value: float
    p_loss: float


Doubts = tuple[float, float]
"""The worst and the best difference that a prompt could have had."""


def resamples_for(prompts: int, seed: int, samples: int = SAMPLES) -> Resamples:
    """Samples of that many prompts and of the two imaginary ones."""
    return Resamples.drawn(prompts + 2, samples, seed)


def gain(differences: Floats, doubts: Doubts, resamples: Resamples, risk: float = 0.0) -> Gain:
    """The gain in `differences`, one per prompt, where a loss of `risk` is allowed; if all are 0, there is none.

    The mean is that of the prompts; the interval and the p-values include the `doubts`. `resamples` are
    those of `resamples_for` as many prompts.
    """
    if not (differences.any() or risk):
        return Gain(0.0, 0.0, 0.0, 1.0, 1.0)
    means = resamples.means(np.append(differences, doubts)[:, None])[1:, 0]
    low, high = np.quantile(means, [LEVEL, 1 - LEVEL])
    by_luck = (int((means <= -risk).sum()), int((means >= 0.0).sum()))
    p_value, p_loss = ((count + 1) / (len(means) + 1) for count in by_luck)
    return Gain(float(differences.mean()), float(low), float(high), p_value, p_loss)


def holm(p_values: Mapping[Key, float]) -> dict[Key, float]:
    """The p-values corrected so that the probability that any below a level is so by luck is at most that level.

    S. Holm, A Simple Sequentially Rejective Multiple Test Procedure (1979).
    """
    adjusted, highest = dict[Key, float](), 0.0
    for place, key in enumerate(sorted(p_values, key=lambda each: p_values[each])):
        highest = max(highest, min(1.0, p_values[key] * (len(p_values) - place)))
        adjusted[key] = highest
    return adjusted
