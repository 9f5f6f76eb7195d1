"""A new model: how fast its estimate approaches what all labels would say."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.routing.findings import Found, Table, difference, quality, text
from benchmarks.routing.outcome_folder import OutcomeFolder
from benchmarks.routing.running import FOLDS, Settings
from router.cli.offline import watched
from router.domain.arrays import Floats
from router.domain.members import replace
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool
from router.domain.predictions import Predictions
from router.evaluation.crossing import HeldOut, held_out
from router.evaluation.folds import by_prompt
from router.evaluation.hull import aiq, hull
from router.evaluation.resampling import Interval
from router.evaluation.sweep import FINE, chosen, singles

TITLE = "A new model with few labelled prompts"

POOLS = ("zeroeval12", "routerbench11")
LABELS = (0, 10, 25, 50, 100, 200, 500, None)
"""Of the new model; None for all that there are. All other models keep theirs."""
_EVERY = 3
"""Of a pool's models each third is new once: 300 fits would take hours."""
_COLUMNS = (
    text("pool"),
    text("labels of the new model"),
    quality("RMSE of P by kind"),
    quality("AIQ of routing"),
    difference("AIQ against all labels"),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """With this many labels: how far P is off by kind, and what routing is worth."""

    rmse: float
    aiq: float


def run(folder: OutcomeFolder, settings: Settings) -> Iterator[Found]:
    """A row for each number of labels; intervals are over models, two standard errors to each side."""
    rows = []
    for name in POOLS:
        pool, outcomes = folder.pool(name), folder.outcomes(name)
        fold = next(held_out(outcomes, by_prompt(outcomes, FOLDS, settings.seed)))
        newcomers = pool.names[::_EVERY]
        found = [
            [_seen(fold, pool, model, labels, settings) for labels in LABELS]
            for model in watched(newcomers, f"new in {name}", len(newcomers))
        ]
        rows += [(name, *_row(labels, found, place)) for place, labels in enumerate(LABELS)]
    yield Table("newcomer", _COLUMNS, tuple(rows))


def _row(
    labels: int | None, found: list[list[Seen]], place: int
) -> tuple[str, Interval, Interval, Interval]:
    here = [each[place] for each in found]
    rmse, worth = np.array([each.rmse for each in here]), np.array([each.aiq for each in here])
    whole = np.array([each[-1].aiq for each in found])
    said = "all" if labels is None else "none: its prior" if labels == 0 else str(labels)
    return said, spread(rmse), spread(worth), spread(worth - whole)


def spread(values: Floats) -> Interval:
    """Their mean, and two standard errors to each side."""
    mean, error = float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))
    return Interval(mean, mean - 2.0 * error, mean + 2.0 * error)


def _seen(fold: HeldOut, pool: Pool, model: str, labels: int | None, settings: Settings) -> Seen:
    train = fold.train if labels is None else with_labels(fold.train, model, labels, settings.seed)
    forecaster = settings.fit(train, pool, settings.seed)
    predicted = forecaster.predict(fold.test.prompts, pool, fold.test.prompt_ids)
    return Seen(_rmse(predicted, fold.test, model), _aiq(predicted, fold.test))


def with_labels(outcomes: Outcomes, model: str, labels: int, seed: int) -> Outcomes:
    """The outcomes, where one model has only this many scores; with none, it is left out."""
    if not labels:
        return outcomes.of([name for name in outcomes.models if name != model])
    column = outcomes.models.index(model)
    scores, costs_usd = outcomes.scores.copy(), outcomes.costs_usd.copy()
    known = np.flatnonzero(np.isfinite(scores[:, column]))
    hidden = np.random.default_rng(seed).permutation(known)[labels:]
    scores[hidden, column] = costs_usd[hidden, column] = np.nan
    return replace(outcomes, scores=scores, costs_usd=costs_usd)


def _rmse(predicted: Predictions, test: Outcomes, model: str) -> float:
    """How far the mean P of a kind is from the mean score there, squared and averaged, weighted by prompts."""
    column, kinds = test.models.index(model), np.array(test.datasets)
    gaps = predicted.p_quality[:, column] - test.scores[:, column]
    squares = [
        (kinds == kind).mean() * gaps[kinds == kind].mean() ** 2 for kind in set(test.datasets)
    ]
    return float(np.sqrt(sum(squares)))


def _aiq(predicted: Predictions, test: Outcomes) -> float:
    lambdas = FINE.over(predicted.costs_usd)
    points = singles(test).picked(chosen(predicted.p_quality, predicted.costs_usd, lambdas)).points
    alone = singles(test).points.costs_usd
    return aiq(hull(points.costs_usd, points.qualities), float(alone.min()), float(alone.max()))
