"""Answers that were scored, with what is known of each prompt beyond its words."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.domain.arrays import Floats
from router.domain.category import Category
from router.domain.outcomes import Outcomes

_FIRST_OPTION = re.compile(r"^\s*A[.):]\s", re.MULTILINE)
_NO_WORD = re.compile(r"[\W_]+")

GOLD_WEIGHT = 1.0
"""What a prompt counts whose answers somebody scored on purpose; hearsay counts for less."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Scored answers. Of each prompt its category, who has scored its answers, and its weight.

    Prompts of a weight below 1 help to estimate and never to judge: feedback is no gold label.
    """

    outcomes: Outcomes
    categories: tuple[Category, ...]
    sources: tuple[str, ...]
    weights: Floats

    def __post_init__(self) -> None:
        """Refuse parts of different sizes, and weights that are none."""
        if not len(self.categories) == len(self.sources) == len(self.weights) == len(self):
            raise ValueError("every prompt has a category, a source and a weight")
        if not ((self.weights > 0.0) & (self.weights <= GOLD_WEIGHT)).all():
            raise ValueError("a prompt's weight is above 0 and at most 1")

    def __len__(self) -> int:
        return len(self.outcomes)

    @property
    def models(self) -> tuple[str, ...]:
        """The models, the columns of every table."""
        return self.outcomes.models

    @property
    def is_gold(self) -> NDArray[np.bool_]:
        """Of each prompt whether its answers were scored on purpose."""
        return self.weights >= GOLD_WEIGHT

    def at(self, rows: Sequence[int] | NDArray[np.bool_] | NDArray[np.int_]) -> "Labelled":
        """The given prompts only, by their row numbers or a mask."""
        chosen = np.arange(len(self))[np.asarray(rows)]
        return Labelled(
            outcomes=self.outcomes.at(chosen),
            categories=tuple(self.categories[row] for row in chosen),
            sources=tuple(self.sources[row] for row in chosen),
            weights=self.weights[chosen],
        )

    def of(self, models: Sequence[str]) -> "Labelled":
        """The given models only."""
        return Labelled(self.outcomes.of(models), self.categories, self.sources, self.weights)

    def of_category(self, category: Category) -> NDArray[np.bool_]:
        """Which prompts are of this category."""
        return np.array([each is category for each in self.categories], dtype=np.bool_)


def question_of(prompt: str) -> str:
    """What is asked, by letters and digits alone: two prompts with the same are the same question.

    Options that follow are left out, so that another order of them is no other question.
    """
    head = prompt[: found.start()] if (found := _FIRST_OPTION.search(prompt)) else prompt
    return _NO_WORD.sub("", head.lower()) or prompt


def distinct(labelled: Labelled) -> Labelled:
    """Each question once, with the means of what its repetitions brought.

    What was asked ten times is one piece of evidence; and so none can stand on both sides of a split.
    """
    groups = list(_repeated(labelled))
    if len(groups) == len(labelled):
        return labelled
    first = labelled.at([rows[0] for rows in groups])
    outcomes = first.outcomes
    return Labelled(
        outcomes=Outcomes(
            prompt_ids=outcomes.prompt_ids,
            prompts=outcomes.prompts,
            datasets=outcomes.datasets,
            models=outcomes.models,
            scores=_means(labelled.outcomes.scores, groups),
            costs_usd=_means(labelled.outcomes.costs_usd, groups),
            input_tokens=_means(labelled.outcomes.input_tokens, groups),
            output_tokens=_means(labelled.outcomes.output_tokens, groups),
            latencies_s=_means(labelled.outcomes.latencies_s, groups),
            answers=outcomes.answers,
        ),
        categories=first.categories,
        sources=first.sources,
        weights=first.weights,
    )


def _repeated(labelled: Labelled) -> Iterator[list[int]]:
    """The rows of each question. Gold and hearsay of the same question stay apart."""
    groups: dict[tuple[str, Category, float], list[int]] = {}
    for row, prompt in enumerate(labelled.outcomes.prompts):
        key = (question_of(prompt), labelled.categories[row], float(labelled.weights[row]))
        groups.setdefault(key, []).append(row)
    yield from groups.values()


def _means(table: Floats, groups: Sequence[Sequence[int]]) -> Floats:
    """The mean of what is known in each group, NaN where nothing is."""
    means = np.full((len(groups), table.shape[1]), np.nan)
    for place, rows in enumerate(groups):
        known = np.isfinite(part := table[list(rows)])
        counts = known.sum(axis=0)
        sums = np.where(known, part, 0.0).sum(axis=0)
        np.divide(sums, counts, out=means[place], where=counts > 0)
    return means
