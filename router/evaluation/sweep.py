"""What a router achieves and pays at each of its settings, from the most expensive to the cheapest.

The setting is λ, the quality that a dollar must buy: for each prompt the model with the largest
`quality - λ * cost` answers. At λ = 0 that is the best at any price, at a large λ the cheapest.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from router.domain.arrays import Floats
from router.domain.outcomes import Outcomes
from router.evaluation.hull import Hull, hull

_TIE = 1e-12
_AT_ONCE = 1000
"""Prompts in a part: with the 660 cascades of twelve models, a table of them has 5 MB."""

Choices = NDArray[np.int64]
"""Prompts in rows, settings in columns: the number of the model that answers."""


class Grid(Struct, frozen=True):
    """The λ of a sweep: 0, then `steps` values in equal ratios.

    At `least`, the mean cost of the most expensive model weighs as much as that fraction of a right answer, at
    `most` as much as that many right answers.
    """

    least: float
    most: float
    steps: int

    def over(self, costs_usd: Floats) -> Floats:
        """The λ per USD for these costs, which have models in columns."""
        dearest = float(costs_usd.mean(axis=0).max())
        steps = np.geomspace(self.least, self.most, self.steps)
        return np.concatenate(([0.0], steps)) / (dearest if dearest > 0.0 else 1.0)


FINE = Grid(1e-2, 1e4, 100)
"""For routers and the oracle; ten times as many steps raise AIQ by 0.0002, at most 0.0005."""


class Points(Struct, frozen=True, eq=False):
    """Mean cost in USD and mean score of each setting."""

    costs_usd: Floats
    qualities: Floats

    @property
    def hull(self) -> Hull:
        """What mixing the settings reaches."""
        return hull(self.costs_usd, self.qualities)

    @property
    def best(self) -> int:
        """The number of the setting with the best quality, of equal ones the cheapest."""
        is_best = self.qualities >= self.qualities.max() - _TIE
        return int(np.where(is_best, self.costs_usd, np.inf).argmin())


class Sweep(Struct, frozen=True, eq=False):
    """What each prompt scored and cost (USD) at each setting: prompts in rows, settings in columns."""

    scores: Floats
    costs_usd: Floats

    @property
    def points(self) -> Points:
        """The means over all prompts."""
        return Points(self.costs_usd.mean(axis=0), self.scores.mean(axis=0))

    def picked(self, choices: Choices) -> "Sweep":
        """The results of one setting per prompt, chosen in as many ways as `choices` has columns."""
        return Sweep(
            np.take_along_axis(self.scores, choices, axis=1),
            np.take_along_axis(self.costs_usd, choices, axis=1),
        )


def singles(outcomes: Outcomes) -> Sweep:
    """Each model alone as a setting."""
    return Sweep(outcomes.scores, outcomes.costs_usd)


def joined(some: Sequence[Sweep]) -> Sweep:
    """The sweeps of some prompts each as one of all of them, in that order."""
    return Sweep(
        np.concatenate([each.scores for each in some]),
        np.concatenate([each.costs_usd for each in some]),
    )


def chosen(qualities: Floats, costs_usd: Floats, lambdas: Floats) -> Choices:
    """For each prompt and each λ the model with the largest `quality - λ * cost`; of equal ones the cheapest."""
    found = np.empty((len(qualities), len(lambdas)), dtype=np.int64)
    for rows in parts(len(qualities)):
        quality, cost = qualities[rows], costs_usd[rows]
        for column, each in enumerate(lambdas):
            worth = quality - each * cost
            is_best = worth >= worth.max(axis=1, keepdims=True) - _TIE
            found[rows, column] = np.where(is_best, cost, np.inf).argmin(axis=1)
    return found


def parts(prompts: int) -> Iterator[slice]:
    """So many rows in parts: what is computed on the way to a result needs room for one of them alone."""
    for start in range(0, prompts, _AT_ONCE):
        yield slice(start, start + _AT_ONCE)
