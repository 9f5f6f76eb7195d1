"""Do own answers make decisions better? Asked of prompts that were not learnt from, a category at a time.

Cross-validation by prompt: repeated questions are one prompt (`distinct`), and what is learnt of a
fold is learnt from the others. Each category is judged by two things, value and Brier score
(`router.evaluation.value`), against two rivals (`router.evaluation.forecasts`):

1. Against what was shipped, local evidence must be *significantly* better in one of the two, and not
   worse in the other. Two things are asked, so the smaller p-value is doubled; many categories are
   asked, so Holm's correction is made over them.
2. Against Zero its value must not be significantly lower. It is not asked to be higher: when all
   prompts are alike, the best fixed choice and local evidence are the same choice, and neither can beat
   the other; and where it beats what was shipped, to stay with that would be no nearer to Zero. A strict
   rule asks for the first condition here, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from router.domain.arrays import Floats
from router.domain.category import Category
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool
from router.domain.predictions import Fit, Predictions
from router.evaluation.forecasts import LOCAL, SHIPPED, ZERO
from router.evaluation.labelled import Labelled, question_of
from router.evaluation.significance import LEVEL, Gain, gain, holm
from router.evaluation.value import brier, brier_doubts, log_loss, value_doubts, values

MARGIN = 0.005
"""Half a point of quality: what counts as not worse."""
LEAST_PROMPTS = 30
"""Prompts of a category below which nothing can be said of it."""
RIVALS = (SHIPPED, ZERO)


@dataclass(frozen=True, slots=True)
class Rule:
    """When a category is installed. `is_strict`: only if it beats Zero significantly as well."""

    folds: int = 5
    level: float = LEVEL
    is_strict: bool = False

    def __post_init__(self) -> None:
        """Refuse a validation that validates nothing."""
        if self.folds < 2 or not 0.0 < self.level < 1.0:
            raise ValueError(f"needs two folds or more, and a level between 0 and 1: {self!r}")


@dataclass(frozen=True, slots=True)
class Duel:
    """How much better local evidence did than a rival; `p_value` is corrected for all that was asked."""

    value: Gain
    brier: Gain
    log_loss: Gain
    p_value: float = 1.0

    @property
    def luck(self) -> float:
        """How likely luck alone does as well in the better of the two; before Holm's correction."""
        return min(1.0, 2 * min(self.value.p_value, self.brier.p_value))

    @property
    def is_no_worse(self) -> bool:
        """Whether neither is worse: value by the margin, Brier at all."""
        return self.value.mean >= -MARGIN and self.brier.mean >= 0.0

    def is_won(self, level: float) -> bool:
        """Whether local evidence is significantly better."""
        return self.p_value <= level and self.is_no_worse


