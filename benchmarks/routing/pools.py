"""The router compared with what needs none, on each pool: random prompts held out, and whole datasets."""

from collections.abc import Iterator

from benchmarks.routing.costs import COLUMNS, costs_row
from benchmarks.routing.findings import (
    Cell,
    Found,
    Picture,
    Table,
    count,
    difference,
    quality,
    share,
    text,
)
from benchmarks.routing.outcome_folder import POOLS, OutcomeFolder
from benchmarks.routing.reliability import Tenth, drawn, tenths
from benchmarks.routing.running import Settings, Splitting
from router.evaluation.crossing import Forecast
from router.evaluation.judge import Evaluation
from router.evaluation.standing import CATEGORY, ONE_CALL, ORACLE, RANDOM, ROUTER, ZERO

TITLE = "In distribution, and one dataset left out after the other"

_STANDING = (
    text("pool"),
    text("who chooses"),
    quality("AIQ"),
    difference("above Zero"),
    share("saved at best quality, %"),
    share("saved at 95 % of it, %"),
)
_TELLING = (
    text("pool"),
    count("prompts"),
    quality("AUC"),
    quality("ECE"),
    difference("gain at λ = 0"),
    share("its cost, %"),
)


def run(folder: OutcomeFolder, settings: Settings) -> Iterator[Found]:
    """For each split how the router compares, how good its predictions are, and whether they are calibrated."""
    for name, split in settings.splits:
        yield from _one(name, split, folder, settings)


def _one(name: str, split: Splitting, folder: OutcomeFolder, settings: Settings) -> Iterator[Found]:
    standings: list[tuple[Cell, ...]] = []
    tellings, costs, panels = [], [], {}
    for pool in POOLS:
        outcomes = folder.outcomes(pool)
        forecast = settings.crossed(outcomes, split(outcomes), folder.pool(pool))
        found = settings.judged(forecast)
        standings += standing(pool, found)
        tellings.append(_telling(pool, forecast, found))
        costs.append((pool, *costs_row(forecast, found, settings)))
        panels[pool] = _tenths(forecast)
    yield Table(f"pools, {name}", _STANDING, tuple(standings))
    yield Table(f"predictions, {name}", _TELLING, tuple(tellings))
    yield Table(f"costs, {name}", (text("pool"), *COLUMNS), tuple(costs))
    yield Picture(f"reliability-{name}", drawn(panels))


def standing(pool: str, found: Evaluation) -> Iterator[tuple[Cell, ...]]:
    """A row for each way to choose one model."""
    one_call = ONE_CALL if any(row.name == ONE_CALL for row in found.rows) else ROUTER
    for row in found.rows:
        if row.name in (RANDOM, ZERO, CATEGORY, one_call, ORACLE):
            its = row.standing
            savings = (its.saved_at_best_quality, its.saved_at_95)
            name = ROUTER if row.name == one_call else row.name
            yield (pool, name, its.aiq, its.aiq_above_zero, *savings)


def _telling(pool: str, forecast: Forecast, found: Evaluation) -> tuple[Cell, ...]:
    first, telling = found.quality_first, found.telling
    prompts = len(forecast.outcomes)
    return (pool, prompts, telling.auc, telling.ece, first.gain, first.cost_share)


def _tenths(forecast: Forecast) -> tuple[Tenth, ...]:
    return tuple(tenths(forecast.predictions.p_quality, forecast.outcomes.scores))
