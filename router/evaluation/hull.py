"""The best quality at each cost that mixing points can achieve: the non-decreasing upper convex hull.

A point is (mean cost of a prompt, mean score) of one setting of a router, or of one model. Mixing
two of them, each for a share of the prompts, reaches every point on the line between them. So all that
matters of many points is their upper hull, up to the best one (protocol of RouterBench,
https://arxiv.org/abs/2403.12031, section 3).
"""

from math import inf

import numpy as np
from msgspec import Struct

from router.domain.arrays import Floats

NEVER = -inf
"""The saving if a quality is not reached at any cost."""

_ROUNDING = 1e-9
"""Means of the same scores differ by less than this if they are summed in a different order."""


class Hull(Struct, frozen=True):
    """The corners of a hull from the cheapest to the best: costs in USD and qualities, both increasing."""

    costs_usd: tuple[float, ...]
    qualities: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what is not a hull."""
        if not self.costs_usd or len(self.costs_usd) != len(self.qualities):
            raise ValueError("a hull has corners, each with a cost and a quality")

    def quality_at(self, cost_usd: float) -> float:
        """The best quality for this cost: 0 left of the first corner, constant right of the last."""
        if cost_usd < self.costs_usd[0]:
            return 0.0
        return float(np.interp(cost_usd, self.costs_usd, self.qualities))

    def cost_of(self, quality: float) -> float:
        """The lowest cost at which this quality is reached; infinite if it never is."""
        if quality > self.qualities[-1] + _ROUNDING:
            return inf
        return float(np.interp(quality, self.qualities, self.costs_usd))

    def area(self, low_usd: float, high_usd: float) -> float:
        """The area under the hull between two costs."""
        first = max(low_usd, self.costs_usd[0])
        if first >= high_usd:
            return 0.0
        inside = [cost for cost in self.costs_usd if first < cost < high_usd]
        costs = [first, *inside, high_usd]
        return float(np.trapezoid(np.interp(costs, self.costs_usd, self.qualities), costs))


def hull(costs_usd: Floats, qualities: Floats) -> Hull:
    """The non-decreasing upper convex hull of points. Raises ValueError if there are none."""
    order = np.lexsort((-qualities, costs_usd))
    corners: list[tuple[float, float]] = []
    for cost, quality in zip(costs_usd[order].tolist(), qualities[order].tolist(), strict=True):
        if corners and quality <= corners[-1][1]:
            continue
        while len(corners) > 1 and _is_beneath(corners[-1], corners[-2], (cost, quality)):
            corners.pop()
        corners.append((cost, quality))
    return Hull(tuple(cost for cost, _ in corners), tuple(quality for _, quality in corners))


def _is_beneath(
    middle: tuple[float, float], left: tuple[float, float], right: tuple[float, float]
) -> bool:
    """Whether `middle` is on or below the line from `left` to `right`."""
    rise = (middle[1] - left[1]) * (right[0] - left[0])
    return rise <= (right[1] - left[1]) * (middle[0] - left[0])


def aiq(found: Hull, low_usd: float, high_usd: float) -> float:
    """Average improvement in quality: the mean height of a hull between two costs.

    The costs are those of the cheapest and the most expensive single model (RouterBench, equation 4); if
    they are equal, it is the height there.
    """
    if high_usd <= low_usd:
        return found.quality_at(high_usd)
    return found.area(low_usd, high_usd) / (high_usd - low_usd)


def saving(found: Hull, quality: float, cost_usd: float) -> float:
    """The share of `cost_usd` that is saved where a hull reaches `quality`; NEVER if it does not.

    It is negative if that quality costs more.
    """
    if cost_usd <= 0.0:
        return NEVER if found.cost_of(quality) > 0.0 else 0.0
    return 1.0 - found.cost_of(quality) / cost_usd
