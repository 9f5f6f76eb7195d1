"""Every dialect's fixtures mean what they mean, plain and streamed; and no counts make a negative."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config.prices.price_map import PriceMap
from router.domain.money import PICO_PER_USD, Money
from router.domain.usage import Usage
from router.wire.usage.layouts import LAYOUTS
from router.wire.usage.reading import read, read_stream
from tests.wire.documents import TREES
from tests.wire.usage_fixtures import FIXTURES, Fixture, by_hand

NAMES = [fixture.name for fixture in FIXTURES]


@pytest.mark.parametrize("fixture", FIXTURES, ids=NAMES)
def test_a_whole_answer_and_its_stream_mean_the_same(fixture: Fixture) -> None:
    dialect = LAYOUTS[fixture.dialect]

    assert read(dialect, fixture.plain) == fixture.usage
    assert read_stream(dialect, fixture.events) == fixture.usage


@pytest.mark.parametrize("fixture", FIXTURES, ids=NAMES)
def test_it_is_charged_what_the_price_list_says(fixture: Fixture) -> None:
    if not fixture.model:
        return
    facts = PriceMap.shipped().find(fixture.model)
    assert facts is not None

    bill = facts.price.bill(fixture.usage, fixture.tier)

    assert bill.amount == by_hand(fixture)
    assert (bill.stood_in, bill.unpriced) == ((), ())


def test_a_dollar_is_what_it_is() -> None:
    assert Money.from_usd(1).pico == PICO_PER_USD


def test_every_dialect_has_fixtures_and_a_source() -> None:
    assert {fixture.dialect for fixture in FIXTURES} == set(LAYOUTS)
    assert all(dialect.source.startswith("https://") for dialect in LAYOUTS.values())


def test_a_summary_that_anthropic_makes_on_the_way_is_charged_beside_the_answer() -> None:
    """Only iterations that are compactions are missing from the main counts."""
    answer = {"input_tokens": 23_000, "cache_read_input_tokens": 500, "output_tokens": 1_000}
    summary = {
        "type": "compaction",
        "input_tokens": 180_000,
        "output_tokens": 3_500,
        "cache_read_input_tokens": 40_000,
        "cache_creation_input_tokens": 300,
        "cache_creation": {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 100},
    }
    usage = {**answer, "iterations": [summary, {"type": "message", **answer}, summary]}
    read_so = Usage(383_000, 80_500, 400, 8_000, cache_write_1h_tokens=200)

    assert read(LAYOUTS["anthropic"], usage) == read_so
    begun = {"message": {"usage": {**answer, "output_tokens": 1}}}
    assert read_stream(LAYOUTS["anthropic"], [begun, {"usage": usage}]) == read_so


def test_calls_that_together_make_no_sense_are_not_charged() -> None:
    answer = {"input_tokens": 23_000, "output_tokens": 1_000}
    summary = {"type": "compaction", "input_tokens": 10**8, "output_tokens": 3_500}

    told = read(LAYOUTS["anthropic"], {**answer, "iterations": [summary] * 1000})
    assert told == Usage(23_000, output_tokens=1_000 + 3_500_000)


_CHAT = {
    "prompt_tokens": 10,
    "completion_tokens": 80,
    "completion_tokens_details": {"reasoning_tokens": 50},
}
_GEMINI = {"promptTokenCount": 10, "candidatesTokenCount": 80, "thoughtsTokenCount": 50}


@pytest.mark.parametrize(
    ("layout", "usage", "written"),
    [
        ("openai-chat", {**_CHAT, "total_tokens": 140}, 80),
        ("openai-chat", {**_CHAT, "total_tokens": 90}, 30),
        ("openai-chat", _CHAT, 30),
        ("gemini", {**_GEMINI, "totalTokenCount": 140}, 80),
        ("gemini", _GEMINI, 80),
    ],
)
def test_thoughts_are_beside_the_answer_where_the_total_or_the_api_says_so(
    layout: str, usage: dict[str, Any], written: int
) -> None:
    told = read(LAYOUTS[layout], usage)

    assert told == Usage(10, output_tokens=written, reasoning_tokens=50)


COUNTS = st.integers(-5, 10**10) | st.none() | st.booleans() | st.text(max_size=2)


def _with_other_counts(draw: st.DrawFn, tree: Any) -> Any:
    match tree:
        case dict():
            return {name: _with_other_counts(draw, each) for name, each in tree.items()}
        case list():
            return [_with_other_counts(draw, each) for each in tree]
        case int():  # of too many other counts next to nothing is read
            return draw(COUNTS) if draw(st.sampled_from([False] * 4 + [True])) else tree
        case leaf:
            return leaf


@st.composite
def distorted(draw: st.DrawFn) -> tuple[str, Any]:
    """A fixture's usage with any counts at all in some places of it."""
    fixture = draw(st.sampled_from(FIXTURES))
    return fixture.dialect, _with_other_counts(draw, fixture.plain)


@given(told=distorted())
def test_no_counts_make_a_negative_bucket_or_more_input_than_was_told(
    told: tuple[str, Any],
) -> None:
    dialect, plain = LAYOUTS[told[0]], told[1]

    usage = read(dialect, plain)  # a negative bucket would be refused here

    if usage is not None and not dialect.cache_is_apart and told[0] != "gemini":
        assert usage.input_tokens == plain[str(dialect.prompt[0])]


@given(tree=TREES, name=st.sampled_from(sorted(LAYOUTS)))
def test_what_makes_no_sense_is_no_usage(tree: Any, name: str) -> None:
    assert read(LAYOUTS[name], tree) is None
    assert read_stream(LAYOUTS[name], [{"usage": tree}, {"message": tree}]) is None
