"""What a policy would decide with recorded answers, each of which it must pay for before it may look at it.

A policy sees predictions, and `PaidAnswers`: whatever it asks these for, it pays for. The calls of a decision
are those that are recorded there, so no other answer can have been looked at.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf

import numpy as np
from msgspec import Struct

from router.domain.outcomes import Outcomes
from router.domain.predictions import Predictions
from router.evaluation.cascades import (
    RISK,
    Numbers,
    WayPredictions,
    Ways,
    averaged,
    foreseen_in_parts,
    within,
)
from router.evaluation.sweep import Choices, chosen


class PaidAnswers:
    """The answers to one prompt, each handed out only if it is recorded in `calls`."""

    def __init__(self, answers: Outcomes, row: int) -> None:
        self._answers = answers
        self._row = row
        self._calls: list[str] = []

    @property
    def calls(self) -> tuple[str, ...]:
        """The models whose answers were handed out, in that order."""
        return tuple(self._calls)

    def ask(self, model: str) -> str | None:
        """The answer of a model, which is thereby paid for, once; None if nothing could be parsed.

        Raises KeyError if there is no such model.
        """
        if model not in self._answers.models:
            raise KeyError(model)
        if model not in self._calls:
            self._calls.append(model)
        answer: str | None = self._answers.answers[self._row, self._answers.models.index(model)]
        return answer


class Decided(Struct, frozen=True):
    """A decision for one prompt at one point: whose answer is returned, and all that were paid for."""

    prompt_id: str
    point: str
    model: str
    calls: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse an answer of a model that was not asked."""
        if self.model not in self.calls:
            raise ValueError(f"{self.model} is returned for {self.prompt_id} but was not called")


Strategy = Callable[[int, PaidAnswers], str]
"""Handles the prompt of a row: asks for answers, and returns the model whose answer is taken."""


def replayed(answers: Outcomes, strategies: Mapping[str, Strategy]) -> Iterator[Decided]:
    """What each strategy decides for each prompt, under the name of its point, in the order of the prompts."""
    for point, strategy in strategies.items():
        for row, prompt_id in enumerate(answers.prompt_ids):
            paid_answers = PaidAnswers(answers, row)
            model = strategy(row, paid_answers)
            yield Decided(prompt_id, point, model, paid_answers.calls)


def _answering(predictions: Predictions, ways: Ways, picks: Numbers) -> Strategy:
    """A strategy that asks in the way that is picked for each row's prompt, by the number of that way.

    A pair is asked at once; if both answers are equal, that of the model predicted to be better is taken.
    """
    names, qualities = predictions.models, predictions.p_quality

    def strategy(row: int, paid_answers: PaidAnswers) -> str:
        pick = int(picks[row])
        if (way := pick - ways.models) >= 0:
            pick, a, b = (int(each[way]) for each in (ways.finals, ways.ones, ways.others))
            one, other = paid_answers.ask(names[a]), paid_answers.ask(names[b])
            if one is not None and one == other:
                return names[a if qualities[row, a] >= qualities[row, b] else b]
        paid_answers.ask(names[pick])
        return names[pick]

    return strategy


class Menu(Struct, frozen=True, eq=False):
    """The ways that a policy chooses from, by their predictions: a forced one only from cascades.

    One that is `alike` goes by the average predictions for every prompt, so that one way suits all.
    """

    predictions: Predictions
    ways: Ways
    is_forced: bool = False
    is_alike: bool = False

    def by_lambdas(self, lambdas_per_usd: Sequence[float]) -> list[Strategy]:
        """For each λ, the way with the largest predicted `quality - λ * cost`; of equal ones the cheapest."""
        first, lambdas = self.ways.models if self.is_forced else 0, np.array(lambdas_per_usd)

        def picked(told: WayPredictions) -> Choices:
            return first + chosen(told.qualities[:, first:], told.costs_usd[:, first:], lambdas)

        return self._strategies(picked)

    def within(self, max_quality_losses: Sequence[float]) -> list[Strategy]:
        """For each loss, the cheapest way by the rule of `router.evaluation.cascades.within`."""

        def picked(told: WayPredictions) -> Choices:
            told = told.without_singles() if self.is_forced else told
            return np.hstack([within(told, each) for each in max_quality_losses])

        return self._strategies(picked)

    def _strategies(self, picked: Callable[[WayPredictions], Choices]) -> list[Strategy]:
        """A strategy for each column of what is picked; if the menu is forced, no cascade is left out for its risk."""
        asked = self.predictions, self.ways, inf if self.is_forced else RISK
        if self.is_alike:
            picks = picked(averaged(*asked)).repeat(len(self.predictions.prompt_ids), axis=0)
        else:
            picks = np.concatenate([picked(told) for _, told in foreseen_in_parts(*asked)])
        return [_answering(self.predictions, self.ways, column) for column in picks.T]
