"""Do own answers improve decisions? Tested on prompts that were not learnt from, category by category.

Cross-validation by prompt: repeated questions are one prompt (`distinct`), and what is learnt for a
fold is learnt from the others. Each category is judged by two measures, value and Brier score
(`router.evaluation.value`), against two rivals (`router.evaluation.forecasts`):

1. Against what was shipped, local evidence must be *significantly* better in one of the two, and not
   worse in the other. Holm's correction covers everything that is tested: two measures per category.
2. Against Zero it must choose *at least as well*: a test of non-inferiority, by which the lower bound
   of the difference in value must not be below -ZERO_MARGIN. It need not be better: if all
   prompts are alike, the best fixed choice and local evidence make the same choice, and neither can
   beat the other. A strict rule requires a significant gain here, too.
"""

from collections.abc import Mapping

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from router.domain.arrays import Floats
from router.domain.category import Category
from router.domain.members import replace
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool
from router.domain.predictions import Fit, Predictions
from router.evaluation.folds import normalised
from router.evaluation.forecasts import LOCAL, SHIPPED, ZERO
from router.evaluation.labelled import Labelled
from router.evaluation.resampling import Resamples
from router.evaluation.significance import LEVEL, Gain, gain, holm, resamples_for
from router.evaluation.value import (
    Loss,
    loss_doubts,
    losses,
    squared,
    surprise,
    value_doubts,
    values,
)

MARGIN = 0.005
"""Half a point of quality: what counts as not worse than shipped if the Brier score is better."""
ZERO_MARGIN = 0.02
"""Two points of quality: a category is not installed if local evidence may be further below Zero."""
LEAST_PROMPTS = 30
"""Prompts that a category needs, so that anything can be said about it."""
RIVALS = (SHIPPED, ZERO)


class InstallRule(Struct, frozen=True):
    """When a category is installed. `is_strict`: only if it also beats Zero significantly."""

    folds: int = 5
    is_strict: bool = False

    def __str__(self) -> str:
        """The rule in one sentence."""
        zero = (
            "choose significantly better than Zero"
            if self.is_strict
            else (
                f"choose at least as well as Zero (lower bound within {ZERO_MARGIN:g} of its value)"
            )
        )
        return (
            "A category is installed where own answers predict held-out questions significantly better than"
            f" what is shipped (one-sided {LEVEL:.0%}, Holm), and {zero}."
        )

    def __post_init__(self) -> None:
        """Refuse a cross-validation that cannot validate anything."""
        if self.folds < 2:
            raise ValueError(f"needs two folds or more: {self!r}")


class PairedComparison(Struct, frozen=True):
    """How much better local evidence did than a rival.

    `p_value` is how likely it is that luck alone does as well as the better of value and Brier, corrected for
    everything that was tested.
    """

    value: Gain
    brier: Gain
    log_loss: Gain
    p_value: float = 1.0

    @property
    def is_no_worse(self) -> bool:
        """Whether neither is worse: value by more than the margin, Brier at all."""
        return self.value.mean >= -MARGIN and self.brier.mean >= 0.0

    @property
    def is_non_inferior(self) -> bool:
        """Whether the choices are, with confidence, at least as good up to ZERO_MARGIN."""
        return self.value.low >= -ZERO_MARGIN

    @property
    def is_won(self) -> bool:
        """Whether local evidence is significantly better."""
        return self.p_value <= LEVEL and self.is_no_worse


class CategoryVerdict(Struct, frozen=True):
    """A judged category: on how many prompts, how it did, and why it is not installed."""

    category: Category
    prompts: int
    comparisons: Mapping[str, PairedComparison]
    why_not: str = ""

    @property
    def is_better(self) -> bool:
        """Whether it is to be installed."""
        return not self.why_not


class LocalTrial(Struct, frozen=True, eq=False):
    """Prompts that were predicted by ways that had not learnt from them."""

    judged: Labelled
    foreseen: Mapping[str, Predictions]

    @property
    def dearest_usd(self) -> float:
        """The mean cost of the most expensive model, 0 if nothing is judged."""
        return float(self.judged.outcomes.costs_usd.mean(axis=0).max()) if len(self.judged) else 0.0


def foreseen(
    labelled: Labelled, pool: Pool, fits: Mapping[str, Fit], folds: int, seed: int
) -> LocalTrial:
    """Every prompt that all models of the pool have answered, predicted from the other folds."""
    labelled = labelled.of(pool.names)
    judged = np.flatnonzero(labelled.outcomes.is_complete)
    fold_of = folds_of([labelled.categories[row] for row in judged], folds, seed)
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
    return LocalTrial(
        labelled.at(np.array(order, dtype=np.int_)),
        {name: _stacked(each, pool) for name, each in parts.items()},
    )


