"""From own scores to an estimate: a Beta distribution that starts as the shipped estimate.

The shipped P(good answer) with its sd is a Beta distribution with the same mean and sd, which is worth
this many answers: n0 = p (1 - p) / sd^2 - 1. After n own answers with mean score m

    p'  = (n0 p + n m) / (n0 + n)
    sd' = sqrt(p' (1 - p') / (n0 + n + 1))

so the estimate lies between what was shipped and what was seen, closer to the latter with every answer. A
score between 0 and 1 counts as that share of a good answer, which makes sd' too large rather than too
small.

Where the *other* models did worse than was shipped, that is first moved by as many logits as their answers moved
theirs; and whether they did worse or better, it gets less certain by as much as these moves differ. For if own requests
are harder than typical ones, they are harder for every model; and an estimate near 1, which counts for hundreds of
answers, would yield to what was seen much later than one in the middle. Nothing is moved up: near 1, it would count for
still more.
"""

from collections.abc import Mapping
from math import sqrt

import numpy as np
from msgspec import Struct

from router.domain.category import Category
from router.domain.local_quality import LocalCategory, Measured, logit, moved
from router.domain.model import Ability
from router.evaluation.labelled import Labelled
from router.evaluation.weak_labels import NOTHING_HEARD, FeedbackScores, Trust, WeakLabels

LEAST_ANSWERS = 10
"""Gold labels in a category, or their equivalent, that a model needs to count as measured there."""
_LEAST_WORTH, _MOST_WORTH = 1.0, 1000.0
_LEAST_P, _MOST_P = 0.01, 0.99
_LEAST_SD = 0.001
_LEAST_SHIFT_SD = 0.2
"""In logits: even if all models moved alike, this much remains uncertain about one that nobody has asked."""


class Shrunk(Struct, frozen=True):
    """A probability with its sd, moved from what was shipped towards what was seen."""

    p: float
    sd: float


def worth(shipped: Ability) -> float:
    """How many answers the shipped estimate counts for, from 1 to 1,000."""
    p = min(_MOST_P, max(_LEAST_P, shipped.p))
    answers = p * (1 - p) / max(_LEAST_SD, shipped.sd) ** 2 - 1
    return min(_MOST_WORTH, max(_LEAST_WORTH, answers))


def shrunk(shipped: Ability, mean: float, answers: float) -> Shrunk:
    """The estimate after this many own answers with this mean score; the shipped one after none."""
    n0 = worth(shipped)
    p = (n0 * shipped.p + answers * mean) / (n0 + answers) if answers else shipped.p
    return Shrunk(p, sqrt(p * (1 - p) / (n0 + answers + 1)))


class OwnScores(Struct, frozen=True):
    """Own answers of one model in one category: their mean score, their weight and their number."""

    mean: float
    weight: float
    answers: int

    def beside(self, said: FeedbackScores, trust: Trust) -> "OwnScores":
        """These together with feedback, which counts as far as it is trusted."""
        weight = trust.weight * said.count
        if not weight:
            return self
        mean = min(1.0, max(0.0, said.mean - trust.kinder_by))
        whole = self.weight + weight
        return OwnScores(
            (self.weight * self.mean + weight * mean) / whole, whole, self.answers + said.count
        )


_NOTHING = OwnScores(0.0, 0.0, 0)


def seen(labelled: Labelled, category: Category) -> Mapping[str, OwnScores]:
    """What was seen of each model that has a scored answer in `category`."""
    scores = labelled.outcomes.scores[labelled.of_category(category)]
    counts = np.isfinite(scores).sum(axis=0)
    sums = np.nansum(scores, axis=0)
    return {
        model: OwnScores(float(sums[at] / counts[at]), float(counts[at]), int(counts[at]))
        for at, model in enumerate(labelled.models)
        if counts[at]
    }


def local_category(
    labelled: Labelled,
    category: Category,
    shipped: Mapping[str, Ability],
    weak_labels: WeakLabels = NOTHING_HEARD,
) -> LocalCategory | None:
    """The category according to own answers; `shipped` are the abilities without them.

    None if no model has answers worth LEAST_ANSWERS gold labels.
    """
    told = _told(seen(labelled, category), category, weak_labels)
    found = {
        model: each
        for model, each in told.items()
        if each.weight >= LEAST_ANSWERS and model in shipped
    }
    if not found:
        return None
    shifts = {model: _shift(shipped[model], each) for model, each in found.items()}
    measured = {
        model: _measured(
            _as_others(shipped[model], found, _without(shifts, model)),
            each,
            weak_labels.most(category, model),
        )
        for model, each in found.items()
    }
    moves = {model: logit(each.p) - logit(shipped[model].p) for model, each in measured.items()}
    return LocalCategory(*_common(found, moves), measured)


def _shift(shipped: Ability, found: OwnScores) -> float:
    """By how many logits own answers move the shipped estimate."""
    return logit(shrunk(shipped, found.mean, found.weight).p) - logit(shipped.p)


def _without(shifts: Mapping[str, float], model: str) -> Mapping[str, float]:
    return {name: shift for name, shift in shifts.items() if name != model}


def _as_others(
    shipped: Ability, found: Mapping[str, OwnScores], shifts: Mapping[str, float]
) -> Ability:
    """The shipped estimate, moved down if the others were, and less certain; as it is if there are none."""
    if not shifts:
        return shipped
    mean, sd = _common(found, shifts)
    return moved(shipped, min(0.0, mean), sd)


def _common(found: Mapping[str, OwnScores], shifts: Mapping[str, float]) -> tuple[float, float]:
    """What shifts have in common: their mean, and how far another model may be from it."""
    each, weights = np.array([*shifts.values()]), [found[model].weight for model in shifts]
    mean = float(np.average(each, weights=weights))
    spread = sqrt(float(np.average((each - mean) ** 2, weights=weights)))
    return mean, max(_LEAST_SHIFT_SD, spread)


def _told(
    gold: Mapping[str, OwnScores], category: Category, weak_labels: WeakLabels
) -> Mapping[str, OwnScores]:
    """Gold labels and feedback together."""
    heard = {
        model: said for (whose, model), said in weak_labels.feedback.items() if whose is category
    }
    return {
        **gold,
        **{
            model: gold.get(model, _NOTHING).beside(said, weak_labels.trust)
            for model, said in heard.items()
        },
    }


def _measured(shipped: Ability, found: OwnScores, most: float) -> Measured:
    estimate = shrunk(shipped, found.mean, found.weight)
    return Measured(min(most, estimate.p), estimate.sd, found.answers)
