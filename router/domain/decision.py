"""A decision: every candidate is chosen, kept as a fallback, or excluded with a reason."""

from enum import StrEnum

from msgspec import Struct

from router.domain.bar import Bar
from router.domain.caching import NO_CACHING, CacheTerms
from router.domain.candidate import Candidate
from router.domain.cascade import Cascade
from router.domain.deadlines import NO_DEADLINES, Deadlines
from router.domain.features import Features
from router.domain.hedge import Hedge
from router.domain.money import Money
from router.domain.objective import CHEAPEST, Objective


class ExclusionReason(StrEnum):
    """Why a model may not answer this request."""

    NOT_ALLOWED = "not_allowed"
    CONTEXT = "context"
    CAPABILITY = "capability"
    OUTPUT_LIMIT = "output_limit"
    """It writes less than the client allows, and another one that is good enough writes more."""
    STORED_ELSEWHERE = "stored_elsewhere"
    """The Response that the request continues from is stored at another provider."""
    COST_CEILING = "cost_ceiling"
    QUALITY = "quality"
    LATENCY = "latency"
    BUDGET = "budget"
    NO_FALLBACKS = "no_fallbacks"
    """It would do, but the policy does not fall back to it."""


class Exclusion(Struct, frozen=True):
    """A candidate that was ruled out; `detail` is a clause with the numbers."""

    candidate: Candidate
    reason: ExclusionReason
    detail: str

    @property
    def model_id(self) -> str:
        """The id of the model that may not answer."""
        return self.candidate.model.id


class Reason(StrEnum):
    """Why the chosen model was chosen."""

    CHEAPEST_ADEQUATE = "cheapest-adequate"
    PINNED = "pinned"
    FASTEST_ADEQUATE = "fastest-adequate"
    BEST_AFFORDABLE = "best-affordable"
    """The best within the ceiling, for a policy that wants the best for its money."""
    BEST_VALUE = "best-value"
    """The best in dollars, with a price per point of quality and per second."""
    BEST_AVAILABLE = "best-available"
    CHEAPEST_AVAILABLE = "cheapest-available"
    SESSION = "session"
    """It called the tools whose results this request brings."""
    CONVERSATION = "conversation"
    """Its provider has cached the conversation; another model, otherwise cheaper, would have to read all of it."""
    CASCADE = "cascade"
    """It is the final model of a cascade, whose steps are asked before it."""


class Decision(Struct, frozen=True):
    """Which model answers, which follow if it fails, and why each other one does not.

    `bar` is what counted as adequate, `reference` the model that quality and saving are measured
    against, `objective` what the adequate ones were ordered by. `cache` says whether the answer may be
    stored, `ceiling` what all attempts may cost, `deadlines` how long they may take, `hedge` when a
    second model is asked alongside a silent one. `answer_tokens` is the limit that the chosen one is
    asked with if it writes less than the client allows, else None. `rule` names the policy's rule that
    applied, "" for none. With a `cascade` its steps come first, and `chosen` is its final model;
    `no_cascade` says in clauses why a policy that wants one has none.
    """

    policy: str
    policy_version: str
    rule: str
    features: Features
    reason: Reason
    chosen: Candidate
    fallbacks: tuple[Candidate, ...]
    exclusions: tuple[Exclusion, ...]
    reference: Candidate
    bar: Bar
    objective: Objective = CHEAPEST
    cache: CacheTerms = NO_CACHING
    ceiling: Money | None = None
    deadlines: Deadlines = NO_DEADLINES
    hedge: Hedge | None = None
    cascade: Cascade | None = None
    no_cascade: tuple[str, ...] = ()
    answer_tokens: int | None = None

    @property
    def terms(self) -> str:
        """A name for the terms that hold: another version of the policy, or another rule, may have others."""
        return f"{self.policy_version} {self.rule}"

    @property
    def expected_cost(self) -> Money:
        """What the answer is expected to cost: with a cascade, all of its calls."""
        return (self.cascade or self.chosen).cost.expected

    @property
    def required_p(self) -> float:
        """The quality that counted as adequate."""
        return self.bar.p

    def is_adequate(self, candidate: Candidate) -> bool:
        """Whether the candidate meets the bar."""
        return self.bar.is_met(candidate.model.id, candidate.quality)
