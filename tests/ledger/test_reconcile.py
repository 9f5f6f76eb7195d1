"""An invoice with planted differences: each is found, with its reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.money import ZERO, Money
from router.ledger.invoices import UnknownInvoice, read_invoice
from router.ledger.invoices.formats import InvoiceLine
from router.ledger.reconcile import Booked, Place, known_as, reconcile

NAMES = {"gpt-4o": "gpt-4o", "claude-sonnet-4-5-20250929": "sonnet", "sonnet": "sonnet"}

OPENAI = """\
start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id
1,2,2026-11-01T00:00:00+00:00,2026-11-02T00:00:00+00:00,1.25,usd,"gpt-4o-2024-08-06, input",p
1,2,2026-11-01T00:00:00+00:00,2026-11-02T00:00:00+00:00,0.750000,usd,"gpt-4o-2024-08-06, output",p
1,2,2026-11-01T00:00:00+00:00,2026-11-02T00:00:00+00:00,0.30,usd,web search tool calls,p
2,3,2026-11-02T00:00:00+00:00,2026-11-03T00:00:00+00:00,,,,
"""
ANTHROPIC = """\
usage_date_utc,model,workspace,token_type,cost_usd
2026-11-01,claude-sonnet-4-5,w,uncached_input_tokens,$1.50
2026-11-01,claude-sonnet-4-5,w,output_tokens,"1,000.25"
2026-11-01,claude-sonnet-4-5,w,web_search,0.03
"""
GENERIC = """\
Date,Model,Cost_USD,input_tokens,output_tokens
2026-11-01,gpt-4o,2.00,700000,25000
"""


def usd(text: str) -> Money:
    return Money.from_usd(text)


def line(cost: str, tokens: int | None = None, day: str = "2026-11-02") -> InvoiceLine:
    return InvoiceLine(day, "gpt-4o", usd(cost), input_tokens=tokens, output_tokens=0)


def reason(lines: list[InvoiceLine], booked: dict[Place, Booked], day: str = "2026-11-02") -> str:
    found = reconcile(lines, booked, NAMES)
    (told,) = [each for each in found.lines if each.day == day]
    assert not told.is_within
    assert not found.agrees
    return told.reason


def on(day: str, **fields: object) -> dict[Place, Booked]:
    return {(day, "gpt-4o"): Booked(**fields)}  # type: ignore[arg-type]


def test_openais_lines_are_read_by_model_and_item() -> None:
    lines = read_invoice(OPENAI)

    assert [(each.model, each.item, str(each.cost)) for each in lines] == [
        ("gpt-4o-2024-08-06", "input", "1.25"),
        ("gpt-4o-2024-08-06", "output", "0.75"),
        ("", "web search tool calls", "0.3"),
    ]
    found = reconcile(lines, on("2026-11-01", cost=usd("2")), NAMES)
    assert [(each.model, each.is_within) for each in found.lines] == [
        ("gpt-4o", True),
        ("web search tool calls", False),
    ]


@pytest.mark.parametrize(
    ("line_item", "model", "item", "is_tokens"),
    [
        ("gpt-5-nano, input_tokens", "gpt-5-nano", "input_tokens", True),
        ("priority | gpt-5.4, output, long context", "gpt-5.4", "output, long context", True),
        (
            "gpt-audio-mini-2025-12-15 audio, input",
            "gpt-audio-mini-2025-12-15",
            "audio, input",
            True,
        ),
        ("gpt-image-1 text, cached input", "gpt-image-1", "text, cached input", True),
        ("ft:gpt-4o-2024-08-06:us::a1, output", "ft:gpt-4o-2024-08-06:us::a1", "output", True),
        ("gpt-4o-2024-08-06, web search", "gpt-4o-2024-08-06", "web search", False),
        ("assistants api | file search", "", "assistants api | file search", False),
        ("web search tool calls", "", "web search tool calls", False),
    ],
)
def test_openais_line_items_are_taken_apart(
    line_item: str, model: str, item: str, is_tokens: bool
) -> None:
    (told, *_) = read_invoice(OPENAI.replace("gpt-4o-2024-08-06, input", line_item))
    assert (told.model, told.item, told.is_tokens) == (model, item, is_tokens)


def test_anthropics_lines_are_read_and_searches_are_told_apart() -> None:
    booked = {("2026-11-01", "sonnet"): Booked(cost=usd("900"))}
    (told,) = reconcile(read_invoice(ANTHROPIC), booked, NAMES).lines

    assert (told.model, told.invoiced) == ("sonnet", usd("1001.78"))
    lines = read_invoice(ANTHROPIC.replace('"1,000.25"', "0.25"))
    booked = {("2026-11-01", "sonnet"): Booked(cost=usd("1.75"))}
    (told,) = reconcile(lines, booked, NAMES, tolerance=0.0).lines
    assert told.reason == "0.03 USD are not for tokens: web_search"


CONSOLE = """\
usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type
2026-11-01,Claude Sonnet 4.5,Default,a,message,\u2264 200k,input_no_cache,0.19,0.19,token
2026-11-01,Claude Sonnet 4.5,Default,a,message,\u2264 200k,input_cache_read,0.00,0.00,token
2026-11-01,Claude Sonnet 4.5,Default,a,message,\u2264 200k,output,0.03,0.03,token
2026-11-01,Claude Sonnet 4.5,Default,b,message,\u2264 200k,output,0.00,0.00,token
2026-11-01,Claude 3.5 Haiku 2024-10-22,Default,b,message,\u2264 200k,output,0.01,0.01,token
"""


def test_an_anthropic_export_may_call_the_model_a_version() -> None:
    (first, *_) = read_invoice(ANTHROPIC.replace(",model,", ",model_version,"))

    assert first.model == "claude-sonnet-4-5"


def test_anthropics_console_calls_models_as_people_do_and_rounds_each_line_to_a_cent() -> None:
    names = {"claude-sonnet-4-5-20250929": "sonnet", "claude-3-5-haiku-20241022": "haiku"}
    day = "2026-11-01"
    booked = {(day, "sonnet"): Booked(usd("0.2399")), (day, "haiku"): Booked(usd("0.0111"))}
    found = reconcile(read_invoice(CONSOLE), booked, names)

    assert [(told.model, told.invoiced) for told in found.lines] == [
        ("haiku", usd("0.01")),
        ("sonnet", usd("0.22")),
    ]
    assert found.agrees
    more = booked | {(day, "sonnet"): Booked(usd("0.2401"))}
    assert not reconcile(read_invoice(CONSOLE), more, names).agrees


def test_the_plain_form_has_tokens_and_any_spelling_of_its_header() -> None:
    (only,) = read_invoice("\ufeff" + GENERIC)

    assert (only.day, only.model, only.cost) == ("2026-11-01", "gpt-4o", usd("2"))
    assert (only.input_tokens, only.output_tokens) == (700_000, 25_000)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("when,what\n1,2\n", "the columns when, what; the known formats are openai: amount_value"),
        ('\ufeff{"object": "page", "data": []}', "is JSON, as APIs answer"),
        ("[\n]\n", "is JSON, as APIs answer"),
        (GENERIC.replace(",", ";"), "one column, 'date;model;.*commas must be between columns"),
        (GENERIC.replace("2.00", "two"), "line 2 of the invoice: 'two' is not an amount"),
        (GENERIC.replace("2026-11-01", "yesterday"), "line 2"),
        (OPENAI.replace("1.25,usd", "1.25,eur"), "not in US dollars"),
        (OPENAI.replace('"gpt-4o-2024-08-06, input"', ""), "grouped by line item"),
    ],
)
def test_what_is_no_invoice_is_told_with_what_would_be(text: str, said: str) -> None:
    with pytest.raises(UnknownInvoice, match=said):
        read_invoice(text)


@pytest.mark.parametrize(
    ("given", "ours"),
    [
        ("gpt-4o", "gpt-4o"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("claude-sonnet-4-5-20250929", "sonnet"),
        ("claude-sonnet-4-5", "sonnet"),
        ("gpt-4o-mini", "gpt-4o-mini"),
    ],
)
def test_models_are_known_by_their_dated_names_too(given: str, ours: str) -> None:
    assert known_as(given, NAMES) == ours


def test_what_was_booked_under_a_vendors_name_is_its_models() -> None:
    """A model has got another id since, or the semantic cache has asked for vectors by the vendor's name."""
    names = {"gpt-4o": "big", "big": "big"}
    before = Booked(cost=usd("2"), input_tokens=100)
    after = Booked(cost=usd("3"), input_tokens=10)
    booked = {("2026-11-02", "gpt-4o"): before, ("2026-11-02", "big"): after}
    (told,) = reconcile([line("5", tokens=110)], booked, names).lines

    assert (told.model, told.booked, told.is_within) == ("big", usd("5"), True)


