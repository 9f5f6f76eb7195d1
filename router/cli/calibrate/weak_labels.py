"""What else is known of answers: feedback and signs from the ledger, and feedback in files."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct, field

from router.cli.books import opened_ledger
from router.cli.calibrate.asking import TAG
from router.cli.calibrate.labels import GatheredLabels
from router.cli.calibrate.served import Understanding
from router.config.settings import Settings
from router.domain.category import Category
from router.domain.model import Model
from router.domain.scored import ScoreSource
from router.evaluation.answer_files import read_rows
from router.evaluation.answered import ScoredAnswer
from router.evaluation.folds import normalised
from router.evaluation.weak_labels import (
    NOTHING_HEARD,
    FeedbackScores,
    Flaws,
    WeakLabels,
    Whose,
    trust,
)
from router.ledger.outcomes import Looked, SourceScores
from router.stores.sql.weak_labels import feedback_on, heard, looked_at

CERTAIN = (ScoreSource.SCHEMA, ScoreSource.TOOL_CALL)
"""Signs that an answer is useless. The others may be right (a refusal), caused by the client (its limit on
the length), or not about the answer at all (a program that asks the same again and again)."""


class WeakLabelSources(Struct, frozen=True):
    """Where to look: from when in the ledger (None: not there), in which files, and which signs count."""

    since_s: float | None = None
    files: Sequence[Path] = ()
    counted: Sequence[ScoreSource] = ()


class GatheredWeakLabels(Struct, frozen=True, eq=False):
    """Everything that was heard, as it is reported, and the part of it that may be used.

    `answers` is how many a model gave in a category, as far as the ledger knows.
    """

    weak_labels: WeakLabels = NOTHING_HEARD
    told: Sequence[SourceScores] = ()
    answers: Mapping[Whose, int] = field(default_factory=dict)


def overheard(
    asked: WeakLabelSources,
    settings: Settings,
    models: Mapping[str, Model],
    understanding: Understanding,
    gold: GatheredLabels | None = None,
) -> GatheredWeakLabels:
    """What is known of `models` besides the gold labels. Raises FarthingError."""
    feedback, signs, looks = _Feedback(), list[SourceScores](), list[Looked]()
    if asked.since_s is not None:
        known, looks = _look_up(asked, asked.since_s, settings, feedback, gold)
        signs = [each for each in known if each.model in models and _is_known(each)]
        looks = [each for each in looks if each.model in models and _is_known(each)]
    rows = [row for path in asked.files for row in read_rows(path)]
    _read([row for row in rows if row.model in models], understanding, feedback, gold)
    return GatheredWeakLabels(
        WeakLabels(
            feedback=feedback.unpaired(models),
            trust=trust(feedback.pairs),
            flaws={_whose(each): Flaws(each.answers, each.flawed) for each in looks},
            holds_down=bool(asked.counted),
        ),
        sorted((*feedback.told(models), *signs), key=_place),
        {_whose(each): each.answers for each in looks},
    )


def _look_up(
    asked: WeakLabelSources,
    since_s: float,
    settings: Settings,
    feedback: "_Feedback",
    gold: GatheredLabels | None,
) -> tuple[list[SourceScores], list[Looked]]:
    """The signs in the ledger, and the answers that they are about; its feedback is added to `feedback`."""
    by_request = gold.by_request if gold else {}
    requests = {request_id for request_id, _ in by_request}
    with opened_ledger(settings) as engine:
        every = heard(engine, since_s, TAG)
        for each in every:
            if each.source is ScoreSource.FEEDBACK and _is_known(each):
                feedback.add(_whose(each), each.count, each.sum)
        for said in feedback_on(engine, requests, since_s, TAG):
            if said.category in tuple(Category):
                whose = (Category(said.category), said.model)
                label = by_request.get((said.request_id, said.model))
                feedback.pair(whose, said.score, label)
        looks = looked_at(engine, since_s, TAG, asked.counted or CERTAIN)
    return [each for each in every if each.source is not ScoreSource.FEEDBACK], list(looks)


def _read(
    rows: Sequence[ScoredAnswer],
    understanding: Understanding,
    feedback: "_Feedback",
    gold: GatheredLabels | None,
) -> None:
    """Add the feedback in files. If a question has gold labels, its feedback is only compared with them."""
    labels = _labels(gold)
    for row in rows:
        if row.score is None:
            continue
        category = Category(row.category) if row.category else understanding.category(row.prompt)
        whose = (category, row.model)
        feedback.add(whose, 1, row.score)
        if (known := labels.get(normalised(row.prompt))) is not None:
            feedback.pair(whose, row.score, known.get(row.model))


def _labels(gold: GatheredLabels | None) -> Mapping[str, Mapping[str, float]]:
    """The gold labels of each question, by model."""
    if gold is None:
        return {}
    outcomes = gold.labelled.outcomes
    return {
        normalised(prompt): {
            model: float(score)
            for model, score in zip(outcomes.models, scores, strict=True)
            if np.isfinite(score)
        }
        for prompt, scores in zip(outcomes.prompts, outcomes.scores, strict=True)
    }


class _Scores(Struct):
    """The count and sum of scores of one kind."""

    count: int = 0
    sum: float = 0.0

    def add(self, count: int, sum_: float) -> None:
        self.count += count
        self.sum += sum_


class _Feedback:
    """Collects feedback: all of it, and separately the part that has gold labels."""

    def __init__(self) -> None:
        self._all: defaultdict[Whose, _Scores] = defaultdict(_Scores)
        self._paired: defaultdict[Whose, _Scores] = defaultdict(_Scores)
        self.pairs: list[tuple[float, float]] = []

    def add(self, whose: Whose, count: int, sum_: float) -> None:
        """Add `count` scores."""
        self._all[whose].add(count, sum_)

    def pair(self, whose: Whose, said: float, label: float | None) -> None:
        """One of the scores is about a question with gold labels: `label`, or None if it is another model's."""
        self._paired[whose].add(1, said)
        if label is not None:
            self.pairs.append((said, label))

    def told(self, models: Collection[str]) -> Iterator[SourceScores]:
        """All of it, for these models."""
        for (category, model), each in self._all.items():
            if model in models:
                yield SourceScores(
                    model, category.value, ScoreSource.FEEDBACK, each.count, each.sum
                )

    def unpaired(self, models: Collection[str]) -> Mapping[Whose, FeedbackScores]:
        """The feedback that does not duplicate a gold label."""
        found = {}
        for whose, each in self._all.items():
            paired = self._paired[whose]
            if whose[1] in models and (count := each.count - paired.count) > 0:
                mean = (each.sum - paired.sum) / count
                found[whose] = FeedbackScores(count, min(1.0, max(0.0, mean)))
        return found


def _place(each: SourceScores) -> tuple[str, str, int]:
    return (each.category, each.model, list(ScoreSource).index(each.source))


def _is_known(each: SourceScores | Looked) -> bool:
    """Whether its category is known to this version."""
    return each.category in tuple(Category)


def _whose(each: SourceScores | Looked) -> Whose:
    return (Category(each.category), each.model)
