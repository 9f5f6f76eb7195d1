"""What to expect of a cascade, from own answers, starting with what was learnt before.

Agreement is shrunk towards what was counted like a Beta distribution (`router.evaluation.shrinkage`); the gain is the
precision-weighted mean of both. With few prompts it is mostly what was learnt before.
"""

from collections.abc import Callable, Sequence
from math import sqrt
from statistics import fmean

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from router.domain.agreeing import Agreeing
from router.domain.arrays import Floats
from router.domain.cascade import Prospect
from router.domain.estimate import EstimateSource, QualityEstimate

Learnt = Callable[[str], Agreeing | None]
"""How models agree on a prompt, according to what was learnt before; None if nothing was."""

DOUBTS = (-1.0, 1.0)
"""The worst and the best effect that taking an answer can have on a prompt."""
NOTHING_LEARNT = Prospect(0.5, 0.29, 0.0, 0.25, EstimateSource.PRIOR, differs=0.25)
"""What to expect of two models of which nothing is known: almost anything."""
_LEAST_WORTH, _MOST_WORTH = 1.0, 200.0
"""The least and the most prompts for which what was learnt before counts."""
_LEAST_SD = 0.005


class Agreements(Struct, frozen=True, eq=False):
    """The results of two models before a final one, prompt by prompt.

    `agreed` and `differs` say whether they agreed, and whether on something that the final model did not say; `gains`
    says by how much their answer was better than the final model's, 0 if they did not agree.
    """

    agreed: NDArray[np.bool_]
    differs: NDArray[np.bool_]
    gains: Floats


def nothing_learnt(_: str) -> None:
    """Nothing is known of any prompt."""


def before(agreeing: Sequence[Agreeing], models: Sequence[QualityEstimate]) -> Prospect:
    """What is expected of two models and a final one on such prompts, on average, from what was learnt before."""
    if not agreeing:
        return NOTHING_LEARNT
    one, other, final = models
    found = [each.between(one, other, final) for each in agreeing]
    return Prospect(
        fmean(each.p_accept for each in found),
        fmean(each.p_accept_sd for each in found),
        fmean(each.gain for each in found),
        fmean(each.gain_sd for each in found),
        EstimateSource.ARTEFACT,
        fmean(each.differs for each in found),
    )


def shrunk(prior: Prospect, seen: Agreements) -> Prospect:
    """What is expected after taking own answers into account."""
    count, worth = len(seen.agreed), _worth(prior)
    whole = worth + count
    p = (worth * prior.p_accept + float(seen.agreed.sum())) / whole
    differs = (worth * prior.differs + float(seen.differs.sum())) / whole
    gain, gain_sd = _weighed(prior, seen.gains)
    return Prospect(
        p,
        sqrt(p * (1.0 - p) / (whole + 1.0)),
        max(-p, min(gain, p)),
        gain_sd,
        EstimateSource.LOCAL,
        min(1.0, differs),
    )


def _worth(prior: Prospect) -> float:
    p, sd = prior.p_accept, max(prior.p_accept_sd, _LEAST_SD)
    return min(max(p * (1.0 - p) / sd**2 - 1.0, _LEAST_WORTH), _MOST_WORTH)


def _weighed(prior: Prospect, gains: Floats) -> tuple[float, float]:
    """The gain and its deviation. Two imaginary prompts ensure that no sample appears to be certain."""
    doubted = np.append(gains, DOUBTS)
    precision = len(doubted) / float(doubted.var())
    before = 1.0 / max(prior.gain_sd, _LEAST_SD) ** 2
    mean = (before * prior.gain + precision * float(gains.mean())) / (before + precision)
    return mean, 1.0 / sqrt(before + precision)
