"""Three ways to foresee how good an answer will be, each fitted on some prompts and asked about others.

| way | P(good answer) of a model | chooses |
|---|---|---|
| shipped | its ability in the prompt's category, as the catalog has it | by category |
| local | the same, drawn towards the own answers in that category | by category |
| zero | its own mean score over all prompts, whatever their category | always alike |

All three expect the same cost of a call, so that they differ in what they think of quality alone.
Zero is what any router has to beat: the best that a fixed choice of model can do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from router.domain.arrays import Floats
from router.domain.category import Category
from router.domain.model import Ability
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool
from router.domain.predictions import Fit, Predictions
from router.evaluation.labelled import Labelled
from router.evaluation.shrinkage import Seen, seen, shrunk

SHIPPED, LOCAL, ZERO = "shipped", "local", "zero"


@dataclass(frozen=True, slots=True)
class Notes:
    """What is known of prompts beyond their words, by their ids: category, source and weight."""

    rows: Mapping[str, tuple[Category, str, float]]

    @classmethod
    def of(cls, labelled: Labelled) -> "Notes":
        """The notes on all of `labelled`."""
        ids = labelled.outcomes.prompt_ids
        parts = zip(labelled.categories, labelled.sources, labelled.weights.tolist(), strict=True)
        return cls(dict(zip(ids, parts, strict=True)))

    def category(self, prompt_id: str) -> Category:
        """The category of a prompt. Raises KeyError for one that is not noted."""
        return self.rows[prompt_id][0]

    def on(self, outcomes: Outcomes) -> Labelled:
        """Outcomes with their notes again."""
        found = [self.rows[prompt_id] for prompt_id in outcomes.prompt_ids]
        return Labelled(
            outcomes=outcomes,
            categories=tuple(category for category, _, _ in found),
            sources=tuple(source for _, source, _ in found),
            weights=np.array([weight for _, _, weight in found], dtype=np.float64),
        )


def usual_fits(notes: Notes) -> Mapping[str, Fit]:
    """The three ways, for prompts of which `notes` has the categories."""
    ways = {SHIPPED: _as_shipped, LOCAL: _as_own_answers, ZERO: _as_whole}
    return {name: partial(_fitted, notes, way) for name, way in ways.items()}


@dataclass(frozen=True, slots=True)
class ByCategory:
    """Foresees the same for all prompts of a category: P(good answer), its sd and USD of a call."""

    notes: Notes
    tables: Mapping[Category, tuple[Floats, Floats, Floats]]

    def predict(self, prompts: Sequence[str], pool: Pool, prompt_ids: Sequence[str]) -> Predictions:
        """The same row for each prompt of a category; `prompts` are not read."""
        rows = [self.tables[self.notes.category(each)] for each in prompt_ids]
        shape = (len(prompts), len(pool.models))
        p, sd, costs = (np.array([row[part] for row in rows]).reshape(shape) for part in range(3))
        return Predictions(tuple(prompt_ids), pool.names, p, sd, costs, np.full(shape, np.nan))


Shipped = Mapping[str, Ability]
Way = Callable[[Labelled, Category, Shipped], Mapping[str, tuple[float, float]]]


def _fitted(notes: Notes, way: Way, train: Outcomes, pool: Pool, _: int) -> ByCategory:
    labelled = notes.on(train.of(pool.names))
    costs = _CostsSeen(labelled)
    tables = {}
    for category in Category:
        shipped = {model.name: model.abilities[category] for model in pool.models}
        found = way(labelled, category, shipped)
        p, sd = (np.array([found[name][part] for name in pool.names]) for part in range(2))
        tables[category] = (p, sd, costs.whole if way is _as_whole else costs.of(category))
    return ByCategory(notes, tables)


def _as_shipped(_: Labelled, __: Category, shipped: Shipped) -> Mapping[str, tuple[float, float]]:
    return {name: (ability.p, ability.sd) for name, ability in shipped.items()}


def _as_own_answers(
    train: Labelled, category: Category, shipped: Shipped
) -> Mapping[str, tuple[float, float]]:
    return _drawn(seen(train, category), shipped)


def _as_whole(train: Labelled, _: Category, __: Shipped) -> Mapping[str, tuple[float, float]]:
    scores = train.at(train.is_gold).outcomes.scores
    means = _means(scores, np.full(scores.shape[1], 0.5))
    return {name: (float(means[at]), 0.0) for at, name in enumerate(train.models)}


def _drawn(found: Mapping[str, Seen], shipped: Shipped) -> Mapping[str, tuple[float, float]]:
    estimates = {
        name: shrunk(ability, each.mean, each.weight)
        if (each := found.get(name))
        else shrunk(ability, 0.0, 0)
        for name, ability in shipped.items()
    }
    return {name: (each.p, each.sd) for name, each in estimates.items()}


class _CostsSeen:
    """Mean USD of a call as the training prompts had it; of all of them where a category has none."""

    def __init__(self, train: Labelled) -> None:
        self._train = train
        self.whole = _means(train.outcomes.costs_usd, np.zeros(len(train.models)))

    def of(self, category: Category) -> Floats:
        """A number for each model."""
        rows = self._train.of_category(category)
        return _means(self._train.outcomes.costs_usd[rows], self.whole)


def _means(table: Floats, otherwise: Floats) -> Floats:
    """The mean of what is known in each column, `otherwise` where nothing is."""
    known = np.isfinite(table)
    counts = known.sum(axis=0)
    sums = np.where(known, table, 0.0).sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), otherwise)
