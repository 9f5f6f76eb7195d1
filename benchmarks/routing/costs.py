"""Whether answers cost what was predicted, how models compare in it, and what perfect predictions would be worth."""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from benchmarks.routing.findings import Cell, Column, count, difference, ratio, share
from benchmarks.routing.running import Settings
from router.domain.arrays import Floats
from router.domain.members import replace
from router.evaluation.crossing import Forecast
from router.evaluation.judge import Evaluation
from router.evaluation.standing import ROUTER

COLUMNS: tuple[Column, ...] = (
    count("totals"),
    ratio("predicted / true"),
    ratio("least"),
    ratio("most"),
    ratio("models off by"),
    share("cheaper of two told, %"),
    ratio("rank correlation of prompts"),
    difference("above Zero"),
    difference("if totals were known"),
    difference("if all costs were known"),
)
"""A total is what all answers of one model to one dataset cost. `predicted / true` is the median of these ratios;
`models off by` the factor by which they usually differ from the dataset's (geometric) mean ratio."""
_FEWEST_SAMPLES = 1
"""Nothing is said of intervals."""


def costs_row(forecast: Forecast, found: Evaluation, settings: Settings) -> tuple[Cell, ...]:
    """The cells of `COLUMNS` for a forecast of which `found` was found."""
    ratios = ratios_of(forecast)
    few = replace(settings, samples=_FEWEST_SAMPLES)
    known = _with_costs(forecast, forecast.outcomes.costs_usd)
    scaled = _with_costs(forecast, forecast.predictions.costs_usd / _by_prompt(forecast, ratios))
    return (
        ratios.size,
        float(np.median(ratios)),
        float(ratios.min()),
        float(ratios.max()),
        off_between_models(ratios),
        told_apart(forecast.predictions.costs_usd, forecast.outcomes.costs_usd),
        _told_in_order(forecast),
        *(_above_zero(each) for each in (found, few.judged(scaled), few.judged(known))),
    )


def ratios_of(forecast: Forecast) -> Floats:
    """Predicted by true totals, (datasets, models)."""
    predicted, true = forecast.predictions.costs_usd, forecast.outcomes.costs_usd
    return np.array(
        [predicted[rows].sum(axis=0) / true[rows].sum(axis=0) for rows in _rows(forecast)]
    )


def off_between_models(ratios: Floats) -> float:
    """The factor by which ratios, (datasets, models), usually differ from their dataset's mean: 1 is not at all."""
    off = np.log(ratios)
    off -= off.mean(axis=1, keepdims=True)
    return float(np.exp(np.sqrt(np.mean(off**2))))


def told_apart(predicted: Floats, true: Floats) -> float:
    """For which share of prompts and pairs of models, whose costs differ, the cheaper one is predicted to be that."""
    right = differing = 0
    for one, other in combinations(range(true.shape[1]), 2):
        signs = np.sign(true[:, one] - true[:, other])
        said = np.sign(predicted[:, one] - predicted[:, other])
        right += int(((said == signs) & (signs != 0)).sum())
        differing += int((signs != 0).sum())
    return right / differing if differing else np.nan


def _told_in_order(forecast: Forecast) -> float:
    """The median, over datasets and models, of the rank correlation (Spearman's) of predicted and true costs."""
    predicted, true = forecast.predictions.costs_usd, forecast.outcomes.costs_usd
    found = [
        np.corrcoef(rankdata(predicted[rows, model]), rankdata(true[rows, model]))[0, 1]
        for rows in _rows(forecast)
        for model in range(true.shape[1])
        if np.ptp(predicted[rows, model]) and np.ptp(true[rows, model])
    ]
    return float(np.median(found)) if found else np.nan


def _rows(forecast: Forecast) -> list[NDArray[np.bool_]]:
    """The prompts of each dataset."""
    datasets = np.array(forecast.outcomes.datasets)
    return [datasets == each for each in sorted(set(datasets))]


def _by_prompt(forecast: Forecast, ratios: Floats) -> Floats:
    """The ratios of each prompt's dataset, (prompts, models)."""
    return np.asarray(ratios[np.argmax(_rows(forecast), axis=0)])


def _with_costs(forecast: Forecast, costs_usd: Floats) -> Forecast:
    return replace(forecast, predictions=replace(forecast.predictions, costs_usd=costs_usd))


def _above_zero(found: Evaluation) -> float:
    return next(row.standing.aiq_above_zero.estimate for row in found.rows if row.name == ROUTER)
