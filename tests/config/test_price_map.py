"""The shipped price map: read as data, exact to the last decimal, with what it says and no more."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config.prices.price_map import PriceMap, litellm_folder
from router.config.prices.written_entries import WrittenEntries
from router.domain.model import Capability
from router.domain.money import PICO_PER_USD
from router.stores.sql.rollup_schema import SIZE_THRESHOLDS

RATES = {
    "input_pico": "input_cost_per_token",
    "output_pico": "output_cost_per_token",
    "cache_read_pico": "cache_read_input_token_cost",
    "cache_write_pico": "cache_creation_input_token_cost",
}


@pytest.fixture(scope="module")
def raw() -> dict[str, dict[str, Any]]:
    """The shipped file, with its decimals kept as written."""
    text = (litellm_folder() / "model_prices_and_context_window_backup.json").read_text()
    entries: dict[str, dict[str, Any]] = json.loads(text, parse_float=Decimal)
    return entries


@pytest.fixture(scope="module")
def shipped() -> PriceMap:
    return PriceMap.shipped()


def made(**entry: Any) -> PriceMap:
    priced = {"input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06, "mode": "chat"}
    return PriceMap({"m": {**priced, **entry}}, as_of=date(2026, 1, 2), source="a test")


def test_every_price_is_the_decimal_of_the_file_to_the_nearest_pico(
    shipped: PriceMap, raw: dict[str, dict[str, Any]]
) -> None:
    priced = {key: facts for key in raw if (facts := shipped.find(key))}
    off_by = {
        f"{key}: {name}": abs(getattr(facts.price, name) - Decimal(raw[key][said]) * PICO_PER_USD)
        for key, facts in priced.items()
        for name, said in RATES.items()
        if raw[key].get(said) is not None and "tiered_pricing" not in raw[key]
    }
    assert len(priced) > 1000
    assert max(off_by.values()) <= Decimal("0.5")
    # A few resellers convert from other units and state fractions of a pico-dollar.
    assert sum(off != 0 for off in off_by.values()) < 0.02 * len(off_by)


def test_an_entry_is_read_where_it_stands_as_if_all_had_been_parsed() -> None:
    text = (litellm_folder() / "model_prices_and_context_window_backup.json").read_text("utf-8")
    entries, parsed = WrittenEntries(text), json.loads(text)

    assert set(entries) == set(parsed)
    assert len(entries) == len(parsed)
    assert [key for key in parsed if entries[key] != parsed[key]] == []
    assert "no-such-model" not in entries
    assert "mode" not in entries


def test_a_key_is_not_taken_for_the_end_of_another_or_for_a_value() -> None:
    text = '{"a/b": {"n": 1}, "c": {"like": "b"}, "q\\"b": {"n": 2},\n"b" :\n {"n": 3}}'

    assert WrittenEntries(text)["b"] == {"n": 3}
    assert WrittenEntries(text)['q"b'] == {"n": 2}


@pytest.mark.parametrize(
    ("key", "input_usd_per_mtok", "output_usd_per_mtok"),
    [
        ("gpt-4o", "2.5", "10"),
        ("gpt-4o-mini", "0.15", "0.6"),
        ("claude-haiku-4-5", "1", "5"),
    ],
)
def test_well_known_prices_are_what_they_are_known_to_be(
    key: str, input_usd_per_mtok: str, output_usd_per_mtok: str, shipped: PriceMap
) -> None:
    facts = shipped.find(key)

    assert facts
    assert facts.price.input_pico == Decimal(input_usd_per_mtok) * 10**6
    assert facts.price.output_pico == Decimal(output_usd_per_mtok) * 10**6


def test_a_price_keeps_its_source_and_its_date(shipped: PriceMap) -> None:
    facts = shipped.find("gpt-4o")

    assert facts
    assert facts.price.origin == "litellm 1.106.2 price map, gpt-4o (2026-10-21)"


def test_what_is_no_chat_model_or_has_no_price_is_not_found(shipped: PriceMap) -> None:
    assert shipped.find("text-embedding-3-small") is None
    assert shipped.find("no-such-model") is None
    assert made(mode="embedding").find("m") is None
    no_price = PriceMap(
        {"m": {"mode": "chat", "input_cost_per_token": 1}}, as_of=date.min, source=""
    )
    assert no_price.find("m") is None


def test_every_model_has_room_for_a_token(shipped: PriceMap) -> None:
    facts = [found for key in shipped.keys if (found := shipped.find(key))]

    limits = [each.max_output_tokens for each in facts if each.max_output_tokens is not None]
    known = [each.context_tokens for each in facts if each.context_tokens is not None]
    assert min(known) >= 1
    assert len(known) > 0.9 * len(facts)
    assert min(limits) >= 1
    assert len(limits) > len(facts) / 2


def test_what_has_no_rate_of_its_own_is_charged_as_plain_input_or_output() -> None:
    facts = made().find("m")

    assert facts
    price = facts.price
    assert (price.cache_read_pico, price.cache_write_pico) == (10**6, 10**6)
    assert (price.reasoning_pico, price.request_pico) == (2 * 10**6, 0)
    assert (facts.context_tokens, facts.max_output_tokens) == (None, None)


def test_how_long_an_answer_may_be_is_known_only_where_it_is_said() -> None:
    said, vague = made(max_output_tokens=900, max_tokens=8000), made(max_tokens=8000)

    assert (found := said.find("m"))
    assert found.max_output_tokens == 900
    assert (found := vague.find("m"))
    assert (found.context_tokens, found.max_output_tokens) == (
        8000,
        None,
    )


def test_who_can_be_told_how_hard_to_think_is_in_the_map(shipped: PriceMap) -> None:
    takes = {key: shipped.find(key) for key in ("gpt-4o-mini", "o4-mini", "claude-sonnet-4-5")}

    assert {key: found.takes_effort for key, found in takes.items() if found} == {
        "gpt-4o-mini": False,
        "o4-mini": True,
        "claude-sonnet-4-5": True,
    }


def test_capabilities_are_those_that_are_stated_and_those_that_nearly_all_have() -> None:
    plain = made(supports_function_calling=True, supports_vision=False).find("m")
    claude = made(litellm_provider="anthropic", supports_pdf_input=True).find("m")

    assert plain
    assert claude
    assert plain.capabilities == {
        Capability.TOOLS,
        Capability.JSON_OBJECT,
        Capability.LOGPROBS,
        Capability.MANY_CHOICES,
    }
    assert claude.capabilities == {Capability.FILES, Capability.JSON_OBJECT}


@given(digits=st.integers(0, 10**6), exponent=st.integers(-12, -6))
def test_a_price_written_as_a_float_means_its_decimals(digits: int, exponent: int) -> None:
    written = f"{digits}e{exponent}"
    entry = orjson.loads(f'{{"input_cost_per_token": {written}}}')
    facts = made(**entry).find("m")

    assert facts
    assert facts.price.input_pico == Decimal(written) * PICO_PER_USD


def test_a_long_prompt_has_its_own_rates_and_a_tier_too() -> None:
    facts = made(
        input_cost_per_token_above_200k_tokens=2e-06,
        output_cost_per_token_above_200k_tokens=3e-06,
        input_cost_per_token_priority=4e-06,
        output_cost_per_token_priority=8e-06,
        cache_read_input_token_cost=1e-07,
        cache_read_input_token_cost_priority=5e-07,
    ).find("m")

    assert facts
    price = facts.price
    long, fast = price.rates_for(200_001), price.rates_for(200_000, "priority")
    assert price.rates_for(200_000) == price
    assert (long.input_pico, long.output_pico) == (2 * 10**6, 3 * 10**6)
    assert (fast.input_pico, fast.cache_read_pico) == (4 * 10**6, 5 * 10**5)


def test_what_a_band_leaves_out_keeps_its_proportion() -> None:
    facts = made(
        cache_read_input_token_cost=1e-07,
        cache_creation_input_token_cost=1.25e-06,
        cache_creation_input_token_cost_above_1hr=2e-06,
        input_cost_per_token_batches=5e-07,
        output_cost_per_token_batches=1e-06,
        input_cost_per_token_above_200k_tokens=2e-06,
    ).find("m")

    assert facts
    batch, both = (facts.price.rates_for(tokens, "batch") for tokens in (1, 300_000))
    assert (batch.cache_read_pico, batch.cache_write_pico) == (50_000, 625_000)
    assert batch.cache_write_1h_pico == 10**6
    assert (both.input_pico, both.output_pico, both.cache_read_pico) == (10**6, 10**6, 10**5)


def test_a_list_of_ranges_is_a_list_of_bands() -> None:
    ranges = [
        {"range": [0, 32000.0], "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06},
        {"range": [32000.0, 1e6], "input_cost_per_token": 3e-06, "output_cost_per_token": 4e-06},
    ]
    listed = PriceMap({"m": {"mode": "chat", "tiered_pricing": ranges}}, as_of=None, source="x")
    facts = listed.find("m")

    assert facts
    assert [facts.price.rates_for(tokens).input_pico for tokens in (1, 32_000, 32_001)] == [
        10**6,
        10**6,
        3 * 10**6,
    ]


def test_audio_pictures_and_searches_have_their_rates_where_they_are_stated() -> None:
    searches = {"search_context_size_low": 0.01, "search_context_size_medium": 0.02}
    facts = made(
        input_cost_per_audio_token=4e-05,
        output_cost_per_audio_token=8e-05,
        search_context_cost_per_query=searches,
    ).find("m")

    assert facts
    price = facts.price
    assert (price.audio_input_pico, price.audio_output_pico) == (40 * 10**6, 80 * 10**6)
    assert (price.image_input_pico, price.web_search_pico) == (price.input_pico, 2 * 10**10)
    assert (price.cache_write_1h_pico, price.image_output_pico) == (None, None)


def test_fast_mode_and_a_country_are_tiers_of_their_own() -> None:
    facts = made(
        input_cost_per_token_above_200k_tokens=2e-06,
        cache_creation_input_token_cost_above_1hr=2e-06,
        provider_specific_entry={"us": 1.1, "fast": 6.0},
    ).find("m")

    assert facts
    tiers = [("us", 1), ("us", 200_001), ("fast", 1), ("fast", 200_001), ("fast_us", 1)]
    rates = [facts.price.rates_for(tokens, tier) for tier, tokens in tiers]
    assert [each.input_pico for each in rates] == [
        1_100_000,
        2_200_000,
        *[6_000_000] * 2,
        6_600_000,
    ]
    assert [each.output_pico for each in rates[::2]] == [2_200_000, 12_000_000, 13_200_000]
    assert rates[0].cache_write_1h_pico == 2_200_000


def test_every_length_at_which_a_rate_changes_is_one_that_sums_are_kept_by(
    shipped: PriceMap,
) -> None:
    prices = [facts.price for key in shipped.keys if (facts := shipped.find(key))]
    lengths = {band.above_input_tokens for price in prices for band in price.bands}

    assert lengths - {0} <= set(SIZE_THRESHOLDS)
    assert {band.tier for price in prices for band in price.bands} >= {"batch", "flex", "priority"}
    assert all(
        rates.input_pico >= 0 for price in prices for rates in (b.rates for b in price.bands)
    )
