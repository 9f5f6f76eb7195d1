"""What the providers bill: prefixes kept for five minutes after their last use, at the catalog's prices."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.sessions.traces import Call
from router.domain.model import Model
from router.domain.money import ZERO, Money
from router.domain.price import Price
from router.domain.usage import Usage
from tests.domain.builders import catalog, model

KEPT_S = 300.0
LEAST_TOKENS = 1024


def _priced(into: int, out: int, *, read: float = 0.1, write: float = 1.25) -> Price:
    """USD per million tokens, with cached input and cache writes as shares of plain input."""
    pico = into * 1000, out * 1000
    return Price(pico[0], pico[1], round(pico[0] * read), round(pico[0] * write), pico[1])


def _model(name: str, price: Price, p: float) -> Model:
    return model(name, price=price, p=p, context_tokens=400_000)


Models = Mapping[str, Model]
POOLS: Mapping[str, Models] = {
    "one vendor (5, 3 and 1 USD)": catalog(
        _model("large", _priced(5_000, 25_000), 0.95),
        _model("middle", _priced(3_000, 15_000), 0.85),
        _model("small", _priced(1_000, 5_000), 0.60),
    ),
    "several (5, 1, 0.6 and 0.25 USD)": catalog(
        _model("large", _priced(5_000, 25_000), 0.95),
        _model("middle", _priced(1_000, 5_000), 0.85),
        _model("open", _priced(600, 2_200, read=0.5, write=1.0), 0.78),
        _model("small", _priced(250, 1_000, read=0.25, write=1.0), 0.60),
    ),
}
"""Models that may be asked, by what a million tokens of input cost, as is usual: `open` and `small` of the second cache
unasked, the others bill what they write."""


@dataclass(slots=True)
class Providers:
    """Answers calls, and keeps what it has read; `cost` is what it billed, `read`/`sent` are prompt tokens."""

    kept: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    cost: Money = ZERO
    read: int = 0
    sent: int = 0

    def answer(self, who: Model, call: Call) -> Usage:
        """What the call used."""
        usage = self.usage(who, call)
        self.kept[who.id, call.thread] = (call.prompt_tokens, call.at_s + KEPT_S)
        self.cost += who.price.charge(usage)
        self.read += usage.cache_read_tokens
        self.sent += call.prompt_tokens
        return usage

    def usage(self, who: Model, call: Call) -> Usage:
        """What the call would use."""
        tokens, until_s = self.kept.get((who.id, call.thread), (0, 0.0))
        cached = min(tokens, call.prompt_tokens) if call.at_s < until_s else 0
        cached = cached if cached >= LEAST_TOKENS else 0
        fresh = call.prompt_tokens - cached
        if who.price.cache_write_pico > who.price.input_pico and call.prompt_tokens >= LEAST_TOKENS:
            return Usage(0, cached, fresh, call.output_tokens)
        return Usage(fresh, cached, 0, call.output_tokens)
