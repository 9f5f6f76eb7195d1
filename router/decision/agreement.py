"""How models agree on each kind of prompt, as learnt from answers, and what that means for one prompt.

A prompt's habits are those of its kinds, weighted by their shares, and as far as it is of no known kind the usual ones
over all kinds; where it offers few answers to choose from, mistakes are shared at least as often as that makes likely.
Their variance is the sum of that within its kinds, that between these, and for an unfamiliar prompt that between all
kinds: a kind that nobody has seen may be as far from the usual as the known ones are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from router.domain.agreeing import FEW_OPTIONS, Agreeing, Habits, same_wrong_of
from router.domain.arrays import Floats
from router.domain.resemblance import Resemblance

HABITS = 5
_SAME_WRONG = 2


@dataclass(frozen=True, slots=True, eq=False)
class AgreementModel:
    """The habits of each kind, (kinds, 5) in the order of `Habits`, and their standard deviations.

    `usual` and `usual_sds` are those of a kind that was not learnt from, (5,). `left_sds` are how far two models
    deviate from what these predict, in `p_accept` and in `gain`, (2,). `floor` is as in QualityModel.
    """

    habits: Floats
    sds: Floats
    usual: Floats
    usual_sds: Floats
    left_sds: Floats
    floor: float
    _moments: Floats = field(init=False, repr=False)
    """First and second moments of the habits, a row a kind."""
    _usual: Floats = field(init=False, repr=False)
    """The same of the usual habits."""

    def __post_init__(self) -> None:
        """Refuse tables that do not belong together, and habits and deviations that are out of range."""
        shapes = (self.usual.shape, self.usual_sds.shape, self.left_sds.shape)
        is_table = self.habits.ndim == 2 and self.habits.shape[1:] == (HABITS,)
        if not is_table or self.sds.shape != self.habits.shape or len(self.habits) == 0:
            raise ValueError("habits and their deviations have a row a kind, and five columns")
        if shapes != ((HABITS,), (HABITS,), (2,)):
            raise ValueError(f"what is usual is five habits, and two deviations: {shapes}")
        for each in (*self.habits, self.usual):
            Habits(*each.tolist())
        for deviations in (self.sds, self.usual_sds, self.left_sds):
            if not (np.isfinite(deviations).all() and (deviations >= 0.0).all()):
                raise ValueError("a deviation is a number from 0 on")
        if not 0.0 <= self.floor <= 1.0:
            raise ValueError(f"the floor is from 0 to 1, not {self.floor}")
        object.__setattr__(self, "_moments", _moments(self.habits, self.sds))
        object.__setattr__(self, "_usual", _moments(self.usual, self.usual_sds))

    def knows(self, resemblance: Resemblance) -> bool:
        """Whether the resemblance has as many kinds as this was learnt from."""
        return len(resemblance.shares) == len(self.habits)

    def prospects(self, resemblance: Resemblance) -> Agreeing:
        """What to expect of any two models. Raises ValueError for a resemblance with another number of kinds."""
        weight = self.floor + (1.0 - self.floor) * resemblance.familiarity
        rest, whole = 1.0 - weight, weight * sum(resemblance.shares) + 1.0 - weight
        blended = (
            weight * (np.asarray(resemblance.shares) @ self._moments) + rest * self._usual
        ) / whole
        numbers: list[float] = blended.tolist()
        found, seconds = numbers[:HABITS], numbers[HABITS:]
        # Rounding must not make a variance that is almost 0 negative.
        variances = [
            max(0.0, second - mean * mean) for mean, second in zip(found, seconds, strict=True)
        ]
        if 1 < resemblance.options <= FEW_OPTIONS:
            # A kind whose answers have any form knows nothing of few options.
            found[_SAME_WRONG] = max(found[_SAME_WRONG], same_wrong_of(resemblance.options))
        accept_sd, gain_sd = self.left_sds.tolist()
        return Agreeing(Habits(*found), tuple(variances), accept_sd, gain_sd)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The tables, as arrays by name."""
        return {
            "habits": self.habits,
            "habit_sds": self.sds,
            "usual_habits": self.usual,
            "usual_habit_sds": self.usual_sds,
            "left_sds": self.left_sds,
        }

    @classmethod
    def from_arrays(
        cls, floor: float, arrays: Mapping[str, NDArray[np.generic]]
    ) -> "AgreementModel | None":
        """The reverse of `arrays`; None if all are missing. Raises KeyError if some are, ValueError for wrong ones."""
        if not any(name in arrays for name in _NAMES):
            return None
        habits, sds, usual, usual_sds, left = (arrays[name].astype(np.float64) for name in _NAMES)
        return cls(habits, sds, usual, usual_sds, left, floor)


def _moments(means: Floats, sds: Floats) -> Floats:
    """The means, followed by the means of the squares."""
    return np.concatenate((means, sds**2 + means**2), axis=-1)


_NAMES = ("habits", "habit_sds", "usual_habits", "usual_habit_sds", "left_sds")