@pytest.mark.parametrize(
    ("booked", "invoiced"), [("gpt-image-1", "gpt-image-1-2025-04-23"), ("tts-2026-01-01", "tts")]
)
def test_a_model_without_an_id_is_known_by_the_name_that_was_booked(
    booked: str, invoiced: str
) -> None:
    ours: dict[Place, Booked] = {("2026-11-26", booked): Booked(Money.from_usd(4))}
    found = reconcile([InvoiceLine("2026-11-26", invoiced, Money.from_usd(4))], ours, {})

    assert [line.model for line in found.lines] == [booked]
    assert found.agrees


def test_less_than_a_cent_is_no_difference() -> None:
    booked = on("2026-11-02", cost=usd("1.991"), unpriced_attempts=1)
    found = reconcile([line("2.00")], booked, NAMES, tolerance=0.0)

    assert found.agrees
    assert found.lines[0].reason == ""


def test_days_that_are_cut_elsewhere_are_seen() -> None:
    lines = [line("3", day="2026-11-01"), line("1")]
    booked = on("2026-11-01", cost=usd("2")) | on("2026-11-02", cost=usd("2"))

    assert "2026-11-02 is off by the opposite" in reason(lines, booked, "2026-11-01")
    assert "another time zone" in reason(lines, booked, "2026-11-02")


