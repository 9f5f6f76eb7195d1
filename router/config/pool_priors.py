"""What is assumed of a pool's models where an artefact is asked offline, all on the scale of what it learnt.

Scored models start from their own means. These say how hard the artefact's prompts were, which published results and
prices know nothing of; beside them, a model that was never scored would look too good. So published results are moved
by as much as those of scored models are off, on average, and what a price tells is learnt from the scored models that
have one: prices of a year ago bought less than those of today, from which the tiers of `router.config.priors` are made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import sqrt
from statistics import fmean

from router.config.priors import Priors
from router.domain.category import Category
from router.domain.estimate import EstimateSource, QualityEstimate
from router.domain.logits import logit, sigmoid
from router.domain.pool import PoolModel
from router.domain.price import Price
from router.pipeline.artefact import Artefact
from router.pipeline.foresight import PriorOf

_SLOPE, _SLOPE_SD = 0.5, 0.25
"""Of logits of the mean score by ability, before any model is known, and how far sources differ in it. A round number:
about .5 on ZeroEval, and on MMLU-Pro."""
_SD, _SD_WEIGHT = 0.5, 5.0
"""How far models are from the line, and how many models that counts as: .4 on ZeroEval, .5 on MMLU-Pro."""


def pool_priors(artefact: Artefact, priors: Priors) -> PriorOf:
    """What is assumed of a model: its mean in the artefact, the pool's statement, published results, or its price.

    If the artefact has means of its own, everything else is moved onto their scale.
    """
    shift, line = _shift(artefact, priors), PriceLine.through(artefact, priors)

    @cache
    def of_stranger(name: str, price: Price) -> Mapping[Category, QualityEstimate]:
        found = priors.of((name,), price)
        if line and not found.is_measured:
            return dict.fromkeys(Category, line.at(priors.typical(price)))
        return {
            category: _moved(QualityEstimate(each.p, each.sd), shift)
            for category, each in found.abilities.items()
        }

    def prior_of(model: PoolModel, category: Category) -> QualityEstimate:
        if usual := artefact.usual(model.name):
            return usual
        if stated := model.abilities.get(category):
            return _moved(QualityEstimate(stated.p, stated.sd), shift)
        return of_stranger(model.name, Price.per_mtok(*model.usd_per_1m))[category]

    return prior_of


@dataclass(frozen=True, slots=True)
class PriceLine:
    """The logit of a model's mean score by the ability typical of its price; `sd` is that of models around it."""

    intercept: float
    slope: float
    sd: float

    @classmethod
    def through(cls, artefact: Artefact, priors: Priors) -> "PriceLine | None":
        """The line through the scored models with a price, None if there are none, or they start from priors.

        Ridge regression towards the usual slope, which decides where there are few models.
        """
        points = [
            (priors.typical(Price.per_mtok(*price)), logit(usual.p))
            for name, price in artefact.prices.items()
            if (usual := artefact.usual(name))
        ]
        if not points:
            return None
        x, y = (fmean(point[axis] for point in points) for axis in (0, 1))
        weight = (_SD / _SLOPE_SD) ** 2
        covered = sum((at - x) ** 2 for at, _ in points) + weight
        slope = (sum((at - x) * (to - y) for at, to in points) + weight * _SLOPE) / covered
        off = sum((to - y - slope * (at - x)) ** 2 for at, to in points)
        variance = (off + _SD_WEIGHT * _SD**2) / (len(points) + _SD_WEIGHT)
        return cls(y - slope * x, slope, sqrt(variance))

    def at(self, ability: float) -> QualityEstimate:
        """The mean score to be expected of a model that was never scored."""
        p = sigmoid(self.intercept + self.slope * ability)
        return QualityEstimate(p, p * (1.0 - p) * self.sd, EstimateSource.PRIOR)


def _shift(artefact: Artefact, priors: Priors) -> float:
    """How much harder the artefact's prompts were than published results would suggest, in logits.

    Models without published results do not count: only their prices stand for them.
    """
    gaps = []
    for name in artefact.models:
        prior, usual = priors.of((name,), Price.per_mtok(0, 0)), artefact.usual(name)
        if usual and prior.is_measured:
            gaps.append(logit(usual.p) - fmean(logit(each.p) for each in prior.abilities.values()))
    return fmean(gaps) if gaps else 0.0


def _moved(estimate: QualityEstimate, shift: float) -> QualityEstimate:
    return QualityEstimate(sigmoid(logit(estimate.p) + shift), estimate.sd, estimate.source)
