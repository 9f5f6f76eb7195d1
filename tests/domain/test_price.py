"""Prices: exact rates, and charges that add up however the tokens are grouped."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.members import replace
from router.domain.money import ZERO, Money
from router.domain.price import RATES, STAND_INS, Band, Price, Rates, pico_per_token
from router.domain.usage import BUCKETS, NO_USAGE, Usage

COUNTS = st.integers(0, 10**7)
USAGES = st.builds(Usage, *([COUNTS] * len(BUCKETS)))
RATE = st.integers(0, 10**9)
PRICES = st.builds(Price, RATE, RATE, RATE, RATE, RATE)


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
    rates = [name for name in Price.__struct_fields__ if name.endswith("_pico")]

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


RATES_WITH_GAPS = st.builds(
    Rates,
    **dict.fromkeys((name for name in RATES if name not in STAND_INS), RATE),
    **dict.fromkeys((name for name in RATES if name in STAND_INS), st.none() | RATE),
)


@given(rates=RATES_WITH_GAPS, parts=st.lists(USAGES), data=st.data())
def test_the_bill_of_the_whole_is_that_of_its_parts_in_any_order_and_any_halves(
    rates: Rates, parts: list[Usage], data: st.DataObject
) -> None:
    whole = rates.tally(sum(parts, NO_USAGE), requests=len(parts))
    shuffled = data.draw(st.permutations(parts))
    cut = data.draw(st.integers(0, len(parts)))
    halves = [
        rates.tally(sum(half, NO_USAGE), requests=len(half))
        for half in (shuffled[:cut], shuffled[cut:])
    ]

    assert whole.amount == sum((rates.tally(part).amount for part in parts), ZERO)
    assert whole.amount == sum((half.amount for half in halves), ZERO)
    assert set(whole.unpriced) == {name for half in halves for name in half.unpriced}
    assert set(whole.stood_in) == {name for half in halves for name in half.stood_in}


@given(rates=RATES_WITH_GAPS, usage=USAGES)
def test_what_is_used_is_charged_or_said_to_have_no_rate(rates: Rates, usage: Usage) -> None:
    bill = rates.tally(usage)
    dear = {name: rates.stated(name) for name in RATES}

    if any(
        dear[f"{bucket.removesuffix('_tokens')}_pico"] for bucket in PLAIN if getattr(usage, bucket)
    ):
        assert bill.amount > ZERO
    assert ("web_searches" in bill.unpriced) == (
        usage.web_searches > 0 and rates.web_search_pico is None
    )


PLAIN = ("cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
LONG = Price(1, 2, 1, 1, 2, bands=(Band(Rates(3, 6, 3, 3, 6), above_input_tokens=1000),))


@pytest.mark.parametrize(("prompt", "pico"), [(999, 999), (1000, 1000), (1001, 3003)])
def test_a_band_begins_above_its_threshold(prompt: int, pico: int) -> None:
    assert LONG.charge(Usage(prompt)) == Money(pico)
    assert LONG.charge(Usage(prompt - 500, 300, 200)) == Money(pico)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("prompt", "pico"), [(1000, 1000), (1001, 3003), (2001, 10_005)])
def test_of_the_bands_that_a_prompt_exceeds_the_longest_ones_rates_hold(
    prompt: int, pico: int, order: int
) -> None:
    longer = Band(Rates(5, 9, 5, 5, 9), above_input_tokens=2000)
    price = replace(LONG, source="a list", bands=(*LONG.bands, longer)[::order])

    assert price.charge(Usage(prompt)) == Money(pico)
    assert price.origin_of(2001, "standard") == "a list, above 2,000 tokens"
    assert price.origin_of(1000, "standard") == "a list"


def test_a_tier_without_rates_is_charged_as_usual_and_says_so() -> None:
    bill = LONG.bill(Usage(10), "priority")

    assert (bill.amount, bill.stood_in) == (Money(10), ("tier priority",))


@pytest.mark.parametrize(
    ("prompt", "pico", "stood_in"),
    [(10, 10, ("tier flex",)), (1500, 4500, ("tier flex",)), (2001, 4002, ())],
)
def test_a_tier_is_known_from_the_length_on_for_which_its_rates_are_stated(
    prompt: int, pico: int, stood_in: tuple[str, ...]
) -> None:
    price = replace(LONG, bands=(*LONG.bands, Band(Rates(2, 2, 2, 2, 2), "flex", 2000)))
    bill = price.bill(Usage(prompt), "flex")

    assert (bill.amount, bill.stood_in) == (Money(pico), stood_in)


@pytest.mark.parametrize(("stated", "pico"), [(("priority",), 30), (("priority", "fast"), 60)])
def test_fast_is_priority_where_it_has_no_rates_of_its_own(
    stated: tuple[str, ...], pico: int
) -> None:
    bands = tuple(Band(Rates(3 * at, 6, 3, 3, 6), name) for at, name in enumerate(stated, 1))
    bill = Price(1, 2, 1, 1, 2, bands=bands).bill(Usage(10), "fast")

    assert (bill.amount, bill.stood_in) == (Money(pico), ())


@pytest.mark.parametrize(("tier", "above"), [("standard", 0), ("flex", -1)])
def test_a_band_that_would_be_the_price_itself_is_refused(tier: str, above: int) -> None:
    with pytest.raises(ValueError, match="a band is another tier's"):
        Band(Rates(1, 1, 1, 1, 1), tier, above)


@given(usage=USAGES, rates=st.lists(RATE, min_size=9, max_size=9))
def test_nothing_costs_more_than_the_most_that_so_many_tokens_can_cost(
    usage: Usage, rates: list[int]
) -> None:
    """Whatever these are: thought, heard, drawn, written to a cache; what is read from one is never dearer."""
    into, out, written, reasoned, written_1h, heard, spoken, seen, drawn = rates
    price = Price(
        into,
        out,
        into // 2,
        written,
        reasoned,
        cache_write_1h_pico=written_1h,
        audio_input_pico=heard,
        audio_cache_read_pico=heard // 2,
        audio_output_pico=spoken,
        image_input_pico=seen,
        image_output_pico=drawn,
        web_search_pico=0,
    )
    tokens = usage.input_tokens, usage.total_output_tokens
    assert price.charge(usage) <= price.at_most(*tokens, may_sound=True, may_show=True)


def test_a_request_without_sound_sets_no_money_aside_for_it() -> None:
    text = Price.per_mtok("2", "10")
    voiced = replace(text, audio_input_pico=40_000_000, audio_output_pico=80_000_000)

    assert voiced.at_most(100, 100) == text.at_most(100, 100)
    assert voiced.at_most(100, 100, may_sound=True) == Money.from_usd("0.012")


def test_a_request_without_pictures_sets_no_money_aside_for_them() -> None:
    text = Price.per_mtok("2", "10")
    seeing = replace(text, image_input_pico=40_000_000)

    assert seeing.at_most(100, 100) == text.at_most(100, 100)
    assert seeing.at_most(100, 100, may_show=True) == Money.from_usd("0.005")


def test_where_no_rate_for_sound_and_pictures_is_stated_theirs_are_those_of_text() -> None:
    text = Price.per_mtok("2", "10")

    assert text.at_most(100, 100, may_sound=True, may_show=True) == text.at_most(100, 100)
    assert text.stated("audio_input_pico") == text.stated("image_input_pico") == text.input_pico