@pytest.mark.parametrize(("other", "is_next"), [("2026-11-01", True), ("2026-10-31", False)])
def test_only_neighbouring_days_are_cut_elsewhere(other: str, *, is_next: bool) -> None:
    booked = on(other, cost=usd("2")) | on("2026-11-02", cost=usd("2"))
    why = reason([line("3", day=other), line("1")], booked)

    assert ("another time zone" in why) is is_next


@pytest.mark.parametrize(("invoiced", "booked"), [("3", "5"), ("3", "1"), ("2.005", "2")])
def test_days_whose_differences_do_not_cancel_are_not_cut_elsewhere(
    invoiced: str, booked: str
) -> None:
    ours = on("2026-11-01", cost=usd(booked)) | on("2026-11-02", cost=usd("2"))

    assert reason([line(invoiced, day="2026-11-01"), line("1")], ours) == ""


@pytest.mark.parametrize(("last", "agrees"), [("0.00", True), ("0.02", True), ("0.021", False)])
def test_lines_are_rounded_only_in_an_invoice_of_whole_cents(last: str, *, agrees: bool) -> None:
    """Of its 41 lines, which may be off by 20.5 cents; those of nothing, too, since they were written for something."""
    lines = [line("1.00"), *[line("0.00")] * 39, line(last)]
    cost = sum((each.cost for each in lines), usd("0.20"))

    assert reconcile(lines, on("2026-11-02", cost=cost), NAMES).agrees is agrees


def test_what_is_on_one_side_only_is_told() -> None:
    assert "did not go through Farthing" in reason([line("5")], {})
    assert "another account's key" in reason([], on("2026-11-02", cost=usd("5")))


def test_something_without_a_rate_is_told() -> None:
    booked = on("2026-11-02", cost=usd("1"), unpriced_attempts=7)

    assert reason([line("2")], booked) == "7 attempts used something without a known rate"
    booked = on("2026-11-02", cost=usd("1"), unpriced_attempts=1)
    assert reason([line("2")], booked) == "1 attempt used something without a known rate"


def test_another_price_for_the_same_tokens_is_told() -> None:
    booked = on("2026-11-02", cost=usd("1"), input_tokens=1_000_000)

    assert "it is 1.5 times ours" in reason([line("1.5", 1_000_100)], booked)
    assert "it is 1,000,000 times ours" in reason([line("1000000", 1_000_000)], booked)


def test_a_model_that_is_free_by_its_price_only_is_told() -> None:
    """It is on no invoice otherwise, and then no difference."""
    booked = on("2026-11-02", input_tokens=1000, output_tokens=500)

    assert "1,500 tokens are booked at a price of 0" in reason([line("2")], booked)
    assert "1,500 tokens are booked at a price of 0" in reason([line("2", 1500)], booked)
    assert reconcile([], booked, NAMES).lines == ()


def test_estimates_that_were_not_billed_are_told() -> None:
    booked = on("2026-11-02", cost=usd("2"), estimated=usd("0.5"), estimated_attempts=3)

    assert reason([line("1.6")], booked).startswith("3 attempts charged by estimate (0.5 USD)")


@pytest.mark.parametrize(("invoiced", "attempts"), [("1.4", 3), ("2.5", 3), ("1.6", 0)])
def test_estimates_explain_no_more_than_they_are(invoiced: str, attempts: int) -> None:
    booked = on("2026-11-02", cost=usd("2"), estimated=usd("0.5"), estimated_attempts=attempts)

    assert reason([line(invoiced)], booked) == ""


def test_more_and_fewer_tokens_are_told() -> None:
    booked = on("2026-11-02", cost=usd("1"), input_tokens=1000)

    assert "1,000 more tokens" in reason([line("2", 2000)], booked)
    assert "500 fewer tokens" in reason([line("0.5", 500)], booked)


