"""What a model charges: a rate per bucket of usage, in bands of prompt length and service tier.

Vendors price a request as a whole: by its service tier (batch, flex, priority), and at another set
of rates once its prompt is longer than some threshold. Each such set is a band.
"""

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from msgspec import Struct

from router.domain.members import replace
from router.domain.money import Money
from router.domain.usage import Usage

_TOKENS_PER_MTOK = 1_000_000

STANDARD = "standard"
"""The service tier of a request that asked for no other."""


def pico_per_token(usd_per_mtok: Decimal | str | float) -> int:
    """A rate in USD per million tokens as pico-dollars per token, rounded half-even."""
    pico = Decimal(Money.from_usd(usd_per_mtok).pico) / _TOKENS_PER_MTOK
    return int(pico.to_integral_value(ROUND_HALF_EVEN))


class Bill(Struct, frozen=True):
    """What a usage costs, and how sure that is.

    `stood_in` names buckets charged at another bucket's rate (or a tier at the standard one),
    `unpriced` those that nobody stated any rate for: they are not in `amount`.
    """

    amount: Money
    stood_in: tuple[str, ...] = ()
    unpriced: tuple[str, ...] = ()


class Rates(Struct, frozen=True):
    """Pico-dollars per token, a fee per request, and one per web search.

    Vendors that name no rate for cached input or reasoning charge the plain input or output rate
    for them; that is decided where a price is built, not here. None is a rate that nobody stated:
    what falls into it is charged at a stand-in's rate if there is one, and the `Bill` says so.
    """

    input_pico: int
    output_pico: int
    cache_read_pico: int
    cache_write_pico: int
    reasoning_pico: int
    request_pico: int = 0
    cache_write_1h_pico: int | None = None
    audio_input_pico: int | None = None
    audio_cache_read_pico: int | None = None
    audio_output_pico: int | None = None
    image_input_pico: int | None = None
    image_output_pico: int | None = None
    web_search_pico: int | None = None

    def __post_init__(self) -> None:
        """Refuse negative rates."""
        for name in RATES:
            rate = getattr(self, name)
            if rate is None and name in STAND_INS:
                continue
            if type(rate) is not int or rate < 0:
                raise ValueError(f"{name} must be a whole number >= 0, not {rate!r}")

    def stated(self, name: str) -> int:
        """The rate of that name, or its stand-in's; 0 where nothing stands in for it."""
        rate, stand_in = getattr(self, name), STAND_INS.get(name)
        return int(rate if rate is not None else getattr(self, stand_in) if stand_in else 0)

    def tally(self, usage: Usage, requests: int = 1) -> Bill:
        """The exact cost of `usage` at these rates, over a number of requests."""
        pico, stood_in, unpriced = self._plain(usage) + requests * self.request_pico, [], []
        for bucket, name in _EXTRAS:
            if count := getattr(usage, bucket):
                rate, stand_in = getattr(self, name), STAND_INS[name]
                if rate is None and stand_in is None:
                    unpriced.append(bucket)
                    continue
                if rate is None:
                    stood_in.append(bucket)
                    rate = getattr(self, str(stand_in))
                pico += count * rate
        return Bill(Money(pico), tuple(stood_in), tuple(unpriced))

    def _plain(self, usage: Usage) -> int:
        return (
            usage.uncached_input_tokens * self.input_pico
            + usage.cache_read_tokens * self.cache_read_pico
            + usage.cache_write_tokens * self.cache_write_pico
            + usage.output_tokens * self.output_pico
            + usage.reasoning_tokens * self.reasoning_pico
        )


RATES: tuple[str, ...] = Rates.__struct_fields__

STAND_INS: dict[str, str | None] = {
    "cache_write_1h_pico": "cache_write_pico",
    "audio_input_pico": "input_pico",
    "audio_cache_read_pico": "cache_read_pico",
    "audio_output_pico": "output_pico",
    "image_input_pico": "input_pico",
    "image_output_pico": "output_pico",
    "web_search_pico": None,
}
"""Which rate stands in for one that nobody stated; nothing stands in for a search."""

_EXTRAS = (
    ("cache_write_1h_tokens", "cache_write_1h_pico"),
    ("audio_input_tokens", "audio_input_pico"),
    ("audio_cache_read_tokens", "audio_cache_read_pico"),
    ("audio_output_tokens", "audio_output_pico"),
    ("image_input_tokens", "image_input_pico"),
    ("image_output_tokens", "image_output_pico"),
    ("web_searches", "web_search_pico"),
)


_ALSO: Mapping[str, str] = {"fast": "priority"}
"""OpenAI's other word for a tier (https://developers.openai.com/api/docs/guides/fast-mode); Anthropic's is another."""


class Band(Struct, frozen=True):
    """Rates that hold for requests of `tier` with more than `above_input_tokens` in their prompt."""

    rates: Rates
    tier: str = STANDARD
    above_input_tokens: int = 0

    def __post_init__(self) -> None:
        """Refuse a band that would be the price itself, or that no prompt could reach."""
        if self.above_input_tokens < 0 or (self.tier, self.above_input_tokens) == (STANDARD, 0):
            raise ValueError(f"a band is another tier's, or begins above some length: {self!r}")

    @property
    def is_base(self) -> bool:
        """Whether it holds for prompts of any length."""
        return self.above_input_tokens == 0


