"""What is predicted of a model's answer before it is asked: quality, length, cost, latency."""

from enum import StrEnum

from msgspec import Struct

from router.domain.members import replace
from router.domain.money import Money
from router.domain.spread import Spread

_FRESH_S = 300.0
"""How long a model that was seen to be slow is taken to be slow still: long enough that the few requests which find
out cost little, and short enough that a slow quarter of an hour does not last a day."""


_HALF_LIFE_S = 6 * 3600.0
"""After this time half of an observed latency still counts. Long enough that where little is asked few requests are
spent on finding out whether a slow model still is, and short enough that what was seen yesterday hardly counts."""


class EstimateSource(StrEnum):
    """How well founded a quality estimate is, weakest first."""

    PRIOR = "prior"
    ARTEFACT = "artefact"
    LOCAL = "local"


class QualityEstimate(Struct, frozen=True, gc=False):
    """P(good answer) in [0, 1] with its standard deviation."""

    p: float
    sd: float
    source: EstimateSource = EstimateSource.PRIOR

    def __post_init__(self) -> None:
        """Refuse what is no probability (NaN included)."""
        if not (0.0 <= self.p <= 1.0 and self.sd >= 0.0):
            raise ValueError(f"quality is a probability with an sd, not {self.p!r} +- {self.sd!r}")


class LengthEstimate(Struct, frozen=True, gc=False):
    """Tokens of one answer, shown and reasoned together; `reasoning` is the reasoned share of them."""

    tokens: Spread
    reasoning: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no share (NaN included)."""
        if not 0.0 <= self.reasoning <= 1.0:
            raise ValueError(f"reasoning is a share of the tokens, not {self.reasoning!r}")


class Staying(Struct, frozen=True, gc=False):
    """What staying with a model in a conversation is worth.

    Its provider has `kept_tokens` of this prompt cached. `later` is the expected cost of the calls that are
    likely to follow; `anew` that of this call and those, if nothing were cached yet.
    """

    kept_tokens: int
    later: Money
    anew: Money


class CostEstimate(Struct, frozen=True, gc=False):
    """Expected cost of one answer, and the most it can cost within the request's limits.

    A tenth of such answers cost less than `p10`, nine tenths less than `p90`; both are None in a decision
    recorded without them. The expected cost is a mean: a few long answers may lift it above `p90`.
    `staying` is None outside of conversations.
    """

    expected: Money
    upper: Money
    p10: Money | None = None
    p90: Money | None = None
    staying: Staying | None = None

    @property
    def in_all(self) -> Money:
        """The expected cost of this answer, and of those that are likely to follow it in a conversation."""
        return self.expected if self.staying is None else self.expected + self.staying.later


class LatencyEstimate(Struct, frozen=True, gc=False):
    """Seconds to the first content and to the end that a share `quantile` of answers do not exceed.

    None until enough is known of the model. `is_predicted` says that none of its answers was observed:
    the seconds are then typical of such models, and more often than not wide of the mark. `as_of_s` is the
    Unix time at which the model was last seen, or last asked after a pause; None where it was not.
    """

    first_content_s: float | None = None
    total_s: float | None = None
    quantile: float = 0.5
    is_predicted: bool = False
    as_of_s: float | None = None

    def is_evidence(self, now_s: float) -> bool:
        """Whether it may count against the model now: observed, and not too long ago."""
        return self.as_of_s is not None and not is_old(self.as_of_s, now_s)

    def has_aged(self, now_s: float) -> bool:
        """Whether it was observed, and too long ago to be taken as it is."""
        return self.as_of_s is not None and is_old(self.as_of_s, now_s)

    def aged(self, usual: "LatencyEstimate", now_s: float) -> "LatencyEstimate":
        """What is left of it by the Unix time `now_s`: it is drawn towards what is `usual`, half the way in six hours.

        Unknown is as good as 0, as it is for models that were never asked: whoever looks for the fastest asks them.
        """
        age_s = abs(now_s - (self.as_of_s or 0.0)) - _FRESH_S
        left = 0.5 ** (age_s / _HALF_LIFE_S)
        return replace(
            self,
            first_content_s=_between(usual.first_content_s, self.first_content_s, left),
            total_s=_between(usual.total_s, self.total_s, left),
        )


def _between(usual_s: float | None, seen_s: float | None, left: float) -> float | None:
    return None if seen_s is None else left * seen_s + (1.0 - left) * (usual_s or 0.0)


def is_old(seen_s: float, now_s: float) -> bool:
    """Whether what was seen at the one Unix time says too little at the other; also after the clock was set back."""
    return abs(now_s - seen_s) > _FRESH_S


UNOBSERVED = LatencyEstimate()
