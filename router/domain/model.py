"""A model of the catalog: where it is, what it costs, what it can do, and how well."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from msgspec import Struct

from router.domain.category import Category
from router.domain.estimate import EstimateSource, QualityEstimate
from router.domain.limits import UNLIMITED, Limits
from router.domain.members import replace
from router.domain.price import Price

_USUAL_OUTPUT_TOKENS = 4096
"""Assumed where neither the client nor the catalog says how long an answer may become."""


class Capability(StrEnum):
    """Something a request may need that not every model has."""

    TOOLS = "tools"
    VISION = "vision"
    AUDIO = "audio"
    FILES = "files"
    JSON_SCHEMA = "json_schema"
    JSON_OBJECT = "json_object"
    LOGPROBS = "logprobs"
    MANY_CHOICES = "n"
    MESSAGES_API = "messages_api"
    """To be asked in Anthropic's own API, for what other APIs cannot express."""
    RESPONSES_API = "responses_api"
    """To be asked by Responses, for what other APIs cannot express."""


APIS = frozenset({Capability.MESSAGES_API, Capability.RESPONSES_API})
"""Capabilities of the upstream rather than of the model: nobody states them for a model."""


@dataclass(frozen=True, slots=True)
class Ability:
    """P(good answer) to a typical request of one category, with its sd and where it comes from.

    `source` says that in words, `kind` how well founded it is. `is_moved` says that it was moved to the operator's own
    requests: their difficulty is in it. `estimate` is the same in the form that decisions use.
    """

    p: float
    sd: float
    source: str
    kind: EstimateSource = EstimateSource.PRIOR
    is_moved: bool = False
    estimate: QualityEstimate = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what is no probability (NaN included)."""
        if not (0.0 <= self.p <= 1.0 and 0.0 <= self.sd <= 1.0):
            raise ValueError(
                f"an ability is a probability with an sd, not {self.p!r} +- {self.sd!r}"
            )
        object.__setattr__(self, "estimate", QualityEstimate(self.p, self.sd, self.kind))


class PriceChange(Struct, frozen=True):
    """A price that takes effect at a Unix time."""

    from_s: float
    price: Price


class Model(Struct, frozen=True):
    """An entry of the catalog. `id` is what clients write, `name` what its upstream calls it.

    `price` is in force until the first of `price_changes`, which are in chronological order.

    A model that answers in several places has a replica for each: a model of the same id with a
    unique `replica` name, and a `weight` of 0 when no new requests are to go there. The model's own
    upstream and price are those of its first replica.

    It writes at most `max_output_tokens`, and refuses to be asked for more; None where that is not known.
    `takes_effort` says whether it can be told how hard to think.

    `states_cost` says that its provider bills what it states in each answer; the price is for estimates, and for
    answers that state nothing.

    One that `makes_vectors` answers `/v1/embeddings` and nothing else.
    """

    id: str
    upstream: str
    name: str
    price: Price
    context_tokens: int
    max_output_tokens: int | None
    abilities: Mapping[Category, Ability]
    capabilities: frozenset[Capability] = frozenset(Capability)
    tags: frozenset[str] = frozenset()
    limits: Limits = UNLIMITED
    price_changes: tuple[PriceChange, ...] = ()
    replica: str = ""
    weight: float = 1.0
    replicas: tuple["Model", ...] = ()
    makes_vectors: bool = False
    takes_effort: bool = True
    states_cost: bool = False

    def __post_init__(self) -> None:
        """Refuse a model without an ability for each category, or without room for a token."""
        missing = [category for category in Category if category not in self.abilities]
        if missing:
            raise ValueError(f"model {self.id!r} has no ability for {', '.join(missing)}")
        limit = self.max_output_tokens
        if self.context_tokens < 1 or (limit is not None and limit < 1):
            raise ValueError(f"model {self.id!r} needs a context and an output of at least 1 token")
        if not 0.0 <= self.weight < math.inf:
            raise ValueError(f"model {self.id!r} needs a weight of at least 0, not {self.weight!r}")
        if any(each.id != self.id or each.replicas for each in self.replicas):
            raise ValueError(f"a replica of model {self.id!r} is another model")

    @property
    def key(self) -> str:
        """The name of the place where it answers: breakers, limits and calls in flight go by it."""
        return self.replica or self.id

    @property
    def places(self) -> tuple["Model", ...]:
        """Its replicas, drained ones too; itself when it answers in one place."""
        return self.replicas or (self,)

    @property
    def is_drained(self) -> bool:
        """Whether no new request is to go there."""
        return self.weight == 0

    def longest_answer(self, allowed: int | None) -> int:
        """The longest answer to expect, in tokens, from a client's limit `allowed` and the model's own.

        A guess where neither is known.
        """
        limit = self.max_output_tokens
        if allowed is None:
            return limit or _USUAL_OUTPUT_TOKENS
        return allowed if limit is None else min(allowed, limit)

    def answer_room(self, allowed: int | None) -> int:
        """How many tokens of its context an answer surely needs, where a client has `allowed` so many: at least one.

        Where the model's own limit is lower, it is asked for no more than that.
        """
        limit, wanted = self.max_output_tokens, allowed or 1
        return wanted if limit is None else min(wanted, limit)

    def limit_below(self, allowed: int | None) -> int | None:
        """The model's own limit if it is known to be lower than what a client has `allowed`; else None."""
        limit = self.max_output_tokens
        return limit if limit is not None and allowed is not None and limit < allowed else None

    def may_exceed(self, allowed: int | None) -> bool:
        """Whether it can write more than a client has `allowed`, as far as is known."""
        limit = self.max_output_tokens
        return allowed is not None and (limit is None or allowed < limit)

    def answering_in(self, replicas: tuple["Model", ...]) -> "Model":
        """This model with these replicas only, at least one; its own fields are those of the first."""
        return replace(replicas[0], replica="", weight=1.0, replicas=replicas)

    def held_by(self, upstream: str) -> "Model":
        """This model in its places at `upstream` only; unchanged where it has none there."""
        there = tuple(each for each in self.replicas if each.upstream == upstream)
        return self.answering_in(there) if there else self

    def at(self, unix_s: float) -> "Model":
        """This model at the price of a moment; earlier prices are forgotten."""
        if self.replicas:
            return self.answering_in(tuple(each.at(unix_s) for each in self.replicas))
        begun = [change for change in self.price_changes if change.from_s <= unix_s]
        if not begun:
            return self
        return replace(self, price=begun[-1].price, price_changes=self.price_changes[len(begun) :])

    def in_minute(self, minute: int) -> "Model":
        """This model at the price of a minute of the week, from Monday's first one on in UTC."""
        if self.replicas:
            return self.answering_in(tuple(each.in_minute(minute) for each in self.replicas))
        price = self.price.in_minute(minute)
        return self if price is self.price else replace(self, price=price)