def test_tokens_of_prompts_and_of_answers_may_be_on_lines_of_their_own() -> None:
    """What else is on the invoice counts none."""
    ours = on("2026-11-02", cost=usd("1"), input_tokens=900, output_tokens=100)
    prompts = InvoiceLine("2026-11-02", "gpt-4o", usd("2"), input_tokens=900)
    written = InvoiceLine("2026-11-02", "gpt-4o", usd("1"), output_tokens=100)
    other = InvoiceLine("2026-11-02", "gpt-4o", usd("1"))

    assert "it is 4 times ours" in reason([prompts, written, other], ours)


def test_where_nothing_is_known_no_reason_is_made_up() -> None:
    assert reason([line("2")], on("2026-11-02", cost=usd("1"))) == ""


AMOUNTS = st.integers(0, 10**15).map(Money)
DAYS = st.sampled_from(["2026-11-01", "2026-11-02", "2026-11-03"])
MODELS = st.sampled_from(["gpt-4o", "gpt-4o-2024-08-06", "sonnet", "nobody's"])
LINES = st.lists(st.builds(InvoiceLine, DAYS, MODELS, AMOUNTS))
BOOKED = st.dictionaries(
    st.tuples(DAYS, st.sampled_from(["gpt-4o", "sonnet"])), st.builds(Booked, cost=AMOUNTS)
)


@given(lines=LINES, booked=BOOKED)
def test_nothing_is_dropped_and_the_differences_add_up(
    lines: list[InvoiceLine], booked: dict[Place, Booked]
) -> None:
    found = reconcile(lines, booked, NAMES)

    assert found.invoiced == sum((each.cost for each in lines), ZERO)
    assert found.booked == sum((each.cost for each in booked.values()), ZERO)
    assert sum((each.off_by for each in found.lines), ZERO) == found.invoiced - found.booked


@pytest.mark.parametrize(
    ("written", "usd"),
    [
        ("0.25", "0.25"),
        ("$1,234.50", "1234.5"),
        ("-$3", "-3"),
        ("$-3.5", "-3.5"),
        ("1,234,567", "1234567"),
        ("2.5e-06", "0.0000025"),
        (" 7 ", "7"),
        (".5", "0.5"),
    ],
)
def test_amounts_are_read_as_exports_write_them(written: str, usd: str) -> None:
    (line,) = read_invoice(f'date,model,cost_usd\n2026-11-26,m,"{written}"\n')
    assert line.cost == Money.from_usd(usd)


@pytest.mark.parametrize(
    "written", ["0,25", "1.234,50", "12,34", "nan", "1e400", "9" * 40, "$", "EUR 5", "--3"]
)
def test_what_is_no_amount_is_not_taken_for_another(written: str) -> None:
    """A comma where others have a point would make it a hundred times as much."""
    with pytest.raises(
        UnknownInvoice, match=r"line 2 of the invoice: .* is not an amount of dollars"
    ):
        read_invoice(f'date,model,cost_usd\n2026-11-26,m,"{written}"\n')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the invoice is empty"),
        ("date,model,cost_usd\n", "the invoice has a header and no amounts"),
        ("date,model,cost_usd\n2026-11-26,m,\n", "the invoice has a header and no amounts"),
        ("date,model,cost_usd\n2026-11-26,m\n", "line 2 of the invoice: it has fewer columns"),
        ("date,model,cost_usd,Cost_USD\n2026-11-26,m,1,2\n", "several columns are called cost_usd"),
        (
            "start_time_iso,line_item,amount_value\n2026-11-26,m-2026-11-01, input,5\n",
            "line 2 .*: it has more columns than the header",
        ),
        (
            "date,model,cost_usd\n26/11/2026,m,1\n",
            "line 2 .*'26/11/2026' is not a date such as 2026-11-30",
        ),
        (
            "start_time_iso,amount_value,line_item\n\nyesterday,1,m\n",
            "line 3 .*'yesterday' is not a date",
        ),
        ("usage_date_utc,cost_usd\n2026/11/26,1\n", "line 2 .*'2026/11/26' is not a date"),
        ("date,model,cost_usd,input_tokens\n2026-11-26,m,1,1e400\n", "'1e400' is not a number of"),
        (
            'date,model,cost_usd\n2026-11-26,"m,1\n' + "2026-11-27,m,1\n" * 10_000,
            "line .* of the invoice: field larger than .*; is a quote before it not closed",
        ),
    ],
)
def test_an_invoice_that_is_not_whole_does_not_agree_with_anything(text: str, said: str) -> None:
    with pytest.raises(UnknownInvoice, match=said):
        read_invoice(text)
