"""Learnt from one source, tested on another: prompts, and mostly models, that were never seen in training."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.routing import costs
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
from benchmarks.routing.outcome_folder import POOLS, ROUTELLM, OutcomeFolder, of_dataset, without
from benchmarks.routing.reliability import Tenth, drawn, tenths
from benchmarks.routing.running import FOLDS, Settings
from router.cli.offline import watched
from router.domain.members import replace
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool
from router.domain.predictions import Forecaster
from router.evaluation.crossing import Forecast
from router.evaluation.folds import by_prompt
from router.evaluation.judge import Evaluation
from router.evaluation.standing import ROUTER, ZERO

TITLE = "Another source altogether"

SOURCES = {
    "zeroeval": ("zeroeval12",),
    "mmlu_pro": ("mmlu_pro9",),
    "routerbench": ("routerbench11",),
    "zeroeval + mmlu_pro": ("zeroeval12", "mmlu_pro9"),
}
"""What is learnt from, as the pools whose files are read. The last is what the shipped artefact learns from."""
MT_BENCH = "routellm/mt_bench"
PAIRS = ("routellm/mmlu", "routellm/gsm8k", MT_BENCH)
_COLUMNS = (
    text("learnt from"),
    text("asked about"),
    count("models"),
    count("of them known"),
    quality("AIQ"),
    difference("above Zero"),
    share("saved at 95 %, %"),
    share("Zero's, %"),
    quality("AUC"),
    quality("ECE"),
)


def run(folder: OutcomeFolder, settings: Settings) -> Iterator[Found]:
    """All directions, and the reliability of what is learnt from the shipped artefact's data."""
    found, spent, panels = [], [], {}
    for source, pools in watched(SOURCES.items(), "learning elsewhere", len(SOURCES)):
        learnt = without(folder.everything(*pools), folder.overlapping)
        forecaster = settings.fit(learnt, _priced(folder, pools), settings.seed)
        for target in _targets(folder, pools):
            forecast = foreseen(forecaster, target, settings)
            judged = settings.judged(forecast)
            found.append(_row(source, target, learnt, judged))
            spent.append((source, target.name, *costs.costs_row(forecast, judged, settings)))
            panels[target.name] = _tenths(forecast)
    yield Table("elsewhere", _COLUMNS, tuple(found))
    columns = (text("learnt from"), text("asked about"), *costs.COLUMNS)
    yield Table("costs, elsewhere", columns, tuple(spent))
    yield Picture("reliability-elsewhere", drawn(panels))


def _priced(folder: OutcomeFolder, pools: tuple[str, ...]) -> Pool:
    """The models whose recorded costs can be explained by a price."""
    return Pool(
        "all", tuple({m.name: m for name in pools for m in folder.pool(name).models}.values())
    )


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What is tested on: complete cases of a pool."""

    name: str
    pool: Pool
    outcomes: Outcomes


def pair_targets(folder: OutcomeFolder) -> Iterator[Target]:
    """RouteLLM's test sets without the prompts that it leaves out itself, and without the gold ones."""
    pool = folder.pool(ROUTELLM)
    outcomes = without(folder.outcomes(ROUTELLM), folder.contaminated | folder.gold)
    for name in PAIRS:
        yield Target(name, pool, _with_costs(of_dataset(outcomes, name), pool))


def _with_costs(outcomes: Outcomes, pool: Pool) -> Outcomes:
    """MT-Bench has none: each call there is assumed to have 1,000 output tokens, which APGR ignores."""
    usual = np.array([model.output_usd_per_1m / 1000.0 for model in pool.models])
    costs_usd = np.where(np.isfinite(outcomes.costs_usd), outcomes.costs_usd, usual)
    return replace(outcomes, costs_usd=costs_usd)


def _targets(folder: OutcomeFolder, learnt_from: tuple[str, ...]) -> Iterator[Target]:
    for name in POOLS:
        if name not in learnt_from:
            outcomes = folder.outcomes(name)
            yield Target(name, folder.pool(name), outcomes.at(outcomes.is_complete))
    yield from (each for each in pair_targets(folder) if each.name != MT_BENCH)


def foreseen(forecaster: Forecaster, target: Target, settings: Settings) -> Forecast:
    """A forecaster's predictions for all prompts; the split is only for the category mean."""
    outcomes = target.outcomes
    predictions = forecaster.predict(outcomes.prompts, target.pool, outcomes.prompt_ids)
    return Forecast(outcomes, by_prompt(outcomes, FOLDS, settings.seed), predictions)


def _row(source: str, target: Target, learnt: Outcomes, found: Evaluation) -> tuple[Cell, ...]:
    rows = {row.name: row.standing for row in found.rows}
    router, zero = rows[ROUTER], rows[ZERO]
    known = len(set(target.pool.names) & set(learnt.models))
    standing = (router.aiq, router.aiq_above_zero, router.saved_at_95, zero.saved_at_95)
    telling = (found.telling.auc, found.telling.ece)
    return (source, target.name, len(target.pool.names), known, *standing, *telling)


def _tenths(forecast: Forecast) -> tuple[Tenth, ...]:
    return tuple(tenths(forecast.predictions.p_quality, forecast.outcomes.scores))
