"""Scored answers from files, as tables about the models of a configuration."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct

from router.cli.calibrate.served import Understanding
from router.domain.errors import FarthingError
from router.domain.members import replace
from router.domain.model import Model
from router.domain.outcomes import Outcomes
from router.evaluation.answer_files import read_rows
from router.evaluation.answered import ScoredAnswer, labelled
from router.evaluation.costs import by_tokens
from router.evaluation.final_answers import Requests, in_normal_form
from router.evaluation.labelled import Labelled


class GatheredLabels(Struct, frozen=True, eq=False):
    """Gold labels with all costs filled in, the files they come from, and notes about them.

    `by_request` has those whose request in the ledger is known, by its id and the model.
    """

    labelled: Labelled
    files: tuple[str, ...]
    by_request: Mapping[tuple[str, str], float]
    notes: tuple[str, ...] = ()
    spent_usd: str = "0"


def from_files(
    paths: Sequence[Path], models: Mapping[str, Model], understanding: Understanding
) -> GatheredLabels:
    """The scored answers in files. Raises FarthingError if there are none about `models`."""
    rows = [row for path in paths for row in read_rows(path)]
    return from_rows(rows, tuple(map(str, paths)), models, understanding)


def from_rows(
    rows: Sequence[ScoredAnswer],
    files: tuple[str, ...],
    models: Mapping[str, Model],
    understanding: Understanding,
    requests: Requests | None = None,
) -> GatheredLabels:
    """The rows as a table; `requests` are the complete ones that were answered.

    Raises FarthingError if none of them is a scored answer of one of `models`.
    """
    known = _scored(rows, files, models)
    answered = {row.model for row in known}
    used = [name for name in models if name in answered]
    rows_alike = in_normal_form(known, requests)
    found = labelled(rows_alike, used, understanding.category, ", ".join(files))
    return GatheredLabels(
        labelled=_priced(found, models, understanding),
        files=files,
        by_request={
            (row.request_id, row.model): row.score
            for row in known
            if row.request_id and row.score is not None
        },
        notes=tuple(_notes(rows, models)),
    )


def _scored(
    rows: Sequence[ScoredAnswer], files: tuple[str, ...], models: Mapping[str, Model]
) -> Sequence[ScoredAnswer]:
    """Those rows that have a score and are by one of `models`. Raises FarthingError if there are none."""
    scored = [row for row in rows if row.score is not None]
    known = [row for row in scored if row.model in models]
    if not known:
        others = ", ".join(sorted({row.model for row in scored})[:5])
        instead = f"only by {others}" if others else f"none of {len(rows)} answers has a score"
        raise FarthingError(
            f"{', '.join(files)}: no scored answer by a model of the config ({instead})"
        )
    return known


def _notes(rows: Sequence[ScoredAnswer], models: Mapping[str, Model]) -> Iterator[str]:
    others = Counter(row.model for row in rows if row.model not in models)
    for model, count in others.most_common(5):
        yield f"{model} is not a model of the config: its {count:,} answers are left out."
    if unscored := sum(row.score is None and row.model in models for row in rows):
        yield f"{unscored:,} answers have no score, and are left out."
    if unpriced := sum(row.cost_usd is None and row.model in models for row in rows):
        yield f"{unpriced:,} answers have no cost: it is taken from the config's prices."


def _priced(found: Labelled, models: Mapping[str, Model], understanding: Understanding) -> Labelled:
    """With costs from the answers' tokens; if these are unknown, the cost of an answer of typical length."""

    def charge(model: str, read: int, written: int) -> float:
        return float(models[model].price.charge_uncached(read, written).usd)

    counted = by_tokens(found.outcomes, charge)
    costs = counted.costs_usd.copy()
    for row, column in _unpriced(counted):
        prompt, model = counted.prompts[row], models[counted.models[column]]
        costs[row, column] = float(understanding.cost(prompt, model, found.categories[row]).usd)
    return replace(found, outcomes=replace(counted, costs_usd=costs))


def _unpriced(outcomes: Outcomes) -> Iterator[tuple[int, int]]:
    """Row and column of each answer that has a score but no cost."""
    places = np.argwhere(np.isfinite(outcomes.scores) & ~np.isfinite(outcomes.costs_usd))
    yield from ((int(row), int(column)) for row, column in places)
