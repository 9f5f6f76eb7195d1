"""What is assumed of a pool's models where an artefact is asked offline, all on the scale of what it learnt.

Scored models start from their own means. These say how hard the artefact's prompts were, which published results and
prices know nothing of; beside them, a model that was never scored would look too good. So what published results and
prices say is learnt from the scored models, each by a line of its own, and both count: prices of a year ago bought less
than those of today, from which the tiers of `router.config.evidence.priors` are made, but of models at one time they
say much.
What a pool states is moved by as much as published results of scored models are off, on average.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from statistics import fmean

from msgspec import Struct

from router.config.evidence.priors import Priors
from router.domain.category import Category
from router.domain.estimate import EstimateSource, QualityEstimate
from router.domain.logits import logit, sigmoid
from router.domain.model import Ability
from router.domain.pool import Pool, PoolModel
from router.domain.price import Price
from router.pipeline.artefact import Artefact
from router.pipeline.artefact_forecaster import PriorOf, PriorsIn

_Expected = Mapping[Category, QualityEstimate]
_SD, _SD_WEIGHT = 0.5, 5.0
"""The assumed deviation of models from a line, in logits, and its weight in models. Seen on two data sets: .3 to .5."""


class Slope(Struct, frozen=True):
    """The assumed slope of a line (logit of the mean score by ability), and its deviation from source to source."""

    mean: float
    sd: float


PRICES = Slope(0.5, 0.25)
"""For the ability that is typical of a price. Round numbers: about .5 on ZeroEval, and on MMLU-Pro."""
RESULTS = Slope(0.75, 0.25)
"""For the ability by published results. Round numbers: 1.0 on ZeroEval, .7 on MMLU-Pro."""


def pool_priors(artefact: Artefact, priors: Priors) -> PriorsIn:
    """What is assumed of a model: its mean in the artefact, the pool's statement, published results, or its price.

    If the artefact has means of its own, everything else is moved onto their scale; but if a pool has no scored model,
    there is nothing to compare with, and its prompts are expected to be no harder than usual.
    """
    scale = _Scale.of(artefact, priors)

    def priors_in(pool: Pool) -> PriorOf:
        ease = 0.0 if any(map(artefact.usual, pool.names)) else -scale.shift
        expected = {model.name: scale.expected(model, ease) for model in pool.models}
        return lambda model, category: expected[model.name][category]

    return priors_in


class Clue(Struct, frozen=True):
    """What is known of a model's mean score, in logits, and how far off that may be."""

    mean: float
    sd: float


class Line(Struct, frozen=True):
    """Predicts the logit of a model's mean score from its ability; `sd` is the deviation of models from the line."""

    intercept: float
    slope: float
    sd: float

    @classmethod
    def through(cls, points: Iterable[tuple[float, float]], usual: Slope) -> "Line | None":
        """The line through (ability, logit of the mean score); None without points.

        Ridge regression towards the usual slope, which decides where there are few.
        """
        points = list(points)
        if not points:
            return None
        x, y = (fmean(point[axis] for point in points) for axis in (0, 1))
        weight = (_SD / usual.sd) ** 2
        covered = sum((at - x) ** 2 for at, _ in points) + weight
        slope = (sum((at - x) * (to - y) for at, to in points) + weight * usual.mean) / covered
        off = sum((to - y - slope * (at - x)) ** 2 for at, to in points)
        variance = (off + _SD_WEIGHT * _SD**2) / (len(points) + _SD_WEIGHT)
        return cls(y - slope * x, slope, sqrt(variance))

    def at(self, ability: float) -> Clue:
        """The prediction for a model that was never scored."""
        return Clue(self.intercept + self.slope * ability, self.sd)


class _Scale(Struct, frozen=True, eq=False):
    """The scale of an artefact's scored models, and what brings other estimates onto it; `shift` is in logits."""

    artefact: Artefact
    priors: Priors
    shift: float
    by_results: Line | None
    by_price: Line | None

    @classmethod
    def of(cls, artefact: Artefact, priors: Priors) -> "_Scale":
        return cls(
            artefact,
            priors,
            _shift(artefact, priors),
            _by_results(artefact, priors),
            _by_price(artefact, priors),
        )

    def expected(self, model: PoolModel, ease: float) -> _Expected:
        """Of a model, all of it easier by so many logits."""
        found = self._expected(model)
        return {category: _moved(each, ease) for category, each in found.items()} if ease else found

    def _expected(self, model: PoolModel) -> _Expected:
        if usual := self.artefact.usual(model.name):
            return dict.fromkeys(Category, usual)
        price = Price.per_mtok(*model.usd_per_1m)
        return {**self._of_stranger(model.name, price), **self._brought(model.abilities)}

    def _of_stranger(self, name: str, price: Price) -> _Expected:
        if clues := self._clues(name, price):
            return dict.fromkeys(Category, _agreed(clues))
        return self._brought(self.priors.of((name,), price).abilities)

    def _clues(self, name: str, price: Price) -> list[Clue]:
        published, typical = self.priors.published(name), self.priors.typical(price)
        if published is None:
            told = [(self.by_price, typical)]
        elif self.by_results is None:  # both lines begin at abilities on the priors' scale
            told = [(self.by_price, published)]
        else:
            told = [(self.by_results, published), (self.by_price, typical)]
        return [line.at(ability) for line, ability in told if line]

    def _brought(self, abilities: Mapping[Category, Ability]) -> _Expected:
        return {
            category: _moved(QualityEstimate(each.p, each.sd), self.shift)
            for category, each in abilities.items()
        }


def _agreed(clues: Sequence[Clue]) -> QualityEstimate:
    """What several clues say together, each as heavy as it is sure."""
    weights = [1.0 / clue.sd**2 for clue in clues]
    mean = sum(w * clue.mean for w, clue in zip(weights, clues, strict=True)) / sum(weights)
    p = sigmoid(mean)
    return QualityEstimate(p, p * (1.0 - p) / sqrt(sum(weights)), EstimateSource.PRIOR)


def _by_price(artefact: Artefact, priors: Priors) -> Line | None:
    """What prices say, by the scored models that have one."""
    points = (
        (priors.typical(Price.per_mtok(*price)), logit(usual.p))
        for name, price in artefact.prices.items()
        if (usual := artefact.usual(name))
    )
    return Line.through(points, PRICES)


def _by_results(artefact: Artefact, priors: Priors) -> Line | None:
    """What published results say, by the scored models that have any."""
    points = (
        (ability, logit(usual.p))
        for name in artefact.models
        if (ability := priors.published(name)) is not None and (usual := artefact.usual(name))
    )
    return Line.through(points, RESULTS)


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
    """Harder or easier by so many logits, and as unsure as before in logits."""
    p = sigmoid(logit(estimate.p) + shift)
    sd = estimate.sd * p * (1.0 - p) / (estimate.p * (1.0 - estimate.p))
    return QualityEstimate(p, sd, estimate.source)
