"""What a usage object says of its price beside counts: at which rates it is billed, or what it costs altogether."""

from collections.abc import Mapping
from typing import Any

from router.domain.money import PICO_PER_USD, Money

_TERMS = ("speed", "inference_geo", "cost", "cost_details", "is_byok", "cost_in_usd_ticks")
_TICKS_PER_USD = 10**10
_PICO_PER_TICK = PICO_PER_USD // _TICKS_PER_USD
_MOST_USD = 10_000
"""No call costs more; a larger amount is none, or in another currency."""


def terms_of(usage: object) -> dict[str, Any]:
    """The members that are no counts and decide what is charged."""
    told = usage if isinstance(usage, Mapping) else {}
    return {name: told[name] for name in _TERMS if told.get(name) is not None}


def stated_cost(usage: object) -> Money | None:
    """What the provider says that the call costs; None where it does not, or where that makes no sense.

    xAI counts ticks of 10^-10 USD (https://docs.x.ai/developers/cost-tracking). OpenRouter's `cost`
    is in USD, and for a call with one's own key at a provider only its fee: the provider's part is beside it
    (https://openrouter.ai/docs/use-cases/usage-accounting). Perplexity divides its own into parts
    (https://docs.perplexity.ai/api-reference/chat-completions-post).
    """
    if not isinstance(usage, Mapping):
        return None
    ticks, cost = usage.get("cost_in_usd_ticks"), usage.get("cost")
    if type(ticks) is int and 0 <= ticks <= _MOST_USD * _TICKS_PER_USD:
        return Money(ticks * _PICO_PER_TICK)
    if isinstance(cost, Mapping):
        return _amount(cost.get("total_cost"))
    whole = _amount(cost)
    if whole is None or usage.get("is_byok") is not True:
        return whole
    details = usage.get("cost_details")
    rest = _amount(details.get("upstream_inference_cost") if isinstance(details, Mapping) else None)
    return None if rest is None else whole + rest


def _amount(usd: object) -> Money | None:
    if isinstance(usd, bool) or not isinstance(usd, int | float) or not 0 <= usd <= _MOST_USD:
        return None
    return Money.from_usd(usd)
