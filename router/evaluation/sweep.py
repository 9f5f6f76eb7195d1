"""What a router gets and pays at each of its settings, from spending everything to nothing.

The setting is λ, what a dollar must buy in quality: for each prompt the model with the largest
`quality - λ * cost` answers. At λ = 0 that is the best at any price, at a large λ the cheapest.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.domain.outcomes import Floats, Outcomes
from router.evaluation.hull import Hull, hull

STEPS = 100
_LEAST, _MOST = 1e-3, 1e4
_TIE = 1e-12

Choices = NDArray[np.int64]
"""Prompts in rows, settings in columns: the number of the model that answers."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Mean cost in USD and mean score of each setting."""

    costs_usd: Floats
    qualities: Floats

    @property
    def hull(self) -> Hull:
        """What mixing the settings reaches."""
        return hull(self.costs_usd, self.qualities)

    def beside(self, other: "Points") -> "Points":
        """These points and others together."""
        return Points(
            np.concatenate((self.costs_usd, other.costs_usd)),
            np.concatenate((self.qualities, other.qualities)),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """What each prompt scored and cost (USD) at each setting: prompts in rows, settings in columns."""

    scores: Floats
    costs_usd: Floats

    def points(self, shares: Floats | None = None) -> Points:
        """The means over all prompts, or weighted by `shares`, which add up to 1."""
        if shares is None:
            shares = np.full(len(self.scores), 1.0 / len(self.scores))
        return Points(shares @ self.costs_usd, shares @ self.scores)


def singles(outcomes: Outcomes) -> Sweep:
    """Each model alone as a setting."""
    return Sweep(outcomes.scores, outcomes.costs_usd)


def routed(outcomes: Outcomes, choices: Choices) -> Sweep:
    """What came of letting the chosen models answer."""
    return Sweep(
        np.take_along_axis(outcomes.scores, choices, axis=1),
        np.take_along_axis(outcomes.costs_usd, choices, axis=1),
    )


def lambdas(costs_usd: Floats, steps: int = STEPS) -> Floats:
    """The λ of a sweep, per USD: 0, then `steps` in equal ratios.

    `costs_usd` has models in columns. At the first step the mean cost of the dearest model weighs a
    thousandth of a right answer, at the last ten thousand right answers.
    """
    dearest = float(costs_usd.mean(axis=0).max())
    scale = dearest if dearest > 0.0 else 1.0
    return np.concatenate(([0.0], np.geomspace(_LEAST, _MOST, steps))) / scale


def chosen(qualities: Floats, costs_usd: Floats, at: Floats) -> Choices:
    """For each prompt and each λ the model with the largest `quality - λ * cost`; of equals the cheapest."""
    found = np.empty((len(qualities), len(at)), dtype=np.int64)
    for column, each in enumerate(at):
        worth = qualities - each * costs_usd
        is_best = worth >= worth.max(axis=1, keepdims=True) - _TIE
        found[:, column] = np.where(is_best, costs_usd, np.inf).argmin(axis=1)
    return found
