"""Ways to answer a prompt: one model alone, or two at once, with their answer if they agree, else a final model's.

Offline, answers are there in their normal form, and two models agree if both have one and these are equal.
"""

from collections.abc import Iterator
from itertools import combinations
from statistics import NormalDist

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from router.domain.arrays import Floats
from router.domain.estimate import QualityEstimate
from router.domain.members import replace
from router.domain.outcomes import Outcomes
from router.domain.predictions import Predictions
from router.evaluation.sweep import Choices, Sweep, parts

CONFIDENCE = 0.9
"""One-sided: of the cascades said to be as good as `least`, this share must be."""
_DEVIATIONS = NormalDist().inv_cdf(CONFIDENCE)
RISK = 0.05
"""The most that a cascade may lose with CONFIDENCE, however little it is expected to: the default of policies."""
MAX_QUALITY_LOSS = 0.01
"""The expected quality loss that a router is allowed at its fixed setting."""
_ROUNDING = 1e-12
_MOST_MODELS = 12
"""How many models pairs are formed from: 660 cascades. In larger pools, those on the outermost hulls."""

Numbers = NDArray[np.int64]


class Ways(Struct, frozen=True, eq=False):
    """Every model alone, by its number, and then the cascades: which two are asked first, and which is final."""

    models: int
    ones: Numbers
    others: Numbers
    finals: Numbers

    def __len__(self) -> int:
        return self.models + len(self.finals)

    @classmethod
    def among(cls, models: int, usable: Numbers) -> "Ways":
        """All pairs of the `usable` models, before each of the other ones."""
        triples = [
            (a, b, final)
            for a, b in combinations(usable.tolist(), 2)
            for final in usable.tolist()
            if final not in (a, b)
        ]
        columns = np.array(triples, dtype=np.int64).reshape(-1, 3).T
        return cls(models, *columns)

    @classmethod
    def alone(cls, models: int) -> "Ways":
        """No cascades."""
        return cls.among(models, np.arange(0))

    def answered_by(self, qualities: Floats) -> Numbers:
        """Whose answer is taken if a pair agrees: that of the one expected to be better, (prompts, cascades)."""
        is_one = qualities[:, self.ones] >= qualities[:, self.others]
        return np.asarray(np.where(is_one, self.ones, self.others), dtype=np.int64)


class WayPredictions(Struct, frozen=True, eq=False):
    """The predictions for each way (columns) and prompt (rows): quality, expected USD, and the least quality.

    The latter is reached with CONFIDENCE by a cascade whose final model is as good as predicted; for a model
    alone it is the predicted one. `reference` is the number of the model with the best mean predicted quality, over
    all prompts if these are a part of them.
    """

    ways: Ways
    reference: int
    qualities: Floats
    costs_usd: Floats
    least: Floats

    def without_singles(self) -> "WayPredictions":
        """The same with costs at which a model alone is chosen only if no cascade is adequate."""
        costs = self.costs_usd.copy()
        costs[:, : self.ways.models] += 1.0 + costs.max()
        return replace(self, costs_usd=costs)


def ways_of(predictions: Predictions, outcomes: Outcomes) -> Ways:
    """The ways worth considering: without cascades if nothing is known of agreement, or there are no answers."""
    models = len(predictions.models)
    has_answers = any(each is not None for each in outcomes.answers.ravel().tolist())
    if not predictions.agreeing or models < 3 or not has_answers:
        return Ways.alone(models)
    return Ways.among(models, _outermost(predictions))


def _outermost(predictions: Predictions) -> Numbers:
    """Numbers of at most _MOST_MODELS models: on the hull of mean cost and quality, then on the rest's, and so on."""
    qualities, costs = predictions.p_quality.mean(axis=0), predictions.costs_usd.mean(axis=0)
    left, found = list(np.lexsort((-qualities, costs))), list[int]()
    while left and len(found) < _MOST_MODELS:
        best, layer = -np.inf, []
        for model in left:
            if qualities[model] > best:
                best = qualities[model]
                layer.append(model)
        found += layer
        left = [model for model in left if model not in layer]
    return np.sort(np.array(found[:_MOST_MODELS], dtype=np.int64))


def foreseen(predictions: Predictions, ways: Ways, risk: float = RISK) -> WayPredictions:
    """The predictions for all ways. A cascade that may lose more than `risk` with CONFIDENCE is ruled out."""
    tables = np.empty((3, len(predictions.prompt_ids), len(ways)))
    for rows, part in foreseen_in_parts(predictions, ways, risk):
        tables[:, rows] = part.qualities, part.costs_usd, part.least
    return WayPredictions(ways, _reference(predictions), *tables)


def foreseen_in_parts(
    predictions: Predictions, ways: Ways, risk: float = RISK
) -> Iterator[tuple[slice, WayPredictions]]:
    """The same for some prompts after the other: of 100,000 prompts and 12 models all together would take 1.6 GB."""
    reference = _reference(predictions)
    for rows in parts(len(predictions.prompt_ids)):
        yield rows, WayPredictions(ways, reference, *_foreseen(predictions.at(rows), ways, risk))


def averaged(predictions: Predictions, ways: Ways, risk: float = RISK) -> WayPredictions:
    """The means of the same over all prompts, in one row."""
    totals = np.zeros((3, 1, len(ways)))
    for _, part in foreseen_in_parts(predictions, ways, risk):
        tables = np.stack((part.qualities, part.costs_usd, part.least))
        totals = np.hstack((totals, tables)).sum(axis=1, keepdims=True)
    means = totals / len(predictions.prompt_ids)
    return WayPredictions(ways, _reference(predictions), *means)


