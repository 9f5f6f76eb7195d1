"""Answers that were scored on purpose, with what is known of each prompt besides its text."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from router.domain.arrays import Floats
from router.domain.category import Category
from router.domain.members import replace
from router.domain.outcomes import Outcomes
from router.evaluation.folds import normalised


class Labelled(Struct, frozen=True, eq=False):
    """Gold labels: scored answers, with each prompt's category and who scored its answers."""

    outcomes: Outcomes
    categories: tuple[Category, ...]
    sources: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse parts of different sizes."""
        if not len(self.categories) == len(self.sources) == len(self):
            raise ValueError("every prompt has a category and a source")

    def __len__(self) -> int:
        return len(self.outcomes)

    @property
    def models(self) -> tuple[str, ...]:
        """The models, which are the columns of every table."""
        return self.outcomes.models

    def at(self, rows: Sequence[int] | NDArray[np.bool_] | NDArray[np.int_]) -> "Labelled":
        """Only the given prompts, by their row numbers or a mask."""
        chosen = np.arange(len(self))[np.asarray(rows)]
        return Labelled(
            outcomes=self.outcomes.at(chosen),
            categories=tuple(self.categories[row] for row in chosen),
            sources=tuple(self.sources[row] for row in chosen),
        )

    def of(self, models: Sequence[str]) -> "Labelled":
        """Only the given models."""
        return replace(self, outcomes=self.outcomes.of(models))

    def of_category(self, category: Category) -> NDArray[np.bool_]:
        """Which prompts are of this category."""
        return np.array([each is category for each in self.categories], dtype=np.bool_)

    def by_source(self) -> Mapping[str, int]:
        """How many prompts each source has scored."""
        return {each: self.sources.count(each) for each in dict.fromkeys(self.sources)}


def distinct(labelled: Labelled) -> Labelled:
    """Each question once, with the means over its repetitions.

    What was asked ten times is one piece of evidence; and so no question can be on both sides of a split.
    """
    groups = list(_repeated(labelled))
    if len(groups) == len(labelled):
        return labelled
    first = labelled.at([rows[0] for rows in groups])
    every = labelled.outcomes
    outcomes = replace(
        first.outcomes,
        scores=_means(every.scores, groups),
        costs_usd=_means(every.costs_usd, groups),
        input_tokens=_means(every.input_tokens, groups),
        output_tokens=_means(every.output_tokens, groups),
        latencies_s=_means(every.latencies_s, groups),
    )
    return replace(first, outcomes=outcomes)


def firsts(labelled: Labelled) -> Labelled:
    """Each question once, as it was answered the first time, so that an answer and its score stay together."""
    return labelled.at([rows[0] for rows in _repeated(labelled)])


def _repeated(labelled: Labelled) -> Iterator[list[int]]:
    """The rows of each question."""
    groups: dict[tuple[str, Category], list[int]] = {}
    for row, prompt in enumerate(labelled.outcomes.prompts):
        groups.setdefault((normalised(prompt), labelled.categories[row]), []).append(row)
    yield from groups.values()


def _means(table: Floats, groups: Sequence[Sequence[int]]) -> Floats:
    """The mean of the known values in each group, NaN if there are none."""
    means = np.full((len(groups), table.shape[1]), np.nan)
    for place, rows in enumerate(groups):
        known = np.isfinite(part := table[list(rows)])
        counts = known.sum(axis=0)
        sums = np.where(known, part, 0.0).sum(axis=0)
        np.divide(sums, counts, out=means[place], where=counts > 0)
    return means
