"""Scored answers out of files, as tables about the models of a configuration."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from router.cli.outcome_files import read_outcomes
from router.decision.estimate import candidate_for
from router.domain.category import Category
from router.domain.errors import FarthingError
from router.domain.features import Features
from router.domain.model import Model
from router.domain.money import Money
from router.evaluation.answered import Answered, joined, labelled
from router.evaluation.labelled import GOLD_WEIGHT, Labelled
from router.features.category import categorise
from router.pipeline.judge import Judge

FEEDBACK_WEIGHT = 0.25
"""What a prompt counts whose score is a user's click or a chance sign: four of them are one gold label."""


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """Scored answers with all costs filled in, the files they come from, and what must be known of them."""

    labelled: Labelled
    files: tuple[str, ...]
    notes: tuple[str, ...] = ()
    spent_usd: str = "0"

    def with_feedback(
        self, paths: Sequence[Path], models: Mapping[str, Model], judge: Judge
    ) -> "Gathered":
        """The same with hearsay beside it, which keeps its weight. Raises FarthingError."""
        if not paths:
            return self
        heard = _table(_rows(paths), models, judge, FEEDBACK_WEIGHT)
        if not len(heard):
            return self
        files = (*self.files, *map(str, paths))
        return replace(self, labelled=joined([self.labelled, heard]), files=files)


def from_files(
    paths: Sequence[Path], feedback: Sequence[Path], models: Mapping[str, Model], judge: Judge
) -> Gathered:
    """The scored answers in files. Raises FarthingError where there are none about `models`."""
    rows = _rows(paths)
    return from_rows(rows, tuple(map(str, paths)), models, judge).with_feedback(
        feedback, models, judge
    )


def from_rows(
    rows: Sequence[Answered], files: tuple[str, ...], models: Mapping[str, Model], judge: Judge
) -> Gathered:
    """The rows as a table. Raises FarthingError where none is a scored answer of one of `models`."""
    known = [row for row in rows if row.model in models and row.score is not None]
    if not known:
        others = ", ".join(sorted({row.model for row in rows})[:5]) or "no model"
        raise FarthingError(
            f"{', '.join(files)}: no scored answer of a model of the config (but of {others})"
        )
    return Gathered(_table(known, models, judge, GOLD_WEIGHT), files, tuple(_notes(rows, models)))


def _rows(paths: Sequence[Path]) -> list[Answered]:
    return [row for path in paths for row in read_outcomes(path)]


def _notes(rows: Sequence[Answered], models: Mapping[str, Model]) -> Iterator[str]:
    others = Counter(row.model for row in rows if row.model not in models)
    for model, count in others.most_common(5):
        yield f"{model} is no model of the config: {count:,} answers of it are left out."
    if unscored := sum(row.score is None and row.model in models for row in rows):
        yield f"{unscored:,} answers have no score, and are left out."
    if unpriced := sum(row.cost_usd is None and row.model in models for row in rows):
        yield f"{unpriced:,} answers have no cost: it is taken from the config's prices."


def _table(
    rows: Sequence[Answered], models: Mapping[str, Model], judge: Judge, weight: float
) -> Labelled:
    kept = [row for row in rows if row.model in models and row.score is not None]
    priced = [row if row.cost_usd is not None else _priced(row, models, judge) for row in kept]
    found = labelled(priced, tuple(models), category_of, weight)
    used = [
        name
        for at, name in enumerate(found.models)
        if np.isfinite(found.outcomes.scores[:, at]).any()
    ]
    return found if weight < GOLD_WEIGHT else found.of(used)


def category_of(prompt: str) -> Category:
    """The category of a prompt of which no more than its words is known."""
    return categorise(_as_chat(prompt))[0]


def _as_chat(prompt: str) -> Mapping[str, list[Mapping[str, str]]]:
    return {"messages": [{"role": "user", "content": prompt}]}


def _priced(row: Answered, models: Mapping[str, Model], judge: Judge) -> Answered:
    """The row with what its tokens cost; where it has none, what an answer of usual length would."""
    model = models[row.model]
    if row.input_tokens is not None and row.output_tokens is not None:
        cost = model.price.charge_uncached(row.input_tokens, row.output_tokens)
    else:
        cost = _usual(row, model, judge)
    return replace(row, cost_usd=float(cost.usd))


def _usual(row: Answered, model: Model, judge: Judge) -> Money:
    messages = _as_chat(row.prompt)["messages"]
    tokens = judge.reader.counter.of_chat(messages, None).tokens
    category = Category(row.category) if row.category else category_of(row.prompt)
    return candidate_for(model, Features(tokens, category), judge.experience).cost.expected
