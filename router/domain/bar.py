"""The bar: which predicted quality is good enough, and how sure of it one must be."""

from math import hypot
from statistics import NormalDist

from msgspec import Struct

from router.domain.estimate import QualityEstimate

EVEN = 0.5
"""The confidence at which an estimate is taken at face value: its uncertainty does not count."""
_HAIR = 1e-9
"""By how much a quality may be short of a bar: bars are rounded to nine digits, and 0.8 - 0.1 is more than 0.7."""


class Bar(Struct, frozen=True):
    """A quality of at least `p`, with a probability of at least `confidence`.

    Where the bar is a reference's own quality less a tolerance, `reference` is that model's id and
    `sd` how uncertain its quality is: the reference itself then always meets it.
    """

    p: float
    confidence: float = EVEN
    sd: float = 0.0
    reference: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no probability, and a confidence below one half."""
        if not (0.0 <= self.p <= 1.0 and EVEN <= self.confidence < 1.0 and self.sd >= 0.0):
            raise ValueError(f"no bar: {self!r}")

    def is_met(self, model_id: str, quality: QualityEstimate) -> bool:
        """Whether a model of this predicted quality is good enough.

        Both qualities are taken as independent and normal, so that their difference is normal too:
        https://en.wikipedia.org/wiki/Sum_of_normally_distributed_random_variables.
        """
        if self.reference == model_id:
            return True
        if self.confidence == EVEN:
            return quality.p > self.p - _HAIR
        margin = NormalDist().inv_cdf(self.confidence) * hypot(quality.sd, self.sd)
        return quality.p - margin > self.p - _HAIR

    def missed_by(self, quality: QualityEstimate) -> str:
        """How a quality falls short of the bar, as a clause with the numbers."""
        if self.confidence == EVEN:
            return f"its predicted quality of {quality.p:.3f} is below {self.p:.3f}"
        return (
            f"its predicted quality of {quality.p:.3f} ± {quality.sd:.3f} is less"
            f" than {self.confidence:.0%} likely to be {self.p:.3f} or more"
        )


NO_BAR = Bar(0.0)