def verdicts(trial: LocalTrial, rule: InstallRule, seed: int) -> tuple[CategoryVerdict, ...]:
    """Each category with a judged prompt, the largest first, and whether it is to be installed."""
    categories = trial.judged.categories
    counts = {each: categories.count(each) for each in dict.fromkeys(categories)}
    enough = {each for each, count in counts.items() if count >= LEAST_PROMPTS}
    comparisons = {each: _comparisons(trial, each, seed) for each in counts}
    for rival in RIVALS:
        corrected = _corrected({each: comparisons[each][rival] for each in enough})
        for each, p_value in corrected.items():
            comparisons[each][rival] = replace(comparisons[each][rival], p_value=p_value)
    ordered = sorted(counts, key=lambda each: (-counts[each], each))
    return tuple(
        CategoryVerdict(
            each, counts[each], comparisons[each], _why_not(counts[each], comparisons[each], rule)
        )
        for each in ordered
    )


def _why_not(prompts: int, comparisons: Mapping[str, PairedComparison], rule: InstallRule) -> str:
    """What speaks against installing a category, "" if nothing does."""
    shipped, zero = comparisons[SHIPPED], comparisons[ZERO]
    if prompts < LEAST_PROMPTS:
        return f"needs {LEAST_PROMPTS} prompts that every model has answered"
    if not shipped.is_no_worse:
        return (
            f"worse than shipped: value {shipped.value.mean:+.3f}, Brier {shipped.brier.mean:+.3f}"
        )
    if not shipped.is_won:
        return f"not significantly better than shipped (p = {shipped.p_value:.3f})"
    if not zero.is_non_inferior:
        return f"may choose worse than Zero: by up to {-zero.value.low:.3f} in value"
    if rule.is_strict and not zero.is_won:
        return f"not significantly better than Zero (p = {zero.p_value:.3f})"
    return ""


def _corrected(comparisons: Mapping[Category, PairedComparison]) -> Mapping[Category, float]:
    """The p-value of the better of value and Brier in each category, corrected by Holm over all of both."""
    raw = {
        (category, of): gain.p_value
        for category, comparison in comparisons.items()
        for of, gain in (("value", comparison.value), ("brier", comparison.brier))
    }
    found = holm(raw)
    return {each: min(found[each, "value"], found[each, "brier"]) for each in comparisons}


def _comparisons(trial: LocalTrial, category: Category, seed: int) -> dict[str, PairedComparison]:
    rows = trial.judged.of_category(category)
    parts = {name: _at(each, rows) for name, each in trial.foreseen.items()}
    outcomes = trial.judged.outcomes.at(rows)
    ring = _Ring(outcomes, trial.dearest_usd, resamples_for(len(outcomes), seed))
    return {rival: ring.comparison(parts[LOCAL], parts[rival]) for rival in RIVALS}


class _Ring(Struct, frozen=True, eq=False):
    """The prompts of one category, on which two ways to predict are compared."""

    outcomes: Outcomes
    dearest_usd: float
    resamples: Resamples

    def comparison(self, own: Predictions, its: Predictions) -> PairedComparison:
        value = gain(
            self._value(own) - self._value(its),
            value_doubts(own, its, self.dearest_usd),
            self.resamples,
        )
        return PairedComparison(
            value, self._less(squared, own, its), self._less(surprise, own, its)
        )

    def _less(self, loss: Loss, own: Predictions, its: Predictions) -> Gain:
        saved = losses(its, self.outcomes, loss) - losses(own, self.outcomes, loss)
        return gain(saved, loss_doubts(own, its, loss), self.resamples)

    def _value(self, predicted: Predictions) -> Floats:
        return values(predicted, self.outcomes, self.dearest_usd)


def folds_of(categories: list[Category], folds: int, seed: int) -> NDArray[np.int_]:
    """The fold of each prompt: every category is spread over all folds as evenly as possible."""
    chance, found = np.random.default_rng(seed), np.zeros(len(categories), dtype=np.int_)
    for category in dict.fromkeys(categories):
        rows = np.flatnonzero([each is category for each in categories])
        found[chance.permutation(rows)] = np.arange(len(rows)) % folds
    return found


def _others(labelled: Labelled, test: NDArray[np.int_]) -> NDArray[np.bool_]:
    """The prompts to learn from: none with a question of `test`, whoever scored it."""
    prompts = labelled.outcomes.prompts
    held_back = {normalised(prompts[row]) for row in test}
    return np.array([normalised(each) not in held_back for each in prompts], dtype=np.bool_)


def _stacked(parts: list[Predictions], pool: Pool) -> Predictions:
    def whole(name: str) -> Floats:
        empty = np.zeros((0, len(pool.models)))
        return np.concatenate([empty, *(getattr(part, name) for part in parts)])

    ids = tuple(prompt_id for part in parts for prompt_id in part.prompt_ids)
    return Predictions(
        ids, pool.names, whole("p_quality"), whole("p_sd"), whole("costs_usd"), whole("latencies_s")
    )


def _at(predicted: Predictions, rows: NDArray[np.bool_]) -> Predictions:
    return Predictions(
        tuple(np.array(predicted.prompt_ids, dtype=object)[rows]),
        predicted.models,
        predicted.p_quality[rows],
        predicted.p_sd[rows],
        predicted.costs_usd[rows],
        predicted.latencies_s[rows],
    )
