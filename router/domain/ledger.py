"""The rows of the ledger: one per attempt, and everything a report may ask of it."""

from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from router.domain.money import ZERO, Money
from router.domain.price import STANDARD
from router.domain.usage import NO_USAGE, Usage, UsageSource


class Outcome(StrEnum):
    """How an attempt ended."""

    OK = "ok"
    CACHE_HIT = "cache_hit"
    FAILED = "failed"
    CUT = "cut"
    CLIENT_LEFT = "client_left"
    HEDGE_LOST = "hedge_lost"
    REJECTED = "rejected"
    """A cascade's step whose answer was not taken."""


class CostSource(StrEnum):
    """How far a cost can be trusted.

    `priced`: by the upstream's own usage and stated rates. `estimated`: the usage is ours, or a rate
    stands in for one that nobody stated. `unpriced`: part of what was used has no rate at all, and is
    missing from the cost. `free`: nothing was charged (a cached answer, a refused call, own hardware).
    """

    PRICED = "priced"
    ESTIMATED = "estimated"
    UNPRICED = "unpriced"
    FREE = "free"


LEAST_KEPT_DAYS = 33
"""Attempts must not be deleted earlier. A budget's month began at most 31 days ago, somewhere on
Earth, and what was spent on that first day is counted from its attempts."""


class Recording(Protocol):
    """Something that is written along with an entry, and put into text only then."""

    def text(self) -> str | None:
        """What is written; None for nothing."""
        ...


class Entry(Struct, frozen=True):
    """One attempt to answer one request (or the cache's answer to it).

    `baseline` is what the reference model would have charged for this answer's usage; only the
    attempt whose answer the client got carries one, so that a sum over rows is a sum over
    requests. The saving of a request is its baseline less the cost of all its attempts.
    `closes` marks the one row by which a request is counted: its answer, or its last attempt.
    `cost_note` names what is uncertain about the cost, "" where nothing is. `quality_p` is the quality
    that was predicted for this model's answer. `service_tier` is the one that was billed. `decision` is
    how the request was decided, on the row that closes it; None where that is not kept.
    `upstream_request_id` is what the upstream calls the request, None where it has not said.
    """

    request_id: str
    attempt: int
    at_s: float
    asked: str
    policy: str
    policy_version: str
    category: str
    model: str
    upstream: str
    outcome: Outcome
    reference: str = ""
    key: str = ""
    tags: tuple[str, ...] = ()
    stream: bool = False
    status: int = 0
    error: str = ""
    usage: Usage = NO_USAGE
    usage_source: UsageSource = UsageSource.NONE
    cost: Money = ZERO
    cost_source: CostSource = CostSource.FREE
    baseline: Money = ZERO
    price_source: str = ""
    cost_note: str = ""
    service_tier: str = STANDARD
    quality_p: float | None = None
    first_content_s: float | None = None
    total_s: float = 0.0
    is_answer: bool = False
    closes: bool = False
    decision: Recording | None = None
    upstream_request_id: str | None = None

    @property
    def saving(self) -> Money:
        """Baseline less cost: negative for an attempt that was paid for and not used."""
        return self.baseline - self.cost
