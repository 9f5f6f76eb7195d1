"""Held-out prompts: what was learnt from other prompts, against figures that know less."""

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.lengths.tables import Table
from benchmarks.lengths.tally import Tally
from router.decision.lengths import TYPICAL, LengthPrior, ModelHabits
from router.domain.category import Category
from router.domain.members import replace
from router.domain.spread import Spread
from router.training.lengths import fit_lengths

Usual = Callable[[str, Category], Spread]
_FOLDS = 5


def held_out_prompts(table: Table) -> Iterator[tuple[str, Tally]]:
    """Each prompt is predicted from the other four fifths, with all models of it known."""
    folds = np.random.default_rng(0).integers(0, _FOLDS, len(table.outcomes))
    tallies: dict[str, Tally] = {}
    for fold in range(_FOLDS):
        learnt = _learnt(table.at(folds != fold))
        for name, usual in _ways(learnt).items():
            _measure(tallies.setdefault(name, Tally()), usual, table.at(folds == fold))
    yield from tallies.items()


def held_out_models(table: Table) -> Iterator[tuple[str, Tally]]:
    """A fifth of the models is predicted from the others."""
    models = np.array(table.outcomes.models)
    folds = np.random.default_rng(0).permutation(len(models)) % _FOLDS
    tally, typical = Tally(), Tally()
    for fold in range(_FOLDS):
        left_out = set(models[folds == fold])
        learnt = _learnt(table.but(left_out))
        asked = table.but(set(models) - left_out)
        _measure(tally, learnt.usual, asked)
        _measure(typical, lambda _, category: TYPICAL[category], asked)
    yield "typical figures", typical
    yield "all models of the category", tally


def another_source(learnt_of: Table, asked: Table) -> Iterator[tuple[str, Tally]]:
    """Models that two sources have in common: whether what one says about them holds in the other."""
    learnt = _learnt(learnt_of)
    common = asked.but(set(asked.outcomes.models) - set(learnt_of.outcomes.models))
    for name, usual in _ways(learnt).items():
        tally = Tally()
        _measure(tally, usual, common)
        yield name, tally


def _learnt(table: Table) -> LengthPrior:
    return fit_lengths(table.outcomes, table.categories)


def _ways(learnt: LengthPrior) -> dict[str, Usual]:
    wordy = {
        name: ModelHabits(habits.factor, latency=habits.latency)
        for name, habits in learnt.models.items()
    }
    return {
        "typical figures": lambda _, category: TYPICAL[category],
        "all models of the category": replace(learnt, models={}).usual,
        "... times how wordy the model is": replace(learnt, models=wordy).usual,
        "each model of the category": learnt.usual,
    }


def _measure(tally: Tally, usual: Usual, table: Table) -> None:
    categories = np.array(table.categories)
    for column, model in enumerate(table.outcomes.models):
        for category in sorted(set(table.categories)):
            tokens = table.outcomes.output_tokens[categories == category, column]
            tokens = tokens[tokens > 0]
            tally.add_all(usual(model, category), tokens)
