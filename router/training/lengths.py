"""Learns from outcomes how long answers are and how long they take: what `lengths.json` is made of.

Quantiles are those of the recorded answers. A model's own ones are drawn towards what all models need
in the category times how wordy the model is, as much as 15 answers would; below 30 answers
it has none of its own. A number of tokens that was estimated from characters is as good or bad as that
estimate: `note` is the place to say so.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import exp

import numpy as np
from numpy.typing import NDArray

from router.decision.lengths import LatencyLine, LengthPrior, ModelHabits, Tier
from router.domain.arrays import Floats
from router.domain.category import Category
from router.domain.outcomes import Outcomes
from router.domain.spread import Spread

_FEWEST_OF_CATEGORY = 30
_FEWEST_OF_MODEL = 30
_FEWEST_OF_LATENCY = 50
_WEIGHT_OF_USUAL = 15
_CARRIED_OVER = 0.5
"""The share of a model's wordiness, as a logarithm, that is expected in categories without answers of its own: 1 is
best within one source, 0 across sources (docs/estimates.md)."""
_DIGITS = 4
_COMMON_SHARE = 95
"""Latencies above this percentile count as that percentile when the line is fitted."""

ASSUMED_TIERS = (
    Tier(0.5, LatencyLine(0.3, 0.008, 0.8)),
    Tier(2.0, LatencyLine(0.4, 0.012, 0.8)),
    Tier(15.0, LatencyLine(0.7, 0.018, 0.8)),
    Tier(60.0, LatencyLine(1.2, 0.03, 0.8)),
)
"""Assumed, not learnt: round figures of hosted models, one tier for each size of model by its usual output
price. Wide on purpose: nine tenths of the answers are expected within 2.8 times the seconds said."""


def fit_lengths(
    outcomes: Outcomes,
    categories: Sequence[Category],
    *,
    note: str = "",
    tiers: tuple[Tier, ...] = ASSUMED_TIERS,
) -> LengthPrior:
    """The lengths and latencies of the answers in `outcomes`, whose prompts are of these `categories`, one each.

    Raises ValueError where the categories are not as many as the prompts.
    """
    if len(categories) != len(outcomes):
        raise ValueError(f"{len(outcomes)} prompts have {len(categories)} categories")
    tokens = np.where(outcomes.output_tokens > 0, outcomes.output_tokens, np.nan)
    rows = {each: _rows(categories, each) for each in sorted(set(categories))}
    of_all = dict(_spreads(tokens, rows, _FEWEST_OF_CATEGORY))
    return LengthPrior(
        categories={category: _rounded(each) for category, each in of_all.items()},
        models=dict(_habits(outcomes, tokens, rows, of_all)),
        tiers=tiers,
        note=note,
    )


def fit_latency(tokens: Floats, seconds: Floats) -> LatencyLine | None:
    """The line through a model's latencies by the lengths of its answers; None below 50 of both."""
    known = np.isfinite(tokens) & np.isfinite(seconds) & (seconds > 0)
    if known.sum() < _FEWEST_OF_LATENCY:
        return None
    lengths, waits = tokens[known], seconds[known]
    waits = np.minimum(waits, np.percentile(waits, _COMMON_SHARE))
    first_s, per_token_s = _line(lengths, waits)
    off = np.log(seconds[known] / np.maximum(first_s + per_token_s * lengths, 1e-6))
    # The line is moved to the middle of the answers: seconds have a tail, and it must not lift it.
    middle = exp(float(np.median(off)))
    line = (first_s * middle, per_token_s * middle, float(np.std(off)))
    return LatencyLine(*(_short(each) for each in line))


def _line(lengths: Floats, waits: Floats) -> tuple[float, float]:
    """Least squares, neither part below zero."""
    spread = float(lengths.var())
    slope = float(np.mean((lengths - lengths.mean()) * waits)) / spread if spread else 0.0
    slope = max(0.0, slope)
    start = float(waits.mean() - slope * lengths.mean())
    if start >= 0.0:
        return start, slope
    return 0.0, float(waits.mean() / lengths.mean())


def _rows(categories: Sequence[Category], wanted: Category) -> NDArray[np.int_]:
    return np.array([row for row, each in enumerate(categories) if each is wanted])


def _spreads(
    tokens: Floats, rows: Mapping[Category, NDArray[np.int_]], fewest: int
) -> Iterator[tuple[Category, Spread]]:
    """The spread of all answers of each category that has enough of them."""
    for category, of_category in rows.items():
        found = tokens[of_category]
        known = np.sort(found[np.isfinite(found)])
        if len(known) >= fewest:
            yield category, _spread(known)


def _spread(ordered: Floats) -> Spread:
    """The spread of ascending lengths. For the mean, the longest counts as the next longest: it may be a runaway."""
    mean = float(np.minimum(ordered, ordered[-2]).mean())
    return Spread.of(ordered.tolist(), mean)


def _habits(
    outcomes: Outcomes,
    tokens: Floats,
    rows: Mapping[Category, NDArray[np.int_]],
    of_all: Mapping[Category, Spread],
) -> Iterator[tuple[str, ModelHabits]]:
    for column, name in enumerate(outcomes.models):
        own = tokens[:, column]
        factor = _factor(own, rows, of_all)
        if factor is None:
            continue
        spreads = dict(_spreads(own[:, None], rows, _FEWEST_OF_MODEL))
        drawn = {
            category: _drawn(each, of_all[category].times(factor), own, rows[category])
            for category, each in spreads.items()
        }
        latency = fit_latency(own, outcomes.latencies_s[:, column])
        yield name, ModelHabits(_short(factor), drawn, latency)


def _factor(
    own: Floats, rows: Mapping[Category, NDArray[np.int_]], of_all: Mapping[Category, Spread]
) -> float | None:
    """The factor by which its answers are expected to be longer than all models'; None where nothing is known."""
    ratios = [np.log(own[rows[each]] / max(of_all[each].median, 1.0)) for each in of_all]
    known = np.concatenate([[], *ratios])
    known = known[np.isfinite(known)]
    if not len(known):
        return None
    return exp(_CARRIED_OVER * float(known.sum()) / (len(known) + _WEIGHT_OF_USUAL))


def _drawn(own: Spread, usual: Spread, tokens: Floats, rows: NDArray[np.int_]) -> Spread:
    seen = int(np.isfinite(tokens[rows]).sum())
    weight = seen / (seen + _WEIGHT_OF_USUAL)
    pairs = zip(own.quantiles, usual.quantiles, strict=True)
    quantiles = tuple(weight * a + (1 - weight) * b for a, b in pairs)
    return _rounded(Spread(quantiles, weight * own.mean + (1 - weight) * usual.mean))


def _rounded(spread: Spread) -> Spread:
    return Spread(tuple(map(_short, spread.quantiles)), _short(spread.mean))


def _short(value: float) -> float:
    """Four digits: more is noise, and makes the file long."""
    return float(f"{value:.{_DIGITS}g}")
