"""One calibration: what own answers say, where that is better than what was shipped, and its charts."""

from collections.abc import Mapping

import numpy as np
from msgspec import Struct

from router.domain.arrays import Floats
from router.domain.category import Category
from router.domain.errors import FarthingError
from router.domain.estimate import QualityEstimate
from router.domain.local_cascades import LocalCascades
from router.domain.local_quality import LocalCategory
from router.domain.model import Ability
from router.domain.pool import Pool, PoolModel
from router.domain.predictions import Forecaster, Predictions
from router.evaluation.forecasts import LOCAL, SHIPPED, ZERO, Notes, usual_fits
from router.evaluation.hull import Hull, aiq
from router.evaluation.labelled import Labelled, distinct, firsts
from router.evaluation.local import CategoryVerdict, InstallRule, LocalTrial, foreseen, verdicts
from router.evaluation.own_cascades import Attempt, attempts, to_install
from router.evaluation.own_prospects import Learnt, nothing_learnt
from router.evaluation.shrinkage import local_category
from router.evaluation.standing import Yardstick
from router.evaluation.sweep import FINE, Sweep, chosen, singles
from router.evaluation.weak_labels import NOTHING_HEARD, WeakLabels

Abilities = Mapping[str, Mapping[Category, Ability]]
"""The abilities of models without own answers, by model id."""

_LEAST_SHARE = 0.5
_BINS = 10


class Bin(Struct, frozen=True):
    """Similar forecasts: their mean, the mean of the actual scores, and their number."""

    foreseen: float
    came: float
    count: int


class Shipped(Struct, frozen=True, eq=False):
    """What holds without own answers: abilities by model and category, and what the server predicts.

    `served` is None if it predicts the abilities unchanged; `learnt` says how models agree on a prompt.
    """

    abilities: Abilities
    served: Forecaster | None = None
    learnt: Learnt = nothing_learnt

    def of(self, category: Category) -> Mapping[str, Ability]:
        """The abilities in one category."""
        return {name: by_category[category] for name, by_category in self.abilities.items()}


class Calibration(Struct, frozen=True, eq=False):
    """The labelled answers, each question once; how they were judged; and their results for each category."""

    labelled: Labelled
    weak_labels: WeakLabels
    shipped: Shipped
    rule: InstallRule
    trial: LocalTrial
    verdicts: tuple[CategoryVerdict, ...]
    measured: Mapping[Category, LocalCategory]
    attempts: tuple[Attempt, ...] = ()

    @property
    def cascades(self) -> LocalCascades:
        """The cascades that are better than a single model."""
        return to_install(self.attempts)

    @property
    def to_install(self) -> Mapping[Category, LocalCategory]:
        """The categories in which own answers are the better evidence."""
        better = [each.category for each in self.verdicts if each.is_better]
        return {each: self.measured[each] for each in better if each in self.measured}

    @property
    def compared(self) -> tuple[str, ...]:
        """The models that were compared: those that answered at least half of the prompts."""
        return self.trial.judged.models


def calibrate(
    labelled: Labelled,
    shipped: Shipped,
    rule: InstallRule,
    seed: int,
    weak_labels: WeakLabels = NOTHING_HEARD,
) -> Calibration:
    """What the answers say, judged on held-out prompts. Raises FarthingError without two models."""
    first, labelled = firsts(labelled), distinct(labelled)
    pool = Pool("own", tuple(_entry(name, shipped) for name in _compared(labelled)))
    fits = usual_fits(Notes.of(labelled), weak_labels, shipped.served)
    trial = foreseen(labelled, pool, fits, rule.folds, seed)
    measured = {
        category: found
        for category in dict.fromkeys(labelled.categories)
        if (found := local_category(labelled, category, shipped.of(category), weak_labels))
    }
    qualities = {each: _qualities(each, shipped, measured) for each in {*labelled.categories}}
    return Calibration(
        labelled,
        weak_labels,
        shipped,
        rule,
        trial,
        verdicts(trial, rule, seed),
        measured,
        attempts(first.of(pool.names), qualities, shipped.learnt, rule, seed),
    )


def _qualities(
    category: Category, shipped: Shipped, measured: Mapping[Category, LocalCategory]
) -> Mapping[str, QualityEstimate]:
    """How good each model is according to own answers, if there are any."""
    abilities, local = shipped.of(category), measured.get(category)
    own = {
        name: ability if local is None else local.ability(name, ability)
        for name, ability in abilities.items()
    }
    return {name: QualityEstimate(each.p, each.sd) for name, each in own.items()}


def hulls(trial: LocalTrial) -> Mapping[str, Hull]:
    """The best that each way would have achieved at each cost; for Zero, what mixing single models reaches."""
    if not len(trial.judged):
        return {}
    ways = {name: _swept(trial, name) for name in (SHIPPED, LOCAL)}
    return {
        name: sweep.points.hull
        for name, sweep in {ZERO: singles(trial.judged.outcomes), **ways}.items()
    }


def areas(trial: LocalTrial) -> Mapping[str, float]:
    """The AIQ of each way, between the mean costs of the cheapest and the most expensive model."""
    if not len(trial.judged):
        return {}
    yard = Yardstick.of(singles(trial.judged.outcomes).points)
    return {
        name: aiq(found, yard.cheapest_usd, yard.dearest_usd)
        for name, found in hulls(trial).items()
    }


def _swept(trial: LocalTrial, way: str) -> Sweep:
    predicted = trial.foreseen[way]
    lambdas = FINE.over(predicted.costs_usd)
    return singles(trial.judged.outcomes).picked(
        chosen(predicted.p_quality, predicted.costs_usd, lambdas)
    )


def reliability(predicted: Predictions, scores: Floats) -> tuple[Bin, ...]:
    """The actual scores for forecasts of about 5 %, 15 % and so on, all models together."""
    p, came = predicted.p_quality.ravel(), scores.ravel()
    place = np.minimum((p * _BINS).astype(np.int_), _BINS - 1)
    bins = [place == each for each in range(_BINS)]
    return tuple(
        Bin(float(p[each].mean()), float(came[each].mean()), int(each.sum()))
        for each in bins
        if each.any()
    )


def _compared(labelled: Labelled) -> list[str]:
    """The models with enough answers. Raises FarthingError if there are not two."""
    shares = np.isfinite(labelled.outcomes.scores).mean(axis=0) if len(labelled) else []
    found = [
        name for name, share in zip(labelled.models, shares, strict=False) if share >= _LEAST_SHARE
    ]
    if len(found) < 2:
        raise FarthingError(
            "two or more models of the config must have scored answers to at least half of the prompts;"
            f" {', '.join(found) or 'none'} has"
        )
    return found


def _entry(name: str, shipped: Shipped) -> PoolModel:
    """A model of the pool. Its calls cost what the outcomes say."""
    return PoolModel(name, 0.0, 0.0, abilities=shipped.abilities[name])
