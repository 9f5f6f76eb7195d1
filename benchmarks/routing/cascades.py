"""Two cheap models at once, and an expensive one if they differ, against one call, on each pool and each split."""

from collections.abc import Iterator
from math import inf
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from benchmarks.routing.findings import (
    Cell,
    Found,
    Table,
    count,
    difference,
    quality,
    ratio,
    share,
    text,
)
from benchmarks.routing.outcome_folder import POOLS, OutcomeFolder
from benchmarks.routing.running import Settings
from router.domain.arrays import Floats
from router.evaluation.baselines import fixed_pair
from router.evaluation.cascades import (
    CONFIDENCE,
    MAX_QUALITY_LOSS,
    RISK,
    WayPredictions,
    came_of,
    foreseen,
    ways_of,
    within,
)
from router.evaluation.crossing import Forecast
from router.evaluation.judge import Evaluation, RouterPoint, judged
from router.evaluation.resampling import Interval, Resamples
from router.evaluation.standing import (
    CASCADE,
    CATEGORY,
    ONE_CALL,
    ROUTER,
    ZERO,
    SampleMeans,
    Standing,
    rows,
)
from router.evaluation.sweep import singles

TITLE = "Cascades"

FIXED = "one pair"
_NAMES = {
    ZERO: "Zero",
    CATEGORY: "one call, by dataset",
    ONE_CALL: "one call, by request",
    CASCADE: "one call or pair, by dataset",
    ROUTER: "one call or pair, by request",
}
_STANDING = (
    text("pool"),
    text("who chooses"),
    quality("AIQ"),
    difference("above Zero"),
    share("saved at best quality, %"),
    share("saved at 95 % of it, %"),
)
_FIXED = (
    text("pool"),
    text("setting"),
    quality("quality"),
    difference("beside the best single model"),
    share("saved, %"),
    share("cascades, % of requests"),
)
_COVER = (
    text("pool"),
    count("gains"),
    difference("mean gain"),
    difference("that less what was foreseen"),
    quality("mean deviation"),
    ratio("off by, in deviations"),
    share("above the lower end, %"),
)


def run(folder: OutcomeFolder, settings: Settings) -> Iterator[Found]:
    """For each split how cascades compare, what the fixed setting achieves, and how honest deviations are."""
    for name, split in settings.splits:
        standings, fixed, cover = list[tuple[Cell, ...]](), list[tuple[Cell, ...]](), []
        for pool in POOLS:
            outcomes = folder.outcomes(pool)
            forecast = settings.crossed(outcomes, split(outcomes), folder.pool(pool))
            resamples = Resamples.drawn(len(forecast.outcomes), settings.samples, settings.seed)
            found = judged(forecast, resamples)
            standings += _standing(pool, found, _pair(forecast, resamples))
            fixed.append(_fixed(pool, forecast, found.fixed))
            cover.append(covered(pool, forecast))
        yield Table(f"cascades, {name}", _STANDING, tuple(standings))
        yield Table(f"cascades, {name}, fixed", _FIXED, tuple(fixed))
        yield Table(f"cascades, {name}, deviations", _COVER, tuple(cover))


def _pair(forecast: Forecast, resamples: Resamples) -> Standing:
    """How the pair compares that did best on the other folds, before the model that was best there."""
    outcomes = forecast.outcomes
    ways = ways_of(forecast.predictions, outcomes)
    sweeps = {
        "single": singles(outcomes),
        "cascade": fixed_pair(outcomes, forecast.split, ways),
    }
    found = rows({name: SampleMeans.of(sweep, resamples) for name, sweep in sweeps.items()})
    return next(row.standing for row in found if row.name == CASCADE)


def _standing(pool: str, found: Evaluation, pair: Standing) -> Iterator[tuple[Cell, ...]]:
    others = [(_NAMES[row.name], row.standing) for row in found.rows if row.name in _NAMES]
    for name, its in (*others[:1], (FIXED, pair), *others[1:]):
        yield (pool, name, its.aiq, its.aiq_above_zero, its.saved_at_best_quality, its.saved_at_95)


def _fixed(pool: str, forecast: Forecast, its: RouterPoint) -> tuple[Cell, ...]:
    menu = _menu(forecast)
    share_of_cascades = float((within(menu, MAX_QUALITY_LOSS) >= menu.ways.models).mean())
    saved = Interval(
        1.0 - its.cost_share.estimate, 1.0 - its.cost_share.high, 1.0 - its.cost_share.low
    )
    name = f"at most {MAX_QUALITY_LOSS:g} lost"
    return (pool, name, its.quality, its.gain, saved, share_of_cascades)


def _menu(forecast: Forecast, risk: float = RISK) -> WayPredictions:
    return foreseen(forecast.predictions, ways_of(forecast.predictions, forecast.outcomes), risk)


def covered(pool: str, forecast: Forecast) -> tuple[Cell, ...]:
    """How gains on each dataset compare with their predictions, over all cascades that one would consider.

    These end with a model that is predicted to be better than each of the pair, which costs at most 70 % of it.
    """
    menu, outcomes = _menu(forecast, inf), forecast.outcomes
    ways, models = menu.ways, menu.ways.models
    every = came_of(outcomes, ways, forecast.predictions.p_quality)
    gains = every.scores[:, models:] - outcomes.scores[:, ways.finals]
    told = menu.qualities[:, models:] - menu.qualities[:, ways.finals]
    least = menu.least[:, models:] - menu.qualities[:, ways.finals]
    datasets, came, said, low = np.array(outcomes.datasets), [], [], []
    for name in sorted(set(outcomes.datasets)):
        here = datasets == name
        asked = _sensible(menu, here)
        came.append(gains[here].mean(axis=0)[asked])
        said.append(told[here].mean(axis=0)[asked])
        low.append(least[here].mean(axis=0)[asked])
    return (pool, *_beside(*map(np.concatenate, (came, said, low))))


def _sensible(menu: WayPredictions, here: NDArray[np.bool_]) -> NDArray[np.bool_]:
    ways, models = menu.ways, menu.ways.models
    quality, cost = menu.qualities[here, :models].mean(axis=0), menu.costs_usd[here].mean(axis=0)
    better = np.maximum(quality[ways.ones], quality[ways.others])
    pair = cost[ways.ones] + cost[ways.others]
    return np.asarray((quality[ways.finals] >= better) & (pair <= 0.7 * cost[ways.finals]))


def _beside(came: Floats, said: Floats, low: Floats) -> tuple[Cell, ...]:
    sds = (said - low) / NormalDist().inv_cdf(CONFIDENCE)
    off = float(np.sqrt(np.mean(((came - said) / sds) ** 2)))
    means = (float(came.mean()), float((came - said).mean()), float(sds.mean()))
    return (len(came), *means, off, float((came >= low).mean()))
