"""What became of a request: its attempts, and what they cost."""

import pytest

from router.domain.ledger import CostSource, Outcome
from router.domain.money import Money
from router.domain.usage import NO_USAGE, UsageSource
from router.ledger.trace import RequestRecord, sentences, told
from tests.stores.entries import entry

FAILED = entry(
    attempt=1,
    outcome=Outcome.FAILED,
    status=503,
    error="overloaded",
    upstream_request_id="req_6",
    usage=NO_USAGE,
    cost=Money(20),
    baseline=Money(0),
    is_answer=False,
    closes=False,
)
ANSWER = entry(attempt=2, first_content_s=0.25, upstream_request_id=None)


def test_attempts_and_sums_are_told_with_exact_money() -> None:
    document = told(RequestRecord((FAILED, ANSWER)))

    assert (document["cost_usd"], document["baseline_usd"], document["saving_usd"]) == (
        "0.00000100002",
        "0.000003",
        "0.00000199998",
    )
    assert document["attempts"] == [
        {
            "attempt": 1,
            "model": "cheap",
            "upstream": "up",
            "outcome": "failed",
            "is_answer": False,
            "status": 503,
            "usage": {},
            "usage_source": "upstream",
            "cost_usd": "0.00000000002",
            "cost_source": "priced",
            "service_tier": "standard",
            "began_at_s": FAILED.at_s,
            "total_s": 1.5,
            "error": "overloaded",
            "upstream_request_id": "req_6",
            "price_source": "a test",
        },
        {
            "attempt": 2,
            "model": "cheap",
            "upstream": "up",
            "outcome": "ok",
            "is_answer": True,
            "status": 200,
            "usage": {
                "uncached_input_tokens": 900,
                "cache_read_tokens": 100,
                "output_tokens": 40,
                "reasoning_tokens": 10,
            },
            "usage_source": "upstream",
            "cost_usd": "0.000001",
            "cost_source": "priced",
            "service_tier": "standard",
            "began_at_s": ANSWER.at_s,
            "total_s": 1.5,
            "price_source": "a test",
            "first_content_s": 0.25,
        },
    ]


def test_what_happened_is_told_in_sentences() -> None:
    assert list(sentences(RequestRecord((FAILED, ANSWER)))) == [
        "Attempt 1: cheap at up: failed (overloaded) in 1.50 s for 0.00000000002 USD (a test), request id req_6.",
        "Attempt 2: cheap at up: ok in 1.50 s (first content after 0.25 s) for 0.000001 USD (a test).",
        (
            "In total it cost 0.00000100002 USD; top would have charged 0.000003 USD for this"
            " answer: 0.00000199998 USD was saved."
        ),
    ]


def test_an_answer_that_was_dearer_a_stored_one_and_none_at_all_are_told() -> None:
    dearer = list(sentences(RequestRecord((entry(cost=Money(5_000_000)),))))
    hit = entry(
        attempt=0,
        outcome=Outcome.CACHE_HIT,
        cost=Money(0),
        cost_source=CostSource.FREE,
        upstream_request_id=None,
    )
    stored = list(sentences(RequestRecord((hit,))))
    vector = entry(
        attempt=-1, is_answer=False, closes=False, baseline=Money(0), upstream_request_id=None
    )

    assert dearer[-1].endswith("for this answer: 0.000002 USD more was paid.")
    assert stored[0] == "From the cache: cheap at up: cache hit in 1.50 s for 0 USD."
    assert list(sentences(RequestRecord((vector,)))) == [
        "Before any attempt: cheap at up: ok in 1.50 s for 0.000001 USD (a test).",
        "There was no complete answer; in total it cost 0.000001 USD.",
    ]


def test_at_which_price_an_attempt_was_charged_and_what_is_uncertain_is_told() -> None:
    flex = entry(service_tier="flex", price_source="config, above 50 tokens")
    guessed = entry(usage_source=UsageSource.ESTIMATED, cost_source=CostSource.ESTIMATED)
    lacking = entry(cost_source=CostSource.UNPRICED, cost_note="no rate for web_searches")
    free = entry(cost_source=CostSource.FREE, cost_note="the answer states 0.5 USD")
    stated = entry(usage_source=UsageSource.ESTIMATED, price_source="stated in the answer")
    rows = (flex, guessed, lacking, free, stated)

    told = [list(sentences(RequestRecord((each,)))) for each in rows]

    assert [each[0].partition(" USD ")[2].partition(", request id")[0] for each in told] == [
        "(config, above 50 tokens, tier flex)",
        "(a test; estimated: the upstream reported no usage, or none that makes sense)",
        "(a test; incomplete: no rate for web_searches)",
        "(a test; the answer states 0.5 USD)",
        "(stated in the answer)",
    ]
    assert "it cost at least 0.000001 USD" in told[2][-1]
    assert "it cost 0.000001 USD" in told[1][-1]


def test_the_sum_is_at_least_what_is_known_if_a_single_attempts_price_is_not() -> None:
    lacking = entry(attempt=1, cost_source=CostSource.UNPRICED, is_answer=False, closes=False)

    assert "it cost at least 0.000002 USD" in list(sentences(RequestRecord((lacking, ANSWER))))[-1]


@pytest.mark.parametrize("entries", [(), (entry("r1"), entry("r2"))])
def test_a_trace_is_of_one_request(entries: tuple[()]) -> None:
    with pytest.raises(ValueError, match="of one request"):
        RequestRecord(entries)