def _reference(predictions: Predictions) -> int:
    return int(predictions.p_quality.mean(axis=0).argmax())


def _foreseen(predictions: Predictions, ways: Ways, risk: float) -> tuple[Floats, Floats, Floats]:
    accept, gain, sd = _prospects(predictions, ways)
    is_bearable = gain - _DEVIATIONS * sd >= -risk
    accept, gain, sd = accept * is_bearable, gain * is_bearable, sd * is_bearable
    quality, cost = predictions.p_quality, predictions.costs_usd
    finals = quality[:, ways.finals]
    costs = cost[:, ways.ones] + cost[:, ways.others] + (1.0 - accept) * cost[:, ways.finals]
    return (
        np.hstack((quality, finals + gain)),
        np.hstack((cost, costs)),
        np.hstack((quality, finals + gain - _DEVIATIONS * sd)),
    )


def _prospects(predictions: Predictions, ways: Ways) -> tuple[Floats, Floats, Floats]:
    """`p_accept`, `gain` and its deviation for each cascade, prompts in rows; all 0 if it makes no sense.

    That is a pair that costs as much as the final model, or has a model expected to be better than that one: with
    nothing accepted, it is the final model at a higher price, which is never chosen.
    """
    quality, cost = predictions.p_quality, predictions.costs_usd
    better = np.maximum(quality[:, ways.ones], quality[:, ways.others])
    pair = cost[:, ways.ones] + cost[:, ways.others]
    is_sensible = (better <= quality[:, ways.finals]) & (pair < cost[:, ways.finals])
    triples = list(zip(ways.ones.tolist(), ways.others.tolist(), ways.finals.tolist(), strict=True))
    table = np.zeros((len(quality), len(triples), 3))
    for row, agreeing in enumerate(predictions.agreeing if triples else ()):
        told = zip(quality[row].tolist(), predictions.p_sd[row].tolist(), strict=True)
        models = [QualityEstimate(*each) for each in told]
        for column in np.flatnonzero(is_sensible[row]).tolist():
            found = agreeing.between(*(models[model] for model in triples[column]))
            table[row, column] = found.p_accept, found.gain, found.gain_sd
    return table[:, :, 0], table[:, :, 1], table[:, :, 2]


def agreed(outcomes: Outcomes) -> NDArray[np.bool_]:
    """Whether two models agree, (prompts, models, models)."""
    numbers: dict[object, int] = {}
    flat = [numbers.setdefault(each, len(numbers)) for each in outcomes.answers.ravel().tolist()]
    codes = np.array(flat, dtype=np.int64).reshape(outcomes.answers.shape)
    has_answer = np.array(outcomes.answers != None, dtype=np.bool_)  # noqa: E711 - elementwise
    same = codes[:, :, None] == codes[:, None, :]
    return np.asarray(same & has_answer[:, :, None], dtype=np.bool_)


def came_of(outcomes: Outcomes, ways: Ways, qualities: Floats) -> Sweep:
    """What each way scored and cost on each prompt, wasted calls included; `qualities` decide between equal answers."""
    tables = np.empty((2, len(outcomes), len(ways)))
    for rows in parts(len(outcomes)):
        part = came_of_part(outcomes, ways, qualities, rows)
        tables[:, rows] = part.scores, part.costs_usd
    return Sweep(*tables)


def came_of_part(outcomes: Outcomes, ways: Ways, qualities: Floats, rows: slice) -> Sweep:
    """The same of some prompts only: of 100,000 prompts and 12 models all together would take 1.1 GB."""
    part = outcomes.at(np.arange(len(outcomes))[rows])
    return Sweep(*_came_of(part, ways, qualities[rows]))


def _came_of(outcomes: Outcomes, ways: Ways, qualities: Floats) -> tuple[Floats, Floats]:
    same = agreed(outcomes)[:, ways.ones, ways.others]
    scores, costs = outcomes.scores, outcomes.costs_usd
    whose = np.where(same, ways.answered_by(qualities), ways.finals)
    taken = np.take_along_axis(scores, whose, axis=1)
    paid = costs[:, ways.ones] + costs[:, ways.others] + np.where(same, 0.0, costs[:, ways.finals])
    return np.hstack((scores, taken)), np.hstack((costs, paid))


def within(foreseen: WayPredictions, max_quality_loss: float) -> Choices:
    """For each prompt, the cheapest way with an expected loss of at most `max_quality_loss`; one column.

    Of equally cheap ones the better is taken. The loss is relative to the reference, the model with the best mean
    predicted quality, which answers if no other way qualifies. A cascade must end with a model that is predicted to
    be at least as good as the reference, and lose no more than RISK with CONFIDENCE.
    """
    models = foreseen.ways.models
    alone = foreseen.qualities[:, :models]
    bar = alone[:, [foreseen.reference]] - _ROUNDING
    is_adequate = foreseen.qualities >= bar - max_quality_loss
    is_adequate[:, models:] &= foreseen.least[:, models:] >= bar - max(RISK, max_quality_loss)
    is_adequate[:, models:] &= alone[:, foreseen.ways.finals] >= bar
    costs = np.where(is_adequate, foreseen.costs_usd, np.inf)
    is_cheapest = is_adequate & (costs <= costs.min(axis=1, keepdims=True))
    best = np.where(is_cheapest, foreseen.qualities, -np.inf).argmax(axis=1)
    return np.asarray(best[:, None], dtype=np.int64)
