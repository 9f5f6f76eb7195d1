"""A policy: what counts as good enough, among which models, and what to do when none is.

Policies are written in YAML (see policies/), read by `router.config.policy.policies`, and are plain
values from there on.
"""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from msgspec import Struct, field

from router.domain.bar import EVEN
from router.domain.caching import NO_CACHING, CacheTerms
from router.domain.cascade import NO_CASCADES, CascadeTerms
from router.domain.conversation import Conversation
from router.domain.deadlines import NO_DEADLINES, Deadlines
from router.domain.features import Features
from router.domain.hedge import Hedge
from router.domain.members import replace
from router.domain.model import Model
from router.domain.money import Money
from router.domain.objective import CHEAPEST, Objective
from router.domain.overrides import NO_OVERRIDES, Overrides


class Otherwise(StrEnum):
    """What happens when no candidate is adequate."""

    BEST = "best"
    CHEAPEST = "cheapest"
    REFUSE = "refuse"


class FallBackTo(StrEnum):
    """Which models may answer when the chosen one fails."""

    ADEQUATE = "adequate"
    ANY = "any"
    NONE = "none"


REFERENCE_ASKED = "asked"
REFERENCE_BEST = "best"


class PolicyPool(Struct, frozen=True):
    """Which models of the catalog a policy may use: by id, by tag, by not having a tag."""

    ids: frozenset[str] = frozenset()
    with_tags: frozenset[str] = frozenset()
    without_tags: frozenset[str] = frozenset()

    def allows(self, model: Model) -> bool:
        """Whether `model` may be used; no ids means all ids, and every tag of `with_tags` is needed."""
        return (
            (not self.ids or model.id in self.ids)
            and self.with_tags <= model.tags
            and not (self.without_tags & model.tags)
        )

    def within(self, model: Model) -> Model:
        """`model` with only those replicas that may be used and are not drained; unchanged if all are, or none is."""
        if not model.replicas:
            return model
        usable = tuple(each for each in model.replicas if not each.is_drained and self.allows(each))
        if len(usable) in (0, len(model.replicas)):
            return model
        return model.answering_in(usable)


EVERY_MODEL = PolicyPool()


class Terms(Struct, frozen=True):
    """What a policy asks of an answer; a rule restates some of it for the requests that it matches.

    Adequate is a predicted quality of at least `floor` where one is given, else of at least the
    reference's less `within`, each with `confidence`. `reference` is "asked" (the model that the
    client named, or the best where it named none), "best", or the id of a model. `first_content_s`
    and `total_s` are targets for the `latency_quantile` of a model's answers: a slower model is not
    asked. `deadlines` end an attempt, or the request. `objective` puts the adequate models in order.
    `fall_back_to` may also name the fallbacks themselves, in their order.
    """

    reference: str = REFERENCE_ASKED
    within: float = 0.05
    floor: float | None = None
    confidence: float = EVEN
    objective: Objective = CHEAPEST
    pool: PolicyPool = EVERY_MODEL
    ceiling: Money | None = None
    first_content_s: float | None = None
    total_s: float | None = None
    latency_quantile: float = 0.5
    otherwise: Otherwise = Otherwise.BEST
    fall_back_to: FallBackTo | tuple[str, ...] = FallBackTo.ADEQUATE
    cache: CacheTerms = NO_CACHING
    deadlines: Deadlines = NO_DEADLINES
    hedge: Hedge | None = None
    cascade: CascadeTerms = NO_CASCADES

    def __post_init__(self) -> None:
        """Refuse tolerances, floors, confidences and quantiles that are out of range."""
        if not 0.0 <= self.within <= 1.0:
            raise ValueError(f"within must lie between 0 and 1, not {self.within!r}")
        if self.floor is not None and not 0.0 <= self.floor <= 1.0:
            raise ValueError(f"floor must lie between 0 and 1, not {self.floor!r}")
        if not EVEN <= self.confidence < 1.0:
            raise ValueError(f"confidence must lie in [0.5, 1), not {self.confidence!r}")
        if not 0.0 < self.latency_quantile < 1.0:
            raise ValueError(f"a quantile must lie in (0, 1), not {self.latency_quantile!r}")


