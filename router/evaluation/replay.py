"""What a policy would decide with answers at hand that it has to pay for before it may look at them.

A policy sees predictions, and a till: whatever it asks the till for, it pays. The calls of a decision
are those that the till has noted, so no answer can be looked at that is not among them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from router.domain.outcomes import Outcomes
from router.domain.predictions import Predictions
from router.evaluation.sweep import chosen

_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered, None where nothing could be parsed, and what came with it (NaN: unknown)."""

    model: str
    text: str | None
    cost_usd: float
    output_tokens: float
    latency_s: float


class Till:
    """The answers to one prompt, each handed out against its being noted in `calls`."""

    def __init__(self, answers: Outcomes, row: int) -> None:
        self._answers = answers
        self._row = row
        self._calls: list[str] = []

    @property
    def calls(self) -> tuple[str, ...]:
        """The models whose answers were handed out, in that order."""
        return tuple(self._calls)

    def ask(self, model: str) -> Answer:
        """The answer of a model, which is paid by that, once. Raises KeyError for one that is not there."""
        if model not in self._answers.models:
            raise KeyError(model)
        if model not in self._calls:
            self._calls.append(model)
        at = self._row, self._answers.models.index(model)
        return Answer(
            model=model,
            text=self._answers.answers[at],
            cost_usd=float(self._answers.costs_usd[at]),
            output_tokens=float(self._answers.output_tokens[at]),
            latency_s=float(self._answers.latencies_s[at]),
        )


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision for one prompt at one point: whose answer is returned, and all that were paid."""

    prompt_id: str
    point: str
    model: str
    calls: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse an answer that nobody was asked for."""
        if self.model not in self.calls:
            raise ValueError(f"{self.model} is returned for {self.prompt_id} but was not called")


Strategy = Callable[[int, Till], str]
"""What happens with the prompt of a row: asks the till, and returns the model whose answer is taken."""


def replayed(answers: Outcomes, strategies: Mapping[str, Strategy]) -> Iterator[Decided]:
    """What each strategy decides for each prompt, by the name of its point, in the order of the prompts."""
    for point, strategy in strategies.items():
        for row, prompt_id in enumerate(answers.prompt_ids):
            till = Till(answers, row)
            model = strategy(row, till)
            yield Decided(prompt_id, point, model, till.calls)


def single_by_lambda(predictions: Predictions, lambda_per_usd: float) -> Strategy:
    """One call, to the model with the largest `quality - λ * cost` as predicted; of equals the cheapest."""
    picks = chosen(predictions.p_quality, predictions.costs_usd, np.array([lambda_per_usd]))
    return _one_call(predictions, picks[:, 0].tolist())


def single_within(predictions: Predictions, max_quality_loss: float) -> Strategy:
    """One call, to the cheapest model that is within `max_quality_loss` of the reference.

    The reference is the model with the best mean predicted quality; of models that cost the same, the
    better one is called.
    """
    quality, costs = predictions.p_quality, predictions.costs_usd
    reference = int(quality.mean(axis=0).argmax())
    is_adequate = quality >= quality[:, [reference]] - max_quality_loss - _ROUNDING
    least = np.where(is_adequate, costs, np.inf).min(axis=1, keepdims=True)
    is_cheapest = is_adequate & (costs <= least)
    picks = np.where(is_cheapest, quality, -np.inf).argmax(axis=1)
    return _one_call(predictions, picks.tolist())


def _one_call(predictions: Predictions, picks: list[int]) -> Strategy:
    def strategy(row: int, till: Till) -> str:
        return till.ask(predictions.models[picks[row]]).model

    return strategy
