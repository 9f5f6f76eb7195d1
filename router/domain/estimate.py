"""What is predicted of a model's answer before it is asked: quality, cost, latency."""

from dataclasses import dataclass
from enum import StrEnum

from router.domain.money import Money


class EstimateSource(StrEnum):
    """How well founded a quality estimate is, weakest first."""

    PRIOR = "prior"
    ARTEFACT = "artefact"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class QualityEstimate:
    """P(good answer) in [0, 1] with its standard deviation."""

    p: float
    sd: float
    source: EstimateSource = EstimateSource.PRIOR

    def __post_init__(self) -> None:
        """Refuse what is no probability (NaN included)."""
        if not (0.0 <= self.p <= 1.0 and self.sd >= 0.0):
            raise ValueError(f"quality is a probability with an sd, not {self.p!r} +- {self.sd!r}")


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """Expected cost of one answer, and the most it can cost within the request's limits."""

    expected: Money
    upper: Money


@dataclass(frozen=True, slots=True)
class LatencyEstimate:
    """Seconds to the first content and to the end that this `quantile` of answers keeps.

    None until enough was observed of the model.
    """

    first_content_s: float | None = None
    total_s: float | None = None
    quantile: float = 0.5


UNOBSERVED = LatencyEstimate()
