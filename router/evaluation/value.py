"""What a way to foresee quality is worth: by the choices it leads to, and by how true it is.

A router that is worth L points of quality for each dollar chooses the model with the largest p - L c.
How much a user gives is not known, so the *value* of a prompt is the mean of what was got,
score - L cost, over prices of quality from hardly to very thrifty. They are stated as the points of
quality that one would give to save the whole cost of the dearest model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.domain.arrays import Floats
from router.domain.outcomes import Outcomes
from router.domain.predictions import Predictions

THRIFT = (0.02, 0.05, 0.1, 0.2, 0.4)
"""What saving the dearest model's whole cost is worth, in quality: from 2 points to 40."""
_CURVE = (0.0, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 1.0)
_LEAST, _MOST = 0.005, 0.995


@dataclass(frozen=True, slots=True)
class Point:
    """Mean cost and mean quality of what a router with one setting chose."""

    cost_usd: float
    quality: float


def choices(predicted: Predictions, usd_per_quality: float) -> NDArray[np.int_]:
    """The column of the model that is chosen for each prompt, the cheapest of those that tie."""
    worth = predicted.p_quality - predicted.costs_usd * usd_per_quality
    best = worth.max(axis=1, keepdims=True)
    costs = np.where(worth >= best - 1e-12, predicted.costs_usd, np.inf)
    return np.asarray(costs.argmin(axis=1), dtype=np.int_)


def values(predicted: Predictions, outcomes: Outcomes, dearest_usd: float) -> Floats:
    """The value of each prompt, in points of quality. `dearest_usd` is the dearest model's mean cost."""
    rows = np.arange(len(outcomes))
    found = np.zeros(len(outcomes))
    for thrift in THRIFT:
        price = _per_usd(thrift, dearest_usd)
        chosen = choices(predicted, price)
        found += outcomes.scores[rows, chosen] - price * outcomes.costs_usd[rows, chosen]
    return found / len(THRIFT)


def brier(predicted: Predictions, outcomes: Outcomes) -> Floats:
    """The mean squared error of P(good answer) over the models, for each prompt."""
    return np.asarray(((predicted.p_quality - outcomes.scores) ** 2).mean(axis=1))


def value_doubts(own: Predictions, its: Predictions, dearest_usd: float) -> tuple[float, float]:
    """The worst and the best difference in value on a prompt: one choice right and the other wrong."""
    prices = [_per_usd(thrift, dearest_usd) for thrift in THRIFT]
    differs = [choices(own, price) != choices(its, price) for price in prices]
    share = float(np.mean(differs))
    return (-share, share)


def brier_doubts(own: Predictions, its: Predictions) -> tuple[float, float]:
    """The worst and the best difference in Brier score on a prompt, every model's score being the one for it."""
    mine, theirs = own.p_quality, its.p_quality
    if_wrong, if_right = theirs**2 - mine**2, (1 - theirs) ** 2 - (1 - mine) ** 2
    worst, best = np.minimum(if_wrong, if_right), np.maximum(if_wrong, if_right)
    return (float(worst.mean()), float(best.mean()))


def log_loss(predicted: Predictions, outcomes: Outcomes) -> Floats:
    """The mean surprise in nats over the models, for each prompt; P is kept within .005 to .995."""
    p = np.clip(predicted.p_quality, _LEAST, _MOST)
    surprise = outcomes.scores * np.log(p) + (1 - outcomes.scores) * np.log(1 - p)
    return np.asarray(-surprise.mean(axis=1))


def curve(predicted: Predictions, outcomes: Outcomes, dearest_usd: float) -> tuple[Point, ...]:
    """What would have been got, from thrifty settings to generous ones."""
    rows = np.arange(len(outcomes))
    points = []
    for thrift in reversed(_CURVE):
        chosen = choices(predicted, _per_usd(thrift, dearest_usd))
        cost = float(outcomes.costs_usd[rows, chosen].mean())
        points.append(Point(cost, float(outcomes.scores[rows, chosen].mean())))
    return tuple(dict.fromkeys(points))


def singles(outcomes: Outcomes) -> tuple[Point, ...]:
    """Each model alone, in the order of the columns."""
    costs, scores = outcomes.costs_usd.mean(axis=0), outcomes.scores.mean(axis=0)
    return tuple(Point(float(c), float(q)) for c, q in zip(costs, scores, strict=True))


def hull(points: Sequence[Point]) -> tuple[Point, ...]:
    """The upper convex hull, cheapest first, never falling: what mixing the points can reach."""
    corners: list[Point] = []
    for point in sorted(points, key=lambda each: (each.cost_usd, -each.quality)):
        if corners and point.quality <= corners[-1].quality:
            continue
        while len(corners) > 1 and _is_below(corners[-1], corners[-2], point):
            corners.pop()
        corners.append(point)
    return tuple(corners)


def area(points: Sequence[Point], low_usd: float, high_usd: float) -> float:
    """AIQ: the mean height of the hull between two costs; 0 left of its first corner, flat at the end."""
    corners = hull(points)
    if not corners or high_usd <= low_usd:
        return corners[-1].quality if corners else 0.0
    inner = [c.cost_usd for c in corners if low_usd < c.cost_usd < high_usd]
    grid = np.array([low_usd, *inner, high_usd])
    costs = np.array([corner.cost_usd for corner in corners])
    heights = np.interp(grid, costs, [corner.quality for corner in corners])
    begun = (grid[:-1] >= costs[0]).astype(np.float64)
    slices = (heights[:-1] + heights[1:]) / 2 * np.diff(grid) * begun
    return float(slices.sum() / (high_usd - low_usd))


def _is_below(middle: Point, left: Point, right: Point) -> bool:
    """Whether `middle` is not above the line from `left` to `right`."""
    rise = (right.quality - left.quality) * (middle.cost_usd - left.cost_usd)
    return (middle.quality - left.quality) * (right.cost_usd - left.cost_usd) <= rise


def _per_usd(thrift: float, dearest_usd: float) -> float:
    return thrift / dearest_usd if dearest_usd > 0.0 else 0.0
