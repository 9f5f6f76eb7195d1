"""What a policy would decide with recorded answers, each of which it must pay for before it may look at it.

A policy sees predictions, and a till: whatever it asks the till for, it pays for. The calls of a decision
are those that the till has recorded, so no other answer can have been looked at.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import inf

import numpy as np

from router.domain.members import replace
from router.domain.outcomes import Outcomes
from router.domain.predictions import Predictions
from router.evaluation.cascades import RISK, WayPredictions, Ways, foreseen, within
from router.evaluation.sweep import Choices, chosen


@dataclass(frozen=True, slots=True)
class ReplayedAnswer:
    """A model's answer, None if nothing could be parsed, and its figures (NaN: unknown)."""

    model: str
    text: str | None
    cost_usd: float
    output_tokens: float
    latency_s: float


class Till:
    """The answers to one prompt, each handed out only if it is recorded in `calls`."""

    def __init__(self, answers: Outcomes, row: int) -> None:
        self._answers = answers
        self._row = row
        self._calls: list[str] = []

    @property
    def calls(self) -> tuple[str, ...]:
        """The models whose answers were handed out, in that order."""
        return tuple(self._calls)

    def ask(self, model: str) -> ReplayedAnswer:
        """The answer of a model, which is thereby paid for, once. Raises KeyError if there is no such model."""
        if model not in self._answers.models:
            raise KeyError(model)
        if model not in self._calls:
            self._calls.append(model)
        at = self._row, self._answers.models.index(model)
        return ReplayedAnswer(
            model=model,
            text=self._answers.answers[at],
            cost_usd=float(self._answers.costs_usd[at]),
            output_tokens=float(self._answers.output_tokens[at]),
            latency_s=float(self._answers.latencies_s[at]),
        )


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision for one prompt at one point: whose answer is returned, and all that were paid for."""

    prompt_id: str
    point: str
    model: str
    calls: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse an answer of a model that was not asked."""
        if self.model not in self.calls:
            raise ValueError(f"{self.model} is returned for {self.prompt_id} but was not called")


Strategy = Callable[[int, Till], str]
"""Handles the prompt of a row: asks the till, and returns the model whose answer is taken."""


def replayed(answers: Outcomes, strategies: Mapping[str, Strategy]) -> Iterator[Decided]:
    """What each strategy decides for each prompt, under the name of its point, in the order of the prompts."""
    for point, strategy in strategies.items():
        for row, prompt_id in enumerate(answers.prompt_ids):
            till = Till(answers, row)
            model = strategy(row, till)
            yield Decided(prompt_id, point, model, till.calls)


def answering(predictions: Predictions, ways: Ways, picks: Choices) -> Strategy:
    """A strategy that asks in the way that is picked for each row's prompt: one column of numbers of ways.

    A pair is asked at once; if both answers are equal, that of the model predicted to be better is taken.
    """
    names, quality = predictions.models, predictions.p_quality
    way_of = picks[:, 0].tolist()

    def strategy(row: int, till: Till) -> str:
        way = way_of[row] - ways.models
        if way < 0:
            return till.ask(names[way_of[row]]).model
        one, other = int(ways.ones[way]), int(ways.others[way])
        first, second = (till.ask(names[each]).text for each in (one, other))
        if first is not None and first == second:
            return names[one if quality[row, one] >= quality[row, other] else other]
        return till.ask(names[ways.finals[way]]).model

    return strategy


@dataclass(frozen=True, slots=True, eq=False)
class Menu:
    """The predictions for the ways that a policy chooses from. A forced one chooses only among cascades."""

    predictions: Predictions
    foreseen: WayPredictions
    is_forced: bool = False

    @classmethod
    def of(cls, predictions: Predictions, ways: Ways, *, is_forced: bool = False) -> "Menu":
        """The menu of these ways; if it is forced, none is left out for its risk."""
        risk = inf if is_forced else RISK
        return cls(predictions, foreseen(predictions, ways, risk), is_forced)

    def alike(self) -> "Menu":
        """The same with the average predictions for every prompt, so that one way suits all."""
        return replace(self, foreseen=self.foreseen.averaged())

    def by_lambda(self, lambda_per_usd: float) -> Strategy:
        """The way with the largest predicted `quality - λ * cost`; of equal ones the cheapest."""
        told, first = self.foreseen, self._first
        picks = chosen(
            told.qualities[:, first:], told.costs_usd[:, first:], np.array([lambda_per_usd])
        )
        return answering(self.predictions, told.ways, picks + first)

    def within(self, max_quality_loss: float) -> Strategy:
        """The cheapest way by the rule of `router.evaluation.cascades.within`."""
        told = self.foreseen
        picks = within(told.without_singles() if self.is_forced else told, max_quality_loss)
        return answering(self.predictions, told.ways, picks)

    @property
    def _first(self) -> int:
        return self.foreseen.ways.models if self.is_forced else 0
