"""Exact counts of what a simulated upstream was asked, did, and would charge.

Every call ends in one of four ways, and until then is in flight:

    finished    the model said everything, and it was sent
    broken      a fault ended the answer early
    cancelled   the client left before the end
    refused     an error or something else was sent instead of an answer; nothing is charged

What the model read and generated is charged whether or not it was reported: `usage` is all of it,
`usage_told` the part that was reported in an answer that was sent.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from router.domain.money import Money
from router.domain.price import Price
from router.domain.usage import Usage


class Ending(StrEnum):
    """How a call ended."""

    FINISHED = "finished"
    BROKEN = "broken"
    CANCELLED = "cancelled"
    REFUSED = "refused"


class CallRecord(Struct, frozen=True):
    """A call that has ended: what was received, byte for byte, and how it ended.

    `body` is None unless bodies are kept; of the headers only the names are kept.
    """

    number: int
    model: str
    ending: Ending
    fault: str
    stream: bool
    body_sha256: str
    body: bytes | None
    header_names: tuple[str, ...]
    usage: Usage

    def as_json(self) -> dict[str, Any]:
        """The record without the body."""
        return {
            "number": self.number,
            "model": self.model,
            "ending": self.ending.value,
            "fault": self.fault,
            "stream": self.stream,
            "body_sha256": self.body_sha256,
            "header_names": self.header_names,
            "usage": usage_as_json(self.usage),
        }


class ModelCounters:
    """The counts of one model."""

    def __init__(self, price: Price) -> None:
        self.price = price
        self.requests = 0
        self.started = 0
        self.endings: Counter[Ending] = Counter()
        self.faults: Counter[str] = Counter()
        self._charged = _Sums()
        self._told = _Sums()

    @property
    def finished(self) -> int:
        """Calls whose answer was sent completely."""
        return self.endings[Ending.FINISHED]

    @property
    def cancelled(self) -> int:
        """Calls whose client left."""
        return self.endings[Ending.CANCELLED]

    @property
    def refused(self) -> int:
        """Calls that got no answer from the model."""
        return self.endings[Ending.REFUSED]

    @property
    def in_flight(self) -> int:
        """Calls that have not ended."""
        return self.requests - sum(self.endings.values())

    @property
    def usage(self) -> Usage:
        """Everything that the model read and generated."""
        return self._charged.usage

    @property
    def usage_told(self) -> Usage:
        """The part of it that was reported in an answer that was sent."""
        return self._told.usage

    @property
    def cost(self) -> Money:
        """What `usage` costs."""
        return self._charged.cost(self.price)

    @property
    def cost_told(self) -> Money:
        """What `usage_told` costs."""
        return self._told.cost(self.price)

    def ended(self, account: "Account", ending: Ending) -> None:
        """Add a call that has ended."""
        self.endings[ending] += 1
        if account.started:
            self._charged.add(account)
        if account.told:
            self._told.add(account)

    def reset(self) -> None:
        """Start again from 0; calls in flight remain, and count as requests."""
        self.requests, self.started = self.in_flight, 0
        self.endings.clear()
        self.faults.clear()
        self._charged, self._told = _Sums(), _Sums()

    def as_json(self) -> dict[str, Any]:
        """The counts."""
        return {
            "requests": self.requests,
            "started": self.started,
            **{ending.value: self.endings[ending] for ending in Ending},
            "in_flight": self.in_flight,
            "faults": dict(self.faults),
            "usage": usage_as_json(self.usage),
            "usage_told": usage_as_json(self.usage_told),
            **_money("cost", self.cost),
            **_money("cost_told", self.cost_told),
        }


class Account(Struct):
    """What one call has used so far."""

    number: int
    counters: ModelCounters
    prompt_tokens: int
    cached_tokens: int
    started: bool = False
    told: bool = False
    output_tokens: int = 0
    reasoning_tokens: int = 0

    def work(self, output_tokens: int, reasoning_tokens: int) -> None:
        """The model has worked; the first time, the prompt is charged."""
        if not self.started:
            self.started = True
            self.counters.started += 1
        self.output_tokens += output_tokens
        self.reasoning_tokens += reasoning_tokens

    @property
    def usage(self) -> Usage:
        """What is charged if the call ends now."""
        if not self.started:
            return Usage()
        uncached = self.prompt_tokens - self.cached_tokens
        return Usage(uncached, self.cached_tokens, 0, self.output_tokens, self.reasoning_tokens)


class Counters(Mapping[str, ModelCounters]):
    """The counts of all models, by id, and a log of the last calls.

    `turned_away` counts requests that reached no model: malformed, without the key, or for an unknown
    model. `redirects_followed` counts requests that followed a redirect.
    """

    def __init__(self, prices: Mapping[str, Price], log_size: int) -> None:
        self._models = {model: ModelCounters(price) for model, price in prices.items()}
        self._numbers = 0
        self.turned_away = 0
        self.redirects_followed = 0
        self.calls: deque[CallRecord] = deque(maxlen=log_size)

    def __getitem__(self, model: str) -> ModelCounters:
        return self._models[model]

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)

    def begin(self, model: str, prompt_tokens: int, cached_tokens: int) -> Account:
        """Count a request of the model, which is in flight until `ended` is called for it."""
        counters = self._models[model]
        counters.requests += 1
        self._numbers += 1
        return Account(self._numbers, counters, prompt_tokens, cached_tokens)

    @property
    def in_flight(self) -> int:
        """Calls of all models that have not ended."""
        return sum(counters.in_flight for counters in self._models.values())

    @property
    def cost(self) -> Money:
        """What all models together would charge."""
        return sum((counters.cost for counters in self._models.values()), Money())

    def reset(self) -> None:
        """Start again from 0 and empty the log; calls in flight remain."""
        for counters in self._models.values():
            counters.reset()
        self.turned_away = self.redirects_followed = 0
        self.calls.clear()

    def as_json(self) -> dict[str, Any]:
        """All counts; money as a decimal string and as whole pico-dollars."""
        return {
            "models": {model: counters.as_json() for model, counters in self._models.items()},
            "in_flight": self.in_flight,
            "turned_away": self.turned_away,
            "redirects_followed": self.redirects_followed,
            **_money("cost", self.cost),
        }


class _Sums(Struct):
    """Sums over calls. Prices are linear in usage, so the cost of a sum is the sum of costs."""

    calls: int = 0
    buckets: list[int] = field(default_factory=lambda: [0, 0, 0, 0])

    def add(self, account: Account) -> None:
        self.calls += 1
        buckets = self.buckets
        buckets[0] += account.prompt_tokens - account.cached_tokens
        buckets[1] += account.cached_tokens
        buckets[2] += account.output_tokens
        buckets[3] += account.reasoning_tokens

    @property
    def usage(self) -> Usage:
        uncached, cached, output, reasoning = self.buckets
        return Usage(uncached, cached, 0, output, reasoning)

    def cost(self, price: Price) -> Money:
        """The price includes a fee per request, which `charge` adds only once."""
        return price.charge(self.usage) + Money(price.request_pico * (self.calls - 1))


def usage_as_json(usage: Usage) -> dict[str, int]:
    """The buckets of a usage."""
    return {
        "uncached_input_tokens": usage.uncached_input_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    }


def _money(name: str, money: Money) -> dict[str, object]:
    return {f"{name}_usd": str(money), f"{name}_pico": money.pico}
