"""Three ways to predict how good an answer will be, each fitted on some prompts and asked about others.

| way | P(good answer) of a model | chooses |
|---|---|---|
| shipped | what the server would predict without own answers | by prompt |
| local | its ability in the prompt's category, drawn towards the own answers there | by category |
| zero | its own mean score over all prompts, whatever their category | always alike |

All three expect the same cost of a call, so that they differ only in their view of quality.
Zero is what any router has to beat: the best that a fixed choice of model can do.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec import Struct

from router.domain.arrays import Floats
from router.domain.category import Category
from router.domain.members import replace
from router.domain.model import Ability
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool
from router.domain.predictions import Fit, Forecaster, Predictions
from router.evaluation.labelled import Labelled
from router.evaluation.shrinkage import local_category
from router.evaluation.weak_labels import WeakLabels

SHIPPED, LOCAL, ZERO = "shipped", "local", "zero"


class Notes(Struct, frozen=True):
    """What is known of prompts besides their text, by their ids: category and source."""

    rows: Mapping[str, tuple[Category, str]]

    @classmethod
    def of(cls, labelled: Labelled) -> "Notes":
        """The notes on all of `labelled`."""
        parts = zip(labelled.categories, labelled.sources, strict=True)
        return cls(dict(zip(labelled.outcomes.prompt_ids, parts, strict=True)))

    def category(self, prompt_id: str) -> Category:
        """The category of a prompt. Raises KeyError if it is unknown."""
        return self.rows[prompt_id][0]

    def on(self, outcomes: Outcomes) -> Labelled:
        """Outcomes with their notes added."""
        found = [self.rows[prompt_id] for prompt_id in outcomes.prompt_ids]
        return Labelled(
            outcomes=outcomes,
            categories=tuple(category for category, _ in found),
            sources=tuple(source for _, source in found),
        )


def usual_fits(
    notes: Notes, weak_labels: WeakLabels, served: Forecaster | None
) -> Mapping[str, Fit]:
    """The three ways, for prompts whose categories are in `notes`.

    `served` is what the server predicts; None for the pool's abilities unchanged.
    """

    def own_answers(train: Labelled, category: Category, shipped: Abilities) -> Abilities:
        return _as_own_answers(train, category, shipped, weak_labels)

    def as_served(train: Outcomes, pool: Pool, _: int) -> Forecaster:
        plain = _fitted(notes, train, pool, _as_shipped)
        return plain if served is None else _Served(served, plain)

    return {
        SHIPPED: as_served,
        LOCAL: lambda train, pool, _: _fitted(notes, train, pool, own_answers),
        ZERO: lambda train, pool, _: _whole(notes, train, pool),
    }


class _ByCategory(Struct, frozen=True):
    """Predicts the same for all prompts of a category: P(good answer), its sd, and USD per call."""

    notes: Notes
    tables: Mapping[Category, tuple[Floats, Floats, Floats]]

    def predict(self, prompts: Sequence[str], pool: Pool, prompt_ids: Sequence[str]) -> Predictions:
        """The same row for each prompt of a category; `prompts` are not read."""
        rows = [self.tables[self.notes.category(each)] for each in prompt_ids]
        shape = (len(prompts), len(pool.models))
        p, sd, costs = (np.array([row[part] for row in rows]).reshape(shape) for part in range(3))
        return Predictions(tuple(prompt_ids), pool.names, p, sd, costs, np.full(shape, np.nan))


class _Served(Struct, frozen=True):
    """Predicts quality like one forecaster, and costs like another."""

    quality: Forecaster
    costs: Forecaster

    def predict(self, prompts: Sequence[str], pool: Pool, prompt_ids: Sequence[str]) -> Predictions:
        """The quality from one and the costs from the other."""
        asked = (prompts, pool, prompt_ids)
        costs_usd = self.costs.predict(*asked).costs_usd
        return replace(self.quality.predict(*asked), costs_usd=costs_usd)


Abilities = Mapping[str, Ability]
Way = Callable[[Labelled, Category, Abilities], Abilities]


def _fitted(notes: Notes, train: Outcomes, pool: Pool, way: Way) -> Forecaster:
    labelled = notes.on(train.of(pool.names))
    whole = _means(labelled.outcomes.costs_usd, np.zeros(len(pool.names)))
    tables = {}
    for category in Category:
        abilities = way(
            labelled, category, {each.name: each.abilities[category] for each in pool.models}
        )
        found = [abilities[name] for name in pool.names]
        costs = _means(labelled.outcomes.costs_usd[labelled.of_category(category)], whole)
        p, sd = np.array([each.p for each in found]), np.array([each.sd for each in found])
        tables[category] = (p, sd, costs)
    return _ByCategory(notes, tables)


def _whole(notes: Notes, train: Outcomes, pool: Pool) -> Forecaster:
    """Every model as good and as expensive as it was on average."""
    known, width = train.of(pool.names), len(pool.names)
    p = _means(known.scores, np.full(width, 0.5))
    alike = (p, np.zeros(width), _means(known.costs_usd, np.zeros(width)))
    return _ByCategory(notes, dict.fromkeys(Category, alike))


def _as_shipped(_: Labelled, __: Category, shipped: Abilities) -> Abilities:
    return shipped


def _as_own_answers(
    train: Labelled, category: Category, shipped: Abilities, weak_labels: WeakLabels
) -> Abilities:
    """What would be installed if there were only these answers."""
    local = local_category(train, category, shipped, weak_labels)
    return {
        name: ability if local is None else local.ability(name, ability)
        for name, ability in shipped.items()
    }


def _means(table: Floats, otherwise: Floats) -> Floats:
    """The mean of the known values in each column, `otherwise` if there are none."""
    known = np.isfinite(table)
    counts = known.sum(axis=0)
    sums = np.where(known, table, 0.0).sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), otherwise)
