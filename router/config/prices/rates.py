"""An entry of litellm's price map as a price with all its bands.

The map encodes bands in the names of fields: `input_cost_per_token_above_200k_tokens_priority`
is the input rate of requests of tier priority whose prompt is longer than 200,000 tokens; a few
vendors have a list, `tiered_pricing`, which means the same.

A band rarely states every rate. A missing one is in the same proportion to its input (or output) rate as
in the standard band: vendors multiply their discounts (Anthropic: "these multipliers stack",
https://platform.claude.com/docs/en/build-with-claude/prompt-caching, section Pricing).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import product
from typing import Any, TypeVar

from router.config.prices.off_peak import spans_of
from router.domain.members import replace
from router.domain.money import Money
from router.domain.price import STANDARD, Band, OffPeak, Price, Rates
from router.domain.service_tier import FAST, FAST_US, US

Entry = Mapping[str, Any]
R = TypeVar("R", bound=Rates)

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "input_pico": ("input_cost_per_token",),
    "output_pico": ("output_cost_per_token",),
    "cache_read_pico": ("cache_read_input_token_cost", "input_cost_per_token_cache_hit"),
    "cache_write_pico": ("cache_creation_input_token_cost",),
    "cache_write_1h_pico": ("cache_creation_input_token_cost_above_1hr",),
    "reasoning_pico": ("output_cost_per_reasoning_token",),
    "audio_input_pico": ("input_cost_per_audio_token",),
    "audio_cache_read_pico": ("cache_read_input_audio_token_cost",),
    "audio_output_pico": ("output_cost_per_audio_token",),
    "image_input_pico": ("input_cost_per_image_token",),
    "image_output_pico": ("output_cost_per_image_token",),
}
_OF_OUTPUT = ("reasoning_pico", "audio_output_pico", "image_output_pico")
_CACHED_DIVISOR = {"fireworks_ai": 2}
"""Vendors whose cached input is cheaper although the map does not say so: by half at Fireworks
(https://docs.fireworks.ai/guides/prompt-caching)."""
_WORDS = {"": STANDARD, "batches": "batch"}
_BAND = re.compile(
    r"(?:in|out)put_cost_per_token(?:_above_(?P<above>\d+)k_tokens)?"
    r"(?:_(?P<tier>batches|flex|priority|ultrafast|balanced|decisions))?"
)


def price_of(entry: Entry, *, as_of: date | None, source: str) -> Price | None:
    """The price that `entry` states; None if it has no rate for input or for output."""
    if ranges := entry.get("tiered_pricing"):
        entry = {**entry, **_without_range(ranges[0])}
    if "input_cost_per_token" not in entry or "output_cost_per_token" not in entry:
        return None
    standard = _standard(entry)
    bands = (*_named_bands(entry, standard), *_listed_bands(ranges or (), standard))
    bands += tuple(_surcharged_bands(entry, standard, bands))
    price = Price.of(standard, source, as_of, bands)
    return replace(price, off_peak=_off_peak(entry.get("off_peak_pricing"), price))


def _off_peak(stated: Entry | None, usual: Price) -> OffPeak | None:
    """The price in the hours for which `stated` has other rates, the same for prompts of any length."""
    if not stated:
        return None
    rates = completed(_stated(stated, ""), usual)
    cheaper = Price.of(rates, f"{usual.source}, off-peak", usual.as_of)
    return OffPeak(cheaper, spans_of(stated))


def _standard(entry: Entry) -> Rates:
    stated = _stated(entry, "")
    into, out = stated["input_pico"], stated["output_pico"]
    usual = {
        "cache_read_pico": into // _CACHED_DIVISOR.get(str(entry.get("litellm_provider")), 1),
        "cache_write_pico": into,
        "reasoning_pico": out,
        "image_input_pico": into,  # every vendor counts a picture in tokens of input
    }
    return Rates(
        **{**usual, **stated},
        request_pico=_pico(entry.get("input_cost_per_request") or 0),
        web_search_pico=_search_pico(entry),
    )


def _named_bands(entry: Entry, standard: Rates) -> Iterator[Band]:
    """The bands that field names encode: every tier at every length."""
    found = [match for name in entry if (match := _BAND.fullmatch(name))]
    tiers = sorted({match["tier"] or "" for match in found})
    lengths = sorted({match["above"] or "" for match in found}, key=lambda text: int(text or 0))
    for tier, above in product(tiers, lengths):
        if tier or above:
            rates = completed(_in_band(entry, standard, tier, above), standard)
            yield Band(rates, _WORDS.get(tier, tier), int(above or 0) * 1000)


def _surcharged_bands(entry: Entry, standard: Rates, bands: Sequence[Band]) -> Iterator[Band]:
    """The bands of Anthropic's fast mode, and of inference in one country, at prompts of any length."""
    factors = entry.get("provider_specific_entry") or {}
    fast, country = factors.get(FAST), factors.get(US)
    if country:
        yield (within := Band(_times(standard, country), US))
        yield from both_of([within, *(each for each in bands if each.tier == STANDARD)], standard)
    if fast:
        yield Band(_times(standard, fast), FAST)
        yield Band(_times(standard, fast * (country or 1)), FAST_US)


def multiplied(price: Price, factor: float) -> Price:
    """A price whose rates per token are all `factor` times as high; fees are the same."""
    bands = tuple(replace(band, rates=_times(band.rates, factor)) for band in price.bands)
    source = f"{price.source}, times {factor:g} for its region"
    return replace(_times(price, factor), bands=bands, source=source)


def _times(standard: R, factor: float) -> R:
    """Rates per token that are `factor` times the standard ones; fees are the same."""
    exact = Decimal(str(factor))
    return replace(
        standard,
        **{
            name: int((rate * exact).to_integral_value(ROUND_HALF_EVEN))
            for name in _FIELDS
            if (rate := getattr(standard, name)) is not None
        },
    )


def _in_band(entry: Entry, standard: Rates, tier: str, above: str) -> dict[str, int]:
    """The stated rates of a band; input and output in any case, from the factors of its tier and length."""
    stated = _stated(entry, _suffix(tier, above))
    of_tier, of_length = _stated(entry, _suffix(tier, "")), _stated(entry, _suffix("", above))
    for name in ("input_pico", "output_pico"):
        usual = getattr(standard, name)
        both = _in_proportion(of_tier.get(name, usual), of_length.get(name, usual), usual)
        stated.setdefault(name, both)
    return stated


def _suffix(tier: str, above: str) -> str:
    return (f"_above_{above}k_tokens" if above else "") + (f"_{tier}" if tier else "")


def _listed_bands(ranges: Any, standard: Rates) -> Iterator[Band]:
    """The bands of a list of ranges; the first range is the standard band itself."""
    for each in ranges[1:]:
        rates = completed(_stated(each, ""), standard)
        yield Band(rates, above_input_tokens=int(each["range"][0]))


def _without_range(first: Entry) -> dict[str, Any]:
    return {name: value for name, value in first.items() if name != "range"}


def _stated(entry: Entry, suffix: str) -> dict[str, int]:
    """The rates that `entry` states for one band."""
    stated = {}
    for rate, names in _FIELDS.items():
        for name in names:
            if (usd := entry.get(name + suffix)) is not None and rate not in stated:
                stated[rate] = _pico(usd)
    return stated


def completed(stated: Mapping[str, int], standard: Rates) -> Rates:
    """A band's rates: unstated ones are in the same proportion to its input or output as in the standard band.

    If it has no input or output rate of its own, that is the standard one.
    """
    stated = {
        "input_pico": standard.input_pico,
        "output_pico": standard.output_pico,
        **stated,
    }
    rates = dict(stated)
    for name in _FIELDS:
        usual = getattr(standard, name)
        if name not in rates and usual is not None:
            whole = "output_pico" if name in _OF_OUTPUT else "input_pico"
            rates[name] = _in_proportion(usual, rates[whole], getattr(standard, whole))
    fees = {"request_pico": standard.request_pico, "web_search_pico": standard.web_search_pico}
    return Rates(**{**rates, **fees})  # type: ignore[arg-type]  # a dict of both kinds of rate


def both_of(bands: Sequence[Band], standard: Rates) -> Iterator[Band]:
    """A band for long prompts of each tier that has none: as much dearer than the tier as others are when as long.

    Without it, a long prompt of a tier would be charged at the tier's rates for short ones.
    """
    known = {(each.tier, each.above_input_tokens) for each in bands}
    tiers = [each for each in bands if each.tier != STANDARD and each.is_base]
    lengths = [each for each in bands if each.tier == STANDARD]
    for tier, length in product(tiers, lengths):
        if (tier.tier, length.above_input_tokens) not in known:
            rates = _multiplied(tier.rates, length.rates, standard)
            yield Band(rates, tier.tier, length.above_input_tokens)


def _multiplied(tier: Rates, length: Rates, standard: Rates) -> Rates:
    """The rates to which both factors apply; a rate that is not stated for the tier remains so."""
    both = {}
    for name in _FIELDS:
        of_tier, of_length = getattr(tier, name), getattr(length, name)
        usual = getattr(standard, name)
        are_known = None not in (of_tier, of_length, usual)
        both[name] = _in_proportion(of_tier, of_length, usual) if are_known else of_tier
    return replace(tier, **both)


def _in_proportion(usual: int, whole: int, usual_whole: int) -> int:
    """What is to `whole` as `usual` is to `usual_whole`, rounded half-even."""
    if usual_whole == 0:
        return usual
    exact = Decimal(usual) * whole / usual_whole
    return int(exact.to_integral_value(ROUND_HALF_EVEN))


def _search_pico(entry: Entry) -> int | None:
    """The cost of a search with the medium amount of context; None if it is not stated."""
    costs = entry.get("search_context_cost_per_query") or {}
    usd = costs.get("search_context_size_medium")
    return None if usd is None else _pico(usd)


def _pico(usd: float) -> int:
    return Money.from_usd(usd).pico
