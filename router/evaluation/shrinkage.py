"""From own scores to an estimate: a Beta distribution that begins as the shipped estimate.

The shipped P(good answer) with its sd is a Beta distribution of the same mean and sd, which is worth
so many answers: n0 = p (1 - p) / sd^2 - 1. After n own answers with mean score m

    p'  = (n0 p + n m) / (n0 + n)
    sd' = sqrt(p' (1 - p') / (n0 + n + 1))

so the estimate lies between what was shipped and what was seen, nearer to it with every answer. A
score between 0 and 1 counts as that share of a good answer, which makes sd' too large rather than too
small.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

from router.domain.category import Category
from router.domain.local_quality import LocalCategory, Measured, logit
from router.domain.model import Ability
from router.evaluation.labelled import Labelled

LEAST_ANSWERS = 10
"""Own answers in a category from which on a model counts as measured there."""
_LEAST_WORTH, _MOST_WORTH = 1.0, 1000.0
_LEAST_P, _MOST_P = 0.01, 0.99
_LEAST_SD = 0.001
_LEAST_SHIFT_SD = 0.2
"""In logits: even models that all moved alike say no more of one that nobody has asked."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A probability with its sd, drawn from what was shipped towards what was seen."""

    p: float
    sd: float


def worth(shipped: Ability) -> float:
    """How many answers the shipped estimate counts for, from 1 to 1,000."""
    p = min(_MOST_P, max(_LEAST_P, shipped.p))
    answers = p * (1 - p) / max(_LEAST_SD, shipped.sd) ** 2 - 1
    return min(_MOST_WORTH, max(_LEAST_WORTH, answers))


def shrunk(shipped: Ability, mean: float, answers: float) -> Shrunk:
    """The estimate after so many own answers with this mean score; the shipped one after none."""
    n0 = worth(shipped)
    p = (n0 * shipped.p + answers * mean) / (n0 + answers) if answers else shipped.p
    return Shrunk(p, sqrt(p * (1 - p) / (n0 + answers + 1)))


@dataclass(frozen=True, slots=True)
class Seen:
    """Own answers of one model in one category: their mean score, their weight and their number."""

    mean: float
    weight: float
    answers: int


def seen(labelled: Labelled, category: Category) -> Mapping[str, Seen]:
    """What was seen of each model that has a scored answer in `category`."""
    part = labelled.at(labelled.of_category(category))
    known = np.isfinite(part.outcomes.scores)
    weights = np.where(known, part.weights[:, None], 0.0)
    sums = (weights * np.where(known, part.outcomes.scores, 0.0)).sum(axis=0)
    totals, counts = weights.sum(axis=0), known.sum(axis=0)
    return {
        model: Seen(float(sums[at] / totals[at]), float(totals[at]), int(counts[at]))
        for at, model in enumerate(labelled.models)
        if counts[at]
    }


def local_category(
    found: Mapping[str, Seen], shipped: Mapping[str, Ability], least: int = LEAST_ANSWERS
) -> LocalCategory | None:
    """The category as own answers have it; None where no model has enough of them."""
    measured = {
        model: _measured(shipped[model], each)
        for model, each in found.items()
        if each.answers >= least
    }
    if not measured:
        return None
    shifts = [logit(each.p) - logit(shipped[model].p) for model, each in measured.items()]
    weights = [found[model].weight for model in measured]
    mean = float(np.average(shifts, weights=weights))
    spread = sqrt(float(np.average((np.array(shifts) - mean) ** 2, weights=weights)))
    return LocalCategory(mean, max(_LEAST_SHIFT_SD, spread), measured)


def _measured(shipped: Ability, found: Seen) -> Measured:
    estimate = shrunk(shipped, found.mean, found.weight)
    return Measured(estimate.p, estimate.sd, found.answers)
