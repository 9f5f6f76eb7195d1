"""What a conversation costs at a model: this call, and the calls that are likely to follow it.

A provider caches the prompt it has read for some minutes, and reads it again at a tenth of the price; some
charge a premium for caching it. So another model, however cheap, has to read the whole conversation once
at its full price; and whether that pays off depends on how many calls will follow. With T tokens in this
prompt, g more in each later one, n later calls, a share s of what is kept really read from the cache, and
rates r (read), f (fresh: input, or written), o (an answer):

    this call       s min(kept, T) r + (T - s min(kept, T)) f + o
    n later ones    s (n T + g n (n - 1) / 2) r + (n T + g n (n + 1) / 2 - s (...)) f + n o

Later calls are assumed to come while the one before is still cached.
"""

from router.domain.conversation import Conversation, Kept
from router.domain.estimate import Staying
from router.domain.money import Money
from router.domain.price import Rates


def prompt_pico(rates: Rates, tokens: int, kept: Kept) -> int:
    """What the prompt of one call is expected to cost, in pico-dollars."""
    if kept is UNCACHED:
        return rates.request_pico + tokens * rates.input_pico
    cached = kept.cached(tokens)
    return rates.request_pico + round(
        cached * rates.cache_read_pico + (tokens - cached) * _fresh(rates, kept)
    )


def later_pico(
    rates: Rates, tokens: int, answer_pico: int, kept: Kept, conversation: Conversation
) -> int:
    """What the calls that are likely to follow are expected to cost at the same model, in pico-dollars."""
    n, growth = conversation.ahead, conversation.growth
    read = kept.reads * (n * tokens + growth * max(0.0, n * (n - 1) / 2))
    sent = n * tokens + growth * n * (n + 1) / 2
    prompts = read * rates.cache_read_pico + (sent - read) * _fresh(rates, kept)
    return round(prompts + n * (answer_pico + rates.request_pico))


def staying(
    rates: Rates, tokens: int, answer_pico: int, place: str, conversation: Conversation
) -> Staying:
    """What staying with a model in its conversation is worth."""
    kept = conversation.at(place)
    later = later_pico(rates, tokens, answer_pico, kept, conversation)
    anew = Kept(0, kept.reads, kept.writes) if kept.tokens else kept
    return Staying(
        kept_tokens=min(kept.tokens, tokens),
        later=Money(later),
        anew=Money(prompt_pico(rates, tokens, anew) + answer_pico + later),
    )


def _fresh(rates: Rates, kept: Kept) -> float:
    """Pico-dollars for a token that is not read from the cache."""
    return rates.input_pico + kept.writes * (rates.cache_write_pico - rates.input_pico)


UNCACHED = Kept(0, 0.0, 0.0)
"""No caching is expected of the provider: every token is plain input."""
