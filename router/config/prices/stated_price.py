"""What the operator states about a model's price: rates, bands, and prices that take effect later."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from router.config.prices.rates import both_of, completed
from router.config.schema import (
    BandSection,
    HardwareSection,
    ModelSection,
    PriceChangeSection,
    PriceSection,
)
from router.domain.model import PriceChange
from router.domain.money import Money
from router.domain.price import Band, Price, Rates, pico_per_token

_SECONDS_PER_HOUR = 3600
_TOKENS_PER_MTOK = 1_000_000
_PER_TOKEN = (
    "input",
    "output",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "reasoning",
    "audio_input",
    "audio_cache_read",
    "audio_output",
    "image_input",
    "image_output",
)


def stated_price(section: PriceSection) -> Price:
    """The price in `section`: cached input, reasoning and pictures at the plain rate unless stated."""
    stated = _stated(section)
    into, out = stated["input_pico"], stated["output_pico"]
    usual = {
        "cache_read_pico": into,
        "cache_write_pico": into,
        "reasoning_pico": out,
        "image_input_pico": into,
    }
    rates = {**usual, **stated}
    standard = Rates(
        **rates,
        request_pico=Money.from_usd(section.request_usd).pico,
        web_search_pico=_fee(section.web_search_usd),
    )
    bands = tuple(_band(band, standard) for band in section.bands)
    bands += tuple(both_of(bands, standard))
    return Price.of(standard, section.source or "config", section.as_of, bands)


def price_changes(section: ModelSection) -> tuple[PriceChange, ...]:
    """The prices that take effect later, each at midnight UTC, the earliest first."""
    changes = (_change(each) for each in section.price_changes)
    return tuple(sorted(changes, key=lambda change: change.from_s))


def _change(section: PriceChangeSection) -> PriceChange:
    price = stated_price(section)
    dated = price if price.as_of else Price.of(price, price.source, section.from_, price.bands)
    return PriceChange(_midnight_s(section.from_), dated)


def _midnight_s(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def _band(section: BandSection, standard: Rates) -> Band:
    rates = completed(_stated(section), standard)
    return Band(rates, section.tier, section.above_input_tokens)


def _stated(section: PriceSection | BandSection) -> dict[str, int]:
    """The stated rates per token, in pico-dollars."""
    written: Mapping[str, float | None] = {
        name: getattr(section, f"{name}_usd_per_mtok") for name in _PER_TOKEN
    }
    hardware = section.hardware if isinstance(section, PriceSection) else None
    of_hardware = _of_hardware(hardware) if hardware else {}
    return of_hardware | {
        f"{name}_pico": pico_per_token(usd) for name, usd in written.items() if usd is not None
    }


def _of_hardware(section: HardwareSection) -> dict[str, int]:
    """The cost of a token by the time that it occupies the machine: the price of a second, over tokens per second.

    Cached tokens occupy it for no time.
    """
    second_usd = Decimal(repr(section.usd_per_hour)) / _SECONDS_PER_HOUR
    speeds = {
        "input_pico": section.input_tokens_per_second,
        "output_pico": section.output_tokens_per_second,
    }
    costs = {
        name: pico_per_token(second_usd * _TOKENS_PER_MTOK / Decimal(repr(speed)))
        for name, speed in speeds.items()
    }
    return costs | {"cache_read_pico": 0}


def _fee(usd: float | None) -> int | None:
    return None if usd is None else Money.from_usd(usd).pico
