"""What a call cost, how sure that is, and what is said about it."""

import pytest

from router.domain.ledger import CostSource
from router.domain.money import ZERO, Money
from router.domain.price import Price
from router.domain.usage import NO_USAGE, Usage, UsageSource
from router.ledger.charge import NO_CHARGE, STATED, as_stated, charged, with_unknown_part

PRICE = Price.per_mtok("1", "2")
USAGE = Usage(1000, output_tokens=100)
LISTED = Money.from_usd("0.0012")
HEARD = USAGE + Usage(audio_input_tokens=10)
SEARCHED = USAGE + Usage(web_searches=1)


@pytest.mark.parametrize(
    ("usage", "source", "trust", "note"),
    [
        (USAGE, UsageSource.UPSTREAM, CostSource.PRICED, ""),
        (USAGE, UsageSource.ESTIMATED, CostSource.ESTIMATED, ""),
        (
            HEARD,
            UsageSource.UPSTREAM,
            CostSource.ESTIMATED,
            "no rate of its own for audio_input_tokens",
        ),
        (SEARCHED, UsageSource.ESTIMATED, CostSource.UNPRICED, "no rate for web_searches"),
        (
            HEARD + SEARCHED,
            UsageSource.UPSTREAM,
            CostSource.UNPRICED,
            "no rate for web_searches; no rate of its own for audio_input_tokens",
        ),
    ],
)
def test_a_cost_is_sure_only_where_all_was_counted_and_has_a_rate_of_its_own(
    usage: Usage, source: UsageSource, trust: CostSource, note: str
) -> None:
    charge = charged(PRICE, usage, source)

    assert (charge.cost_source, charge.note) == (trust, note)


def test_what_is_free_is_free_whoever_counts_and_whatever_it_consults() -> None:
    own = charged(Price(0, 0, 0, 0, 0), SEARCHED, UsageSource.ESTIMATED)

    assert (own.cost, own.cost_source) == (ZERO, CostSource.FREE)
    assert with_unknown_part(own) == own
    assert with_unknown_part(NO_CHARGE) == NO_CHARGE


@pytest.mark.parametrize("usage", [USAGE, SEARCHED])
@pytest.mark.parametrize("stated", [Money.from_usd("0.5"), ZERO])
def test_a_bill_is_charged_whatever_the_price_says(usage: Usage, stated: Money) -> None:
    told = as_stated(charged(PRICE, usage, UsageSource.UPSTREAM), stated, is_bill=True)

    assert (told.cost, told.cost_source, told.note) == (stated, CostSource.PRICED, "")
    assert (told.usage, told.price_source) == (usage, STATED)


def test_a_bill_of_nothing_is_not_believed_of_an_answer_without_counts() -> None:
    guessed = charged(PRICE, USAGE, UsageSource.ESTIMATED)

    assert as_stated(guessed, ZERO, is_bill=True) == guessed
    assert as_stated(guessed, LISTED * 3, is_bill=True).cost == LISTED * 3


def test_where_a_bill_is_not_stated_the_price_is_an_estimate() -> None:
    counted = charged(PRICE, USAGE, UsageSource.UPSTREAM)
    told = as_stated(counted, None, is_bill=True)

    assert (told.cost, told.cost_source) == (LISTED, CostSource.ESTIMATED)
    assert told.note == "the answer does not state its cost"
    assert as_stated(counted, None, is_bill=False) == counted
    unknown = charged(PRICE, SEARCHED, UsageSource.UPSTREAM)
    assert as_stated(unknown, None, is_bill=True) == unknown


@pytest.mark.parametrize(
    ("stated", "note"),
    [
        ("0.0012", ""),
        ("0.00121", ""),
        ("0.00119", ""),
        ("0.00122", "the answer states 0.00122 USD"),
        ("0.0001", "the answer states 0.0001 USD"),
        ("0", ""),
    ],
)
def test_a_cost_that_is_no_bill_is_noted_where_it_differs_by_more_than_a_hundredth(
    stated: str, note: str
) -> None:
    counted = charged(PRICE, USAGE, UsageSource.UPSTREAM)
    told = as_stated(counted, Money.from_usd(stated), is_bill=False)

    assert (told.cost, told.cost_source, told.note) == (LISTED, CostSource.PRICED, note)


def test_what_was_used_on_the_way_makes_a_cost_incomplete() -> None:
    told = with_unknown_part(charged(PRICE, HEARD, UsageSource.UPSTREAM))

    assert told.cost_source is CostSource.UNPRICED
    assert told.note == (
        "no rate for the tokens of another model that was asked on the way;"
        " no rate of its own for audio_input_tokens"
    )
    assert charged(PRICE, NO_USAGE, UsageSource.UPSTREAM).cost == ZERO
