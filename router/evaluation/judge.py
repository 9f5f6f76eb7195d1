"""A router compared with baselines that need none: every number of `farthing evaluate`, with its interval."""

from collections.abc import Iterator, Mapping
from itertools import chain

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from router.domain.arrays import Floats
from router.domain.outcomes import Outcomes
from router.domain.predictions import Predictions
from router.evaluation.arena import arena_score
from router.evaluation.baselines import category_cascade, category_mean, chance, oracle
from router.evaluation.cascades import (
    MAX_QUALITY_LOSS,
    Ways,
    came_of_part,
    foreseen_in_parts,
    ways_of,
    within,
)
from router.evaluation.crossing import Forecast
from router.evaluation.pairs import CALLS_AT, PairCurve, pair_curve
from router.evaluation.probabilities import PredictionOrder, gaps
from router.evaluation.resampling import Interval, Resamples, Rows, interval
from router.evaluation.standing import Row, SampleMeans, rows
from router.evaluation.sweep import FINE, Sweep, chosen, joined, singles

EVERYTHING = "all"


class Discrimination(Struct, frozen=True):
    """How well probabilities separate good answers from bad ones (AUC), and how far they are off (ECE)."""

    auc: Interval
    ece: Interval


class Alone(Struct, frozen=True):
    """A single model: its mean score and cost in USD, and the value of its predictions."""

    name: str
    quality: Interval
    cost_usd: Interval
    telling: Discrimination


class RouterPoint(Struct, frozen=True):
    """A router at one λ (per USD): its quality, that minus the best single model's, its mean cost in USD.

    `cost_share` is that cost divided by the best single model's, `arena` RouterArena's score.
    """

    lambda_per_usd: float
    quality: Interval
    gain: Interval
    cost_usd: Interval
    cost_share: Interval
    arena: Interval


class PairFigures(Struct, frozen=True):
    """RouteLLM's measures on a number of prompts: the curve, its APGR, and CPT by the gap recovered.

    `strong` is the model that is better on all prompts together.
    """

    prompts: int
    weak: str
    strong: str
    curve: PairCurve
    apgr: Interval
    cpt: Mapping[float, Interval]


class Evaluation(Struct, frozen=True):
    """All results for a forecast; `best` is the number of the best single model.

    `quality_first` is the router at λ = 0, `best_in_arena` where RouterArena's score is highest. `fixed` is where the
    router's expected loss is at most MAX_QUALITY_LOSS; it has no λ, so that is NaN. `pairs` is empty unless there are
    exactly two models; then it has an entry for all prompts, and one for each of their sources.
    """

    models: tuple[Alone, ...]
    best: int
    rows: tuple[Row, ...]
    telling: Discrimination
    quality_first: RouterPoint
    best_in_arena: RouterPoint
    fixed: RouterPoint
    pairs: Mapping[str, PairFigures]


def judged(forecast: Forecast, resamples: Resamples) -> Evaluation:
    """The results of a forecast's choices and of the baselines, on the same samples of the same prompts."""
    outcomes, predictions = forecast.outcomes, forecast.predictions
    lambdas = FINE.over(predictions.costs_usd)
    sweeps = chain(_baselines(forecast), _routed(forecast, lambdas))
    # Only one sweep is there at a time: of 100,000 prompts, each takes up to 160 MB.
    means = {name: SampleMeans.of(sweep, resamples) for name, sweep in sweeps}
    single, router = means["single"], means["router"]
    best = singles(outcomes).points.best
    return Evaluation(
        models=tuple(_alone(forecast, single, resamples)),
        best=best,
        rows=tuple(rows(means)),
        telling=_telling(predictions.p_quality, outcomes.scores, resamples),
        quality_first=_setting(lambdas, 0, router, single, best),
        best_in_arena=_setting(lambdas, _arena_choice(router), router, single, best),
        fixed=_setting(np.array([np.nan]), 0, means["fixed"], single, best),
        pairs=dict(_pairs(forecast, resamples)) if len(outcomes.models) == 2 else {},
    )


def _baselines(forecast: Forecast) -> Iterator[tuple[str, Sweep]]:
    outcomes = forecast.outcomes
    yield "single", singles(outcomes)
    yield "chance", chance(outcomes)
    yield "category", category_mean(outcomes, forecast.split)
    yield "oracle", oracle(outcomes)


