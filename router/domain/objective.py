"""What a policy wants the most of, once an answer is good enough."""

from enum import StrEnum

from msgspec import Struct

from router.domain.money import ZERO, Money

_POINTS = 100
"""A point of quality is a hundredth: from 0.80 to 0.81."""


class Aim(StrEnum):
    """What the adequate models are ordered by."""

    CHEAPEST = "cheapest"
    FASTEST = "fastest"
    """By the seconds to the whole answer."""
    FASTEST_START = "fastest-start"
    """By the seconds to the first content."""
    BEST = "best"
    WEIGHTED = "weighted"
    """By dollars: those of the answer, of the quality that it lacks, and of the time that it takes."""


class Objective(Struct, frozen=True):
    """An aim; of a weighted one also what a point of quality and a second are worth."""

    aim: Aim = Aim.CHEAPEST
    usd_per_point: Money = ZERO
    usd_per_s: Money = ZERO

    def __post_init__(self) -> None:
        """Refuse weights below 0, and weights for an aim that has none."""
        weights = (self.usd_per_point.pico, self.usd_per_s.pico)
        if min(weights) < 0 or (any(weights) and self.aim is not Aim.WEIGHTED):
            raise ValueError(f"no objective: {self!r}")

    def worth_pico(self, cost: Money, p: float, total_s: float | None) -> float:
        """The total cost of an answer, in 1e-12 USD, lacking quality and time included; an unknown time counts as 0."""
        lacking = (1.0 - p) * _POINTS * self.usd_per_point.pico
        return cost.pico + lacking + (total_s or 0.0) * self.usd_per_s.pico


CHEAPEST = Objective()