class Price(Rates, frozen=True):
    """Standard rates for short prompts, and bands in which other rates hold.

    `source` says who stated the price (a URL, a file), `as_of` when. `off_peak` is what is charged instead in
    certain hours.
    """

    as_of: date | None = None
    source: str = ""
    bands: tuple[Band, ...] = ()
    off_peak: "OffPeak | None" = None

    @classmethod
    def per_mtok(
        cls,
        input_usd: str | float,
        output_usd: str | float,
        *,
        as_of: date | None = None,
        source: str = "",
    ) -> "Price":
        """A price of two rates in USD per million tokens; cached input costs as much as plain."""
        into, out = pico_per_token(input_usd), pico_per_token(output_usd)
        return cls(into, out, into, into, out, as_of=as_of, source=source)

    @classmethod
    def of(
        cls,
        rates: Rates,
        source: str = "",
        as_of: date | None = None,
        bands: tuple[Band, ...] = (),
    ) -> "Price":
        """The price whose standard rates are `rates`."""
        stated = {name: getattr(rates, name) for name in RATES}
        return cls(**stated, as_of=as_of, source=source, bands=bands)

    def in_minute(self, minute: int) -> "Price":
        """The price in a minute of the week, from Monday's first one on in UTC."""
        cheaper = self.off_peak
        return cheaper.price if cheaper is not None and cheaper.has(minute) else self

    @property
    def origin(self) -> str:
        """Who stated the price, and of what date it is."""
        return f"{self.source} ({self.as_of.isoformat()})" if self.as_of else self.source

    def origin_of(self, input_tokens: int, tier: str) -> str:
        """`origin`, and above which length of the prompt the rates of a request hold, if it is a long one."""
        band = self._band_for(input_tokens, tier)
        if band is None or band.is_base:
            return self.origin
        return f"{self.origin}, above {band.above_input_tokens:,} tokens"

    @property
    def is_free(self) -> bool:
        """Whether nothing is ever charged (own hardware, say)."""
        every = (self, *(band.rates for band in self.bands))
        return not any(getattr(rates, name) for rates in every for name in RATES)

    @property
    def bills_searches(self) -> bool:
        """Whether a fee for searches is stated."""
        return bool(self.web_search_pico)

    def rates_for(self, input_tokens: int, tier: str = STANDARD) -> Rates:
        """The rates of a request: its tier's band with the highest threshold that it exceeds.

        A tier without stated rates for prompts of that length is charged at the standard ones.
        """
        band = self._band_for(input_tokens, tier)
        return self if band is None else band.rates

    def _band_for(self, input_tokens: int, tier: str) -> Band | None:
        """The band of a request; None if the standard rates for short prompts hold."""
        if not self.bands:
            return None
        band = self._in_band(input_tokens, tier)
        return self._in_band(input_tokens, STANDARD) if band is None and tier != STANDARD else band

    def _in_band(self, input_tokens: int, tier: str) -> Band | None:
        """The tier's highest band that so many tokens reach, None if they reach none."""
        stated = self._stated_as(tier)
        reached = [
            band
            for band in self.bands
            if band.tier == stated and (input_tokens > band.above_input_tokens or band.is_base)
        ]
        return max(reached, key=lambda band: band.above_input_tokens, default=None)

    def _stated_as(self, tier: str) -> str:
        """The name under which rates for `tier` are looked for: another one only if its own has none."""
        if tier == STANDARD or any(band.tier == tier for band in self.bands):
            return tier
        return _ALSO.get(tier, "")

    def bill(self, usage: Usage, tier: str) -> Bill:
        """The exact cost of `usage` at the rates that hold for it, and what is uncertain about it."""
        bill = self.rates_for(usage.input_tokens, tier).tally(usage)
        if tier == STANDARD or self._in_band(usage.input_tokens, tier) is not None:
            return bill
        return replace(bill, stood_in=(*bill.stood_in, f"tier {tier}"))

    def charge(self, usage: Usage, tier: str = STANDARD) -> Money:
        """The amount of `bill`."""
        return self.bill(usage, tier).amount

    def charge_uncached(self, input_tokens: int, output_tokens: int, tier: str = STANDARD) -> Money:
        """The cost of these tokens if none is cached or reasoned: for estimates."""
        rates = self.rates_for(input_tokens, tier)
        return Money(
            rates.request_pico + input_tokens * rates.input_pico + output_tokens * rates.output_pico
        )

    def at_most(
        self,
        input_tokens: int,
        output_tokens: int,
        tier: str = STANDARD,
        *,
        may_sound: bool = False,
        may_show: bool = False,
    ) -> Money:
        """The most that these tokens can cost: all input written to a cache, all output reasoned or drawn.

        Audio counts where a request `may_sound`, and pictures in the prompt where it `may_show` some: such
        rates can be twenty times those of text.
        """
        rates = self.rates_for(input_tokens, tier)
        into = max(rates.input_pico, rates.cache_write_pico, rates.cache_write_1h_pico or 0)
        out = max(rates.output_pico, rates.reasoning_pico, rates.image_output_pico or 0)
        if may_sound:
            into = max(into, rates.audio_input_pico or 0)
            out = max(out, rates.audio_output_pico or 0)
        if may_show:
            into = max(into, rates.image_input_pico or 0)
        return Money(rates.request_pico + input_tokens * into + output_tokens * out)


class OffPeak(Struct, frozen=True):
    """A price for certain hours of the week: `spans` of minutes from Monday on in UTC, each without its last."""

    price: Price
    spans: tuple[tuple[int, int], ...]

    def has(self, minute: int) -> bool:
        """Whether that minute of the week is one of them."""
        return any(begin <= minute < end for begin, end in self.spans)