def _routed(forecast: Forecast, lambdas: Floats) -> Iterator[tuple[str, Sweep]]:
    """The router over all λ and at its fixed setting; if it may use cascades, also without them, and cascades alone."""
    outcomes, predictions = forecast.outcomes, forecast.predictions
    ways = ways_of(predictions, outcomes)
    found = _by_ways(outcomes, predictions, ways, lambdas)
    yield "router", Sweep(found.scores[:, :-1], found.costs_usd[:, :-1])
    yield "fixed", Sweep(found.scores[:, -1:], found.costs_usd[:, -1:])
    if len(ways) > ways.models:
        picks = chosen(predictions.p_quality, predictions.costs_usd, lambdas)
        yield "one call", singles(outcomes).picked(picks)
        yield "cascade", category_cascade(outcomes, forecast.split, ways)


def _by_ways(outcomes: Outcomes, predictions: Predictions, ways: Ways, lambdas: Floats) -> Sweep:
    """What the predicted ways come to: a column for each λ, and one for the fixed setting."""
    found = list[Sweep]()
    for part, menu in foreseen_in_parts(predictions, ways):
        every = came_of_part(outcomes, ways, predictions.p_quality, part)
        by_lambda = chosen(menu.qualities, menu.costs_usd, lambdas)
        found.append(every.picked(np.hstack((by_lambda, within(menu, MAX_QUALITY_LOSS)))))
    return joined(found)


def _alone(forecast: Forecast, single: SampleMeans, resamples: Resamples) -> Iterator[Alone]:
    for at, name in enumerate(forecast.outcomes.models):
        predicted = forecast.predictions.p_quality[:, at : at + 1]
        scores = forecast.outcomes.scores[:, at : at + 1]
        yield Alone(
            name=name,
            quality=interval(single.qualities[:, at]),
            cost_usd=interval(single.costs_usd[:, at]),
            telling=_telling(predicted, scores, resamples),
        )


def _telling(predicted: Floats, scores: Floats, resamples: Resamples) -> Discrimination:
    ranking, models = PredictionOrder.of(predicted, scores), predicted.shape[1]
    weights = (np.repeat(counts, models).astype(np.float64) for counts in resamples.counts)
    off_by = np.abs(resamples.sums(gaps(predicted, scores))).sum(axis=1) / predicted.size
    return Discrimination(
        interval(np.array([ranking.auc(each) for each in weights])), interval(off_by)
    )


def _arena_choice(router: SampleMeans) -> int:
    """The setting with the highest score, chosen in hindsight."""
    points = zip(router.qualities[0], router.costs_usd[0], strict=True)
    return int(np.argmax([arena_score(quality, cost) for quality, cost in points]))


def _setting(
    lambdas: Floats, at: int, router: SampleMeans, single: SampleMeans, best: int
) -> RouterPoint:
    quality, cost = router.qualities[:, at], router.costs_usd[:, at]
    share = np.full(len(cost), np.nan)
    np.divide(cost, single.costs_usd[:, best], out=share, where=single.costs_usd[:, best] > 0.0)
    scores = [arena_score(*point) for point in zip(quality, cost, strict=True)]
    return RouterPoint(
        lambda_per_usd=float(lambdas[at]),
        quality=interval(quality),
        gain=interval(quality - single.qualities[:, best]),
        cost_usd=interval(cost),
        cost_share=interval(share),
        arena=interval(np.array(scores)),
    )


def _pairs(forecast: Forecast, resamples: Resamples) -> Iterator[tuple[str, PairFigures]]:
    """The measures over all prompts, and over each source if there are several."""
    sources = np.array(["/".join(name.split("/")[:2]) for name in forecast.outcomes.datasets])
    yield EVERYTHING, _pair(forecast, resamples, np.ones(len(sources), dtype=np.bool_))
    names = sorted(set(sources.tolist()))
    for name in names if len(names) > 1 else ():
        yield name, _pair(forecast, resamples, sources == name)


def _pair(forecast: Forecast, resamples: Resamples, is_asked: NDArray[np.bool_]) -> PairFigures:
    scores = forecast.outcomes.scores
    weak, strong = np.argsort(scores.mean(axis=0), kind="stable")
    wanted = forecast.predictions.p_quality[:, strong] - forecast.predictions.p_quality[:, weak]

    def measured(drawn: Rows) -> PairCurve:
        asked = drawn[is_asked[drawn]]
        return pair_curve(wanted[asked], scores[asked, weak], scores[asked, strong])

    curves = resamples.each(measured)
    return PairFigures(
        prompts=int(is_asked.sum()),
        weak=forecast.outcomes.models[weak],
        strong=forecast.outcomes.models[strong],
        curve=curves[0],
        apgr=interval(np.array([curve.apgr for curve in curves])),
        cpt={gap: interval(np.array([curve.cpt(gap) for curve in curves])) for gap in CALLS_AT},
    )
