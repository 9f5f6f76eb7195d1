"""Prices: exact rates, and charges that add up however the tokens are grouped."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.money import ZERO, Money
from router.domain.price import Price, pico_per_token
from router.domain.usage import NO_USAGE, Usage

COUNTS = st.integers(0, 10**7)
USAGES = st.builds(Usage, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
RATES = st.integers(0, 10**9)
PRICES = st.builds(Price, RATES, RATES, RATES, RATES, RATES)


def test_two_dollars_fifty_per_million_tokens_are_two_and_a_half_million_picos_each() -> None:
    assert pico_per_token("2.50") == 2_500_000
    assert Price.per_mtok(2.5, "10").charge(Usage(1_000_000)) == Money.from_usd("2.5")


def test_each_bucket_is_charged_at_its_own_rate() -> None:
    price = Price(1, 20, 300, 4_000, 50_000, request_pico=600_000)

    assert price.charge(Usage(1, 1, 1, 1, 1)) == Money(654_321)


def test_a_fee_per_request_is_charged_without_any_token() -> None:
    assert Price(0, 0, 0, 0, 0, request_pico=7).charge(NO_USAGE) == Money(7)


@pytest.mark.parametrize("name", ["input", "output", "cache_read", "cache_write", "reasoning"])
@pytest.mark.parametrize("rate", [-1, 0.5, 1.0, "1", True])
def test_a_rate_is_a_whole_number_and_never_negative(name: str, rate: Any) -> None:
    rates = dict.fromkeys(
        ["input_pico", "output_pico", "cache_read_pico", "cache_write_pico", "reasoning_pico"], 0
    )
    with pytest.raises(ValueError, match=f"{name}_pico must be a whole number"):
        Price(**{**rates, f"{name}_pico": rate})


def test_its_origin_names_source_and_date() -> None:
    dated = Price.per_mtok("1", "2", as_of=date(2026, 10, 21), source="a list")
    assert dated.origin == "a list (2026-10-21)"
    assert Price.per_mtok("1", "2", source="config").origin == "config"


def test_only_what_charges_nothing_at_all_is_free() -> None:
    free = Price(0, 0, 0, 0, 0)
    rates = [name for name in Price.__dataclass_fields__ if name.endswith("_pico")]

    assert free.is_free
    assert len(rates) == 13
    assert not any(replace(free, **{rate: 1}).is_free for rate in rates)  # type: ignore[arg-type]


@given(price=PRICES, parts=st.lists(USAGES))
def test_the_charge_of_the_whole_is_the_sum_of_the_charges(
    price: Price, parts: list[Usage]
) -> None:
    whole = sum(parts, NO_USAGE)

    assert price.charge(whole) == sum(map(price.charge, parts), ZERO)


@given(price=PRICES, usage=USAGES, more=USAGES)
def test_more_tokens_never_cost_less(price: Price, usage: Usage, more: Usage) -> None:
    assert price.charge(usage + more) >= price.charge(usage)


@given(cents=st.integers(0, 10**8))
def test_rates_in_hundredths_of_a_cent_per_million_tokens_are_exact(cents: int) -> None:
    text = f"{cents // 10**4}.{cents % 10**4:04}"

    assert pico_per_token(text) == cents * 100
    assert pico_per_token(float(text)) == cents * 100