@dataclass(frozen=True, slots=True)
class Verdict:
    """A category that was judged: on how many prompts, how it did, and why it is not installed."""

    category: Category
    prompts: int
    duels: Mapping[str, Duel]
    why_not: str = ""

    @property
    def is_better(self) -> bool:
        """Whether it is to be installed."""
        return not self.why_not


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Prompts that were foreseen by ways that had not learnt from them."""

    judged: Labelled
    foreseen: Mapping[str, Predictions]

    @property
    def dearest_usd(self) -> float:
        """The mean cost of the dearest model, 0 where nothing is judged."""
        return float(self.judged.outcomes.costs_usd.mean(axis=0).max()) if len(self.judged) else 0.0


def foreseen(
    labelled: Labelled, pool: Pool, fits: Mapping[str, Fit], folds: int, seed: int
) -> Trial:
    """Every gold prompt that all models of the pool have answered, foreseen from the other folds."""
    labelled = labelled.of(pool.names)
    judged = np.flatnonzero(labelled.is_gold & labelled.outcomes.is_complete)
    fold_of = _folds([labelled.categories[row] for row in judged], folds, seed)
    parts: dict[str, list[Predictions]] = {name: [] for name in fits}
    order: list[int] = []
    for fold in range(folds):
        test = judged[fold_of == fold]
        if not len(test):
            continue
        order.extend(test.tolist())
        train = labelled.outcomes.at(_others(labelled, test))
        asked = labelled.outcomes.at(test)
        for name, fit in fits.items():
            forecaster = fit(train, pool, seed + fold)
            parts[name].append(forecaster.predict(asked.prompts, pool, asked.prompt_ids))
    return Trial(
        labelled.at(np.array(order, dtype=np.int_)),
        {name: _stacked(each, pool) for name, each in parts.items()},
    )


def verdicts(trial: Trial, rule: Rule, seed: int) -> tuple[Verdict, ...]:
    """Each category that has a judged prompt, the largest first, and whether it is to be installed."""
    categories = trial.judged.categories
    counts = {each: categories.count(each) for each in dict.fromkeys(categories)}
    enough = {each for each, count in counts.items() if count >= LEAST_PROMPTS}
    duels = {each: _duels(trial, each, seed) for each in counts}
    for rival in RIVALS:
        corrected = holm({each: duels[each][rival].luck for each in enough})
        for each, p_value in corrected.items():
            duels[each][rival] = replace(duels[each][rival], p_value=p_value)
    ordered = sorted(counts, key=lambda each: (-counts[each], each))
    return tuple(
        Verdict(each, counts[each], duels[each], _why_not(counts[each], duels[each], rule))
        for each in ordered
    )


def _why_not(prompts: int, duels: Mapping[str, Duel], rule: Rule) -> str:
    """What speaks against installing a category, "" for nothing."""
    shipped, zero = duels[SHIPPED], duels[ZERO]
    if prompts < LEAST_PROMPTS:
        return f"needs {LEAST_PROMPTS} prompts that every model has answered"
    if not shipped.is_no_worse:
        return "no better than shipped on prompts that were held back"
    if not shipped.is_won(rule.level):
        return f"not surely better than shipped (p = {shipped.p_value:.3f})"
    if zero.value.high < 0.0:
        return "surely worse than Zero on prompts that were held back"
    if rule.is_strict and not zero.is_won(rule.level):
        return f"not surely better than Zero (p = {zero.p_value:.3f})"
    return ""


def _duels(trial: Trial, category: Category, seed: int) -> dict[str, Duel]:
    rows = trial.judged.of_category(category)
    parts = {name: _at(each, rows) for name, each in trial.foreseen.items()}
    ring = _Ring(trial.judged.outcomes.at(rows), trial.dearest_usd, seed)
    return {rival: ring.duel(parts[LOCAL], parts[rival]) for rival in RIVALS}


@dataclass(frozen=True, slots=True, eq=False)
class _Ring:
    """The prompts of one category, on which two ways to foresee are compared."""

    outcomes: Outcomes
    dearest_usd: float
    seed: int

    def duel(self, own: Predictions, its: Predictions) -> Duel:
        return Duel(
            value=gain(
                self._value(own) - self._value(its),
                self.seed,
                value_doubts(own, its, self.dearest_usd),
            ),
            brier=gain(
                brier(its, self.outcomes) - brier(own, self.outcomes),
                self.seed,
                brier_doubts(own, its),
            ),
            log_loss=gain(log_loss(its, self.outcomes) - log_loss(own, self.outcomes), self.seed),
        )

    def _value(self, predicted: Predictions) -> Floats:
        return values(predicted, self.outcomes, self.dearest_usd)


def _folds(categories: list[Category], folds: int, seed: int) -> NDArray[np.int_]:
    """The fold of each prompt: every category is spread over all folds as evenly as it can be."""
    chance, found = np.random.default_rng(seed), np.zeros(len(categories), dtype=np.int_)
    for category in dict.fromkeys(categories):
        rows = np.flatnonzero([each is category for each in categories])
        found[chance.permutation(rows)] = np.arange(len(rows)) % folds
    return found


def _others(labelled: Labelled, test: NDArray[np.int_]) -> NDArray[np.bool_]:
    """The prompts to learn from: no question of `test`, whoever has scored it."""
    prompts = labelled.outcomes.prompts
    held_back = {question_of(prompts[row]) for row in test}
    return np.array([question_of(each) not in held_back for each in prompts], dtype=np.bool_)


def _stacked(parts: list[Predictions], pool: Pool) -> Predictions:
    def whole(name: str) -> Floats:
        empty = np.zeros((0, len(pool.models)))
        return np.concatenate([empty, *(getattr(part, name) for part in parts)])

    ids = tuple(prompt_id for part in parts for prompt_id in part.prompt_ids)
    names = ("p_quality", "p_sd", "costs_usd", "latencies_s")
    return Predictions(ids, pool.names, *map(whole, names))


def _at(predicted: Predictions, rows: NDArray[np.bool_]) -> Predictions:
    return Predictions(
        tuple(np.array(predicted.prompt_ids, dtype=object)[rows]),
        predicted.models,
        predicted.p_quality[rows],
        predicted.p_sd[rows],
        predicted.costs_usd[rows],
        predicted.latencies_s[rows],
    )