class Circumstances(Struct, frozen=True):
    """What is known of a request besides its content: who asked, for which model, under which tags.

    `models` are those that its key may use, none for all of them. `money_left` is what its tightest
    budget has left, None without budgets, and `budget_left` the least share of any, 1.0 without.
    `stays_with` is the model that called the tools whose results the request brings, "" for none;
    `stands_for` the model that a route says the requested name stands for, "" for the name itself.
    `unix_s` is the moment. `headers` and `metadata` hold only what some policy asks for. `overrides` are
    the request's own. `conversation` is where the request stands in one, None outside of any. `held_by`
    is the upstream that stores what the request continues from, "" for none.
    """

    asked: str = ""
    key: str = ""
    tags: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    money_left: Money | None = None
    budget_left: float = 1.0
    stays_with: str = ""
    stands_for: str = ""
    unix_s: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    overrides: Overrides = NO_OVERRIDES
    conversation: Conversation | None = None
    held_by: str = ""


class Asks(Struct, frozen=True):
    """What is found out about a request only if a policy asks for it."""

    headers: frozenset[str] = frozenset()
    metadata: frozenset[str] = frozenset()
    language: bool = False
    difficulty: bool = False

    def __or__(self, other: Self) -> "Asks":
        """What either asks."""
        return Asks(
            self.headers | other.headers,
            self.metadata | other.metadata,
            self.language or other.language,
            self.difficulty or other.difficulty,
        )


NOTHING_ASKED = Asks()

Fact = Callable[[Features, Circumstances], Any]
"""What a condition is about, None where it is not known."""


@dataclass(frozen=True, slots=True)
class Condition(ABC):
    """A fact of the request, held against what a policy wants of it; facts of the same name are the same fact.

    `asks` is what must be found out about a request for it, besides what always is. Its shapes are in
    `router.decision.predicates`.
    """

    about: str
    fact: Fact = dataclasses.field(compare=False, repr=False)
    asks: Asks = dataclasses.field(default=NOTHING_ASKED, compare=False, kw_only=True)

    def __call__(self, features: Features, circumstances: Circumstances, /) -> bool:
        """Whether the fact is known, and is what is wanted."""
        found = self.fact(features, circumstances)
        return found is not None and self.is_met(found)

    def covers(self, other: "Condition", /) -> bool:
        """Whether this surely holds wherever `other` does."""
        if type(other) is not type(self) or other.about != self.about:
            return False
        return self._is_implied_by(other)

    def clashes(self, other: "Condition", /) -> bool:
        """Whether there is surely no request for which both hold."""
        return other.about == self.about and self._is_against(other)

    @abstractmethod
    def is_met(self, found: Any) -> bool:
        """Whether a known fact is what is wanted."""

    @abstractmethod
    def _is_implied_by(self, other: Any) -> bool:
        """Whether this surely holds wherever `other`, of the same shape and about the same fact, does."""

    def _is_against(self, other: "Condition") -> bool:  # noqa: ARG002 - most shapes cannot say
        return False


class Rule(Struct, frozen=True):
    """Terms for the requests that meet every condition. The first rule that matches applies."""

    name: str
    conditions: tuple[Condition, ...]
    terms: Terms

    def matches(self, features: Features, circumstances: Circumstances) -> bool:
        """Whether all conditions hold."""
        return all(holds(features, circumstances) for holds in self.conditions)


class Policy(Struct, frozen=True):
    """Terms with exceptions. `version` is a hash of the text, recorded with each decision."""

    name: str
    version: str
    intent: str
    terms: Terms
    rules: tuple[Rule, ...] = ()

    def terms_for(self, features: Features, circumstances: Circumstances) -> tuple[str, Terms]:
        """The name of the rule that applies ("" for none) and the terms that follow."""
        for rule in self.rules:
            if rule.matches(features, circumstances):
                return rule.name, _overridden(rule.terms, circumstances.overrides)
        return "", _overridden(self.terms, circumstances.overrides)

    @property
    def all_terms(self) -> tuple[Terms, ...]:
        """Those of the policy itself, then of each rule."""
        return (self.terms, *(rule.terms for rule in self.rules))

    @property
    def asks(self) -> Asks:
        """What its conditions need to be told."""
        every = NOTHING_ASKED
        for rule in self.rules:
            for condition in rule.conditions:
                every |= condition.asks
        return every


def _overridden(terms: Terms, overrides: Overrides) -> Terms:
    """`terms` with the request's overrides; of two ceilings the lower one counts."""
    if overrides is NO_OVERRIDES:
        return terms
    if overrides.tolerance is not None:
        terms = replace(terms, within=overrides.tolerance, floor=None)
    if overrides.ceiling is not None:
        both = (overrides.ceiling, overrides.ceiling if terms.ceiling is None else terms.ceiling)
        terms = replace(terms, ceiling=min(both))
    if not overrides.cascade:
        terms = replace(terms, cascade=NO_CASCADES)
    return terms
