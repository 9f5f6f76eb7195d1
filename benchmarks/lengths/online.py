"""Answers one after the other, each predicted from those before it."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.lengths.contestants import (
    Adaptive,
    Fixed,
    Foreteller,
    Forgetting,
    Ours,
    Plain,
    Separate,
    a_model,
)
from benchmarks.lengths.tables import Table
from benchmarks.lengths.tally import Tally
from router.decision.experience import Experience
from router.decision.lengths import LengthPrior
from router.decision.window import FEWEST_FOR_QUANTILES, Window
from router.domain.category import Category
from router.training.lengths import fit_lengths

_MOST_MODELS = 12
_MOST_PROMPTS = 2000


@dataclass(frozen=True)
class Answer:
    """What came next: from which model, to what kind of prompt, how long and in how many seconds."""

    model: str
    category: Category
    dataset: str
    tokens: float
    seconds: float


Order = Callable[[list[Answer]], list[Answer]]


def _scaled(answers: list[Answer], factor: float) -> list[Answer]:
    half = len(answers) // 2
    late = [
        Answer(a.model, a.category, a.dataset, a.tokens * factor, a.seconds * factor)
        for a in answers[half:]
    ]
    return answers[:half] + late


ORDERS: dict[str, Order] = {
    "in random order": lambda answers: answers,
    "one data set after the other": lambda answers: sorted(answers, key=lambda a: a.dataset),
    "twice as much midway": lambda answers: _scaled(answers, 2.0),
    "half as much midway": lambda answers: _scaled(answers, 0.5),
}


def prequential(table: Table) -> Iterator[tuple[str, list[tuple[str, Tally]]]]:
    """Lengths of half the prompts' answers; the prior is learnt from the other half."""
    half = np.random.default_rng(1).random(len(table.outcomes)) < 0.5
    prior = fit_lengths(table.at(half).outcomes, table.at(half).categories)
    answers = [each for each in _answers(table.at(~half)) if each.tokens > 0]
    for name, order in ORDERS.items():
        yield (
            name,
            [_from_20(way, make, order(answers)) for way, make in _ways(prior)]
            + [
                ("farthing, from the first answer", _all(Ours(), order(answers))),
                ("farthing, prior, from the first", _all(Ours(prior), order(answers))),
            ],
        )


def _ways(prior: LengthPrior) -> list[tuple[str, Foreteller]]:
    return [
        ("typical figures", Fixed()),
        ("last 64, as it was", Separate(Plain)),
        ("last 128, adaptive levels", Separate(Adaptive)),
        ("forgetting histogram", Separate(Forgetting)),
        ("farthing, no prior", Ours()),
        ("farthing, prior learnt", Ours(prior)),
    ]


def _from_20(name: str, way: Foreteller, answers: list[Answer]) -> tuple[str, Tally]:
    """From each model's 20th answer in each category on, where all of the methods can predict."""
    tally, seen = Tally(), Counter[tuple[str, Category]]()
    for answer in answers:
        if seen[answer.model, answer.category] >= FEWEST_FOR_QUANTILES:
            tally.add(way.stated(answer.model, answer.category), answer.tokens)
        seen[answer.model, answer.category] += 1
        way.observe(answer.model, answer.category, answer.tokens)
    return name, tally


def _all(way: Foreteller, answers: list[Answer]) -> Tally:
    tally = Tally()
    for answer in answers:
        tally.add(way.stated(answer.model, answer.category), answer.tokens)
        way.observe(answer.model, answer.category, answer.tokens)
    return tally


def latencies(table: Table) -> Iterator[tuple[str, list[tuple[str, Tally]]]]:
    """Seconds to the end of an answer, from the model's window alone."""
    answers = [each for each in _answers(table) if each.seconds > 0]
    for name, order in ORDERS.items():
        ordered = order(answers)
        yield name, [("last 64, as it was", _of_streams(Plain, ordered)), _farthing(ordered)]


def _farthing(answers: list[Answer]) -> tuple[str, Tally]:
    tally, windows = Tally(), dict[str, Window]()
    for answer in answers:
        window = windows.setdefault(answer.model, Window())
        low, half, high = (window.quantile(level) for level in (0.1, 0.5, 0.9))
        if low is not None and half is not None and high is not None:
            tally.add((low, half, high, half), answer.seconds)
        window.add(answer.seconds)
    return "farthing", tally


def _of_streams(make: Callable[[], Plain], answers: list[Answer]) -> Tally:
    tally, streams, seen = Tally(), dict[str, Plain](), Counter[str]()
    for answer in answers:
        stream = streams.setdefault(answer.model, make())
        if seen[answer.model] >= FEWEST_FOR_QUANTILES:
            tally.add(stream.stated(), answer.seconds)
        seen[answer.model] += 1
        stream.add(answer.seconds)
    return tally


def unseen_latencies(table: Table) -> Iterator[tuple[str, Tally]]:
    """What is predicted for a model from its price alone, if the price is known."""
    prior = LengthPrior(tiers=fit_lengths(table.outcomes, table.categories).tiers)
    tally = Tally()
    for column, name in enumerate(table.outcomes.models):
        if (usd_per_1m := _price(table, column)) is None:
            continue
        model, category = a_model(name, usd_per_1m), Category.TOOL_CALLING
        told = [Experience(prior).latency(model, category, level) for level in (0.1, 0.5, 0.9)]
        low, half, high = (each.total_s or 0.0 for each in told)
        for seconds in table.outcomes.latencies_s[:, column]:
            if seconds > 0:
                tally.add((low, half, high, half), float(seconds))
    yield "by the price of their output", tally


def _price(table: Table, column: int) -> float | None:
    """The rate per output token that costs and tokens of the model's answers imply."""
    outcomes = table.outcomes
    into, out = outcomes.input_tokens[:, column], outcomes.output_tokens[:, column]
    known = np.isfinite(into) & np.isfinite(out) & (outcomes.costs_usd[:, column] > 0)
    if known.sum() < FEWEST_FOR_QUANTILES:
        return None
    sides = np.column_stack([into[known], out[known]])
    rates = np.linalg.lstsq(sides, outcomes.costs_usd[known, column], rcond=None)[0]
    return float(max(0.0, rates[1] * 1e6))


def _answers(table: Table) -> Iterator[Answer]:
    """From some models to some prompts, in random order, the same each time."""
    dice, outcomes = np.random.default_rng(0), table.outcomes
    models = _some(dice, len(outcomes.models), _MOST_MODELS)
    for row in _some(dice, len(outcomes), _MOST_PROMPTS):
        category, dataset = table.categories[row], outcomes.datasets[row]
        for column in models:
            numbers = (outcomes.output_tokens[row, column], outcomes.latencies_s[row, column])
            yield Answer(outcomes.models[column], category, dataset, *map(float, numbers))


def _some(dice: np.random.Generator, count: int, most: int) -> NDArray[np.int_]:
    return dice.permutation(count)[:most]
