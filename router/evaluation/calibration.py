"""One calibration: what own answers say, where that is better than what was shipped, and the pictures of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from router.domain.arrays import Floats
from router.domain.category import Category
from router.domain.errors import FarthingError
from router.domain.local_quality import LocalCategory
from router.domain.model import Ability
from router.domain.pool import Pool, PoolModel
from router.domain.predictions import Predictions
from router.evaluation.forecasts import LOCAL, SHIPPED, ZERO, Notes, usual_fits
from router.evaluation.labelled import Labelled, distinct
from router.evaluation.local import Rule, Trial, Verdict, foreseen, verdicts
from router.evaluation.shrinkage import Seen, local_category, seen
from router.evaluation.value import Point, area, curve, hull, singles

Shipped = Mapping[str, Mapping[Category, Ability]]
"""The abilities that models have without own answers, by their ids."""

_LEAST_SHARE = 0.5
_BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Forecasts that were about alike: their mean, the mean of what came, and how many they are."""

    foreseen: float
    came: float
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """The labelled answers, each question once; how they were judged; and what they say, a category each."""

    labelled: Labelled
    shipped: Shipped
    rule: Rule
    trial: Trial
    verdicts: tuple[Verdict, ...]
    measured: Mapping[Category, LocalCategory]

    @property
    def to_install(self) -> Mapping[Category, LocalCategory]:
        """The categories in which own answers are the better evidence."""
        better = [each.category for each in self.verdicts if each.is_better]
        return {each: self.measured[each] for each in better if each in self.measured}

    @property
    def compared(self) -> tuple[str, ...]:
        """The models that were compared: those that have answered at least half of the prompts."""
        return self.trial.judged.models

    def seen(self, category: Category, *, gold: bool) -> Mapping[str, Seen]:
        """Plain means of what was scored on purpose, or of hearsay; nothing of it is shrunk."""
        is_gold = self.labelled.is_gold
        return seen(self.labelled.at(is_gold if gold else ~is_gold), category)


def calibrate(labelled: Labelled, shipped: Shipped, rule: Rule, seed: int) -> Calibration:
    """What the answers say, judged on prompts that were held back. Raises FarthingError without two models."""
    labelled = distinct(labelled)
    pool = Pool("own", tuple(_entry(name, shipped) for name in _compared(labelled)))
    fits = usual_fits(Notes.of(labelled))
    trial = foreseen(labelled, pool, fits, rule.folds, seed)
    measured = {}
    for category in dict.fromkeys(labelled.categories):
        abilities = {name: by[category] for name, by in shipped.items()}
        if (found := local_category(seen(labelled, category), abilities)) is not None:
            measured[category] = found
    return Calibration(labelled, shipped, rule, trial, verdicts(trial, rule, seed), measured)


def curves(trial: Trial) -> Mapping[str, Sequence[Point]]:
    """What each way would have got, from thrifty settings to generous ones; of Zero the hull."""
    if not len(trial.judged):
        return {}
    outcomes = trial.judged.outcomes
    return {
        ZERO: hull(singles(outcomes)),
        SHIPPED: curve(trial.foreseen[SHIPPED], outcomes, trial.dearest_usd),
        LOCAL: curve(trial.foreseen[LOCAL], outcomes, trial.dearest_usd),
    }


def areas(trial: Trial) -> Mapping[str, float]:
    """AIQ of each way, between the cheapest and the dearest model's mean cost."""
    costs = (
        [point.cost_usd for point in singles(trial.judged.outcomes)] if len(trial.judged) else []
    )
    return {
        name: area(points, min(costs), max(costs))
        for name, points in curves(trial).items()
        if costs
    }


def reliability(predicted: Predictions, scores: Floats) -> tuple[Bin, ...]:
    """What came of forecasts of about 5 %, 15 % and so on, all models together."""
    p, came = predicted.p_quality.ravel(), scores.ravel()
    place = np.minimum((p * _BINS).astype(np.int_), _BINS - 1)
    bins = [place == each for each in range(_BINS)]
    return tuple(
        Bin(float(p[each].mean()), float(came[each].mean()), int(each.sum()))
        for each in bins
        if each.any()
    )


def _compared(labelled: Labelled) -> list[str]:
    """Raises FarthingError where there are not two."""
    gold = labelled.at(labelled.is_gold)
    shares = np.isfinite(gold.outcomes.scores).mean(axis=0) if len(gold) else []
    found = [
        name for name, share in zip(gold.models, shares, strict=False) if share >= _LEAST_SHARE
    ]
    if len(found) < 2:
        raise FarthingError(
            "two or more models of the config must have scored answers to at least half of the prompts;"
            f" {', '.join(found) or 'none'} has"
        )
    return found


def _entry(name: str, shipped: Shipped) -> PoolModel:
    """A model of the pool. Its calls cost what the outcomes say."""
    return PoolModel(name, 0.0, 0.0, abilities=shipped[name])
