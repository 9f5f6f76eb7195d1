"""Reports against the same sums in Python, over ledgers of every kind."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.ledger import CostSource, Entry, Outcome
from router.domain.members import replace
from router.domain.money import ZERO, Money
from router.domain.price import Price
from router.domain.usage import Usage
from router.ledger.report import EVERYTHING, GROUPINGS, Decomposition, Filters, Report, Totals
from router.stores.sql.reports import NotInSums, report
from tests.stores.entries import day, entry, ledgers
from tests.stores.opened import holding

DEAR = Price(3_000_000, 15_000_000, 300_000, 3_750_000, 15_000_000, request_pico=7)


def reports(
    entries: Sequence[Entry],
    groupings: Iterable[str],
    filters: Filters = EVERYTHING,
    baseline: tuple[str, Price] | None = None,
) -> dict[str, Report]:
    """Reports of a real ledger that holds `entries`."""
    with holding(entries) as engine:
        return {by: report(engine, by=by, filters=filters, baseline=baseline) for by in groupings}


def report_of(entries: Sequence[Entry], by: str = "model", filters: Filters = EVERYTHING) -> Report:
    return reports(entries, [by], filters)[by]


def told(found: Report) -> list[str]:
    """A report as lines: each group's name with its requests and its cost."""
    return [f"{each.name}: {each.totals.requests} {each.totals.cost.pico}" for each in found.groups]


def totals_of(entries: Sequence[Entry], price: Price | None = None) -> Totals:
    """What a report must say of `entries`, summed up in Python."""
    tried = [each for each in entries if each.outcome is not Outcome.CACHE_HIT]
    hits = [each for each in entries if each.outcome is Outcome.CACHE_HIT]
    calls = [each for each in tried if each.attempt]  # 0 is what another request pays for
    answers = [each for each in entries if each.is_answer]
    predicted = [each for each in answers if each.quality_p is not None]
    cost = sum((each.cost for each in entries), ZERO)
    baseline = sum((baseline_of(each, price) for each in entries), ZERO)
    return Totals(
        requests=sum(each.closes for each in entries),
        answers=len(answers),
        attempts=len(calls),
        cache_hits=len(hits),
        failed_attempts=sum(each.outcome is Outcome.FAILED for each in calls),
        estimated_attempts=sum(
            each.cost_source is CostSource.ESTIMATED for each in (*calls, *hits)
        ),
        unpriced_attempts=sum(each.cost_source is CostSource.UNPRICED for each in (*calls, *hits)),
        input_tokens=sum(each.usage.input_tokens for each in tried),
        cached_input_tokens=sum(
            each.usage.cache_read_tokens + each.usage.audio_cache_read_tokens for each in tried
        ),
        output_tokens=sum(each.usage.total_output_tokens for each in tried),
        cost=cost,
        estimated_cost=sum(
            (each.cost for each in entries if each.cost_source is CostSource.ESTIMATED), ZERO
        ),
        baseline=baseline,
        parts=parts_of(entries, price),
        predicted=len(predicted),
        quality_sum=float(sum(each.quality_p or 0.0 for each in predicted)),
    )


def baseline_of(each: Entry, price: Price | None) -> Money:
    """What an entry adds to the baseline: another price is that of answers to chat."""
    if price is None or not each.is_answer or each.quality_p is None:
        return each.baseline
    return price.charge(each.usage)


def parts_of(entries: Sequence[Entry], price: Price | None) -> Decomposition:
    """The saving of each entry, by how it ended."""

    def saved(*outcomes: Outcome) -> Money:
        ended = [each for each in entries if each.outcome in outcomes]
        return sum((baseline_of(each, price) - each.cost for each in ended), ZERO)

    return Decomposition(
        model_choice=saved(Outcome.OK),
        cache=saved(Outcome.CACHE_HIT),
        retries=saved(Outcome.FAILED, Outcome.CUT),
        hedges=saved(Outcome.HEDGE_LOST),
        cascades=saved(Outcome.REJECTED),
        abandoned=saved(Outcome.CLIENT_LEFT),
    )


NAMES: dict[str, Callable[[Entry], Iterable[str]]] = {
    "day": lambda each: [_iso(each, "%Y-%m-%d")],
    "hour": lambda each: [_iso(each, "%Y-%m-%dT%H")],
    "model": lambda each: [each.model],
    "policy": lambda each: [each.policy],
    "key": lambda each: [each.key],
    "tag": lambda each: set(each.tags) or [""],
    "category": lambda each: [each.category],
    "upstream": lambda each: [each.upstream],
    "reference": lambda each: [each.reference],
    "outcome": lambda each: [each.outcome],
    "service_tier": lambda each: [each.service_tier],
}


def _iso(each: Entry, form: str) -> str:
    return datetime.fromtimestamp(each.at_s, UTC).strftime(form)


def test_every_grouping_is_tested_here() -> None:
    assert set(NAMES) == set(GROUPINGS)


@pytest.mark.parametrize("by", GROUPINGS)
@settings(max_examples=8)
@given(entries=ledgers(), price=st.none() | st.just(DEAR))
def test_a_report_is_the_sum_of_its_entries_by_any_grouping(
    by: str, entries: list[Entry], price: Price | None
) -> None:
    baseline = ("dear", price) if price else None
    found = reports(entries, [by], baseline=baseline)[by]
    names = {name for each in entries for name in NAMES[by](each)}
    expected = {
        name: totals_of([each for each in entries if name in NAMES[by](each)], price)
        for name in names
    }

    assert {group.name: group.totals for group in found.groups} == expected
    assert found.total == totals_of(entries, price)
    assert found.total.parts.total == found.total.saving
    if by != "tag":
        assert sum((group.totals for group in found.groups), Totals()) == found.total
    assert (found.by, found.baseline) == (by, "dear" if price else "reference")


def test_an_empty_ledger_has_an_empty_report() -> None:
    for found in reports([], GROUPINGS).values():
        assert found.groups == ()
        assert found.total == Totals()
        assert found.total.saving_share is None


def test_a_request_with_two_tags_stands_in_both_groups_and_counts_once() -> None:
    entries = [entry("r1", tags=("a", "b")), entry("r2", tags=("b",)), entry("r3")]
    found = report_of(entries, "tag")

    assert told(found) == ["b: 2 2000000", ": 1 1000000", "a: 1 1000000"]
    assert (found.total.requests, found.total.cost) == (3, Money(3_000_000))


def test_a_request_that_was_tried_twice_is_one_request() -> None:
    failed = entry(
        "r1",
        1,
        outcome=Outcome.FAILED,
        model="top",
        baseline=ZERO,
        is_answer=False,
        closes=False,
        cost=Money(5),
    )
    found = report_of([failed, entry("r1", 2)])

    assert told(found) == ["cheap: 1 1000000", "top: 0 5"]
    assert (found.total.requests, found.total.attempts, found.total.failed_attempts) == (1, 2, 1)


def test_a_cached_answer_is_no_attempt_and_its_tokens_were_not_processed() -> None:
    hit = entry("r1", 0, outcome=Outcome.CACHE_HIT, cost=ZERO, cost_source=CostSource.FREE)
    total = report_of([hit]).total

    assert (total.requests, total.attempts, total.cache_hits) == (1, 0, 1)
    assert (total.input_tokens, total.output_tokens) == (0, 0)
    assert total.saving == total.baseline == Money(3_000_000)


def test_sums_are_exact_far_beyond_64_bits() -> None:
    most = Money(2**63 - 1)
    total = report_of([entry(f"r{number}", cost=most, baseline=most) for number in range(9)]).total

    assert total.cost == total.baseline == most * 9
    assert total.saving_share == 0.0


def test_another_baseline_is_charged_for_what_was_answered_and_for_nothing_else() -> None:
    usage = Usage(1, 2, 3, 4, 5)
    cut = entry("r2", outcome=Outcome.CUT, is_answer=False, baseline=ZERO, usage=usage)
    found = reports([entry("r1", usage=usage), cut], ["model"], baseline=("dear", DEAR))["model"]

    assert found.total.baseline == DEAR.charge(usage)
    assert found.baseline == "dear"


@pytest.mark.parametrize("by", ["day", "hour", "key", "tag", "category", "model"])
def test_vectors_are_no_answers_of_another_model(by: str) -> None:
    """Neither those that clients ask for, nor those that the semantic cache asks for about a request."""
    answer = entry("r1", usage=Usage(1000, output_tokens=100), quality_p=0.8)
    vector: dict[str, Any] = {
        "model": "vectors",
        "usage": Usage(10**6),
        "cost": Money(5),
        "quality_p": None,
    }
    asked_by_us = entry("r1", -1, is_answer=False, closes=False, baseline=ZERO, **vector)
    unrouted = entry("r2", policy="", category="embedding", reference="vectors", **vector)
    entries = [asked_by_us, answer, replace(unrouted, baseline=unrouted.cost)]

    total = reports(entries, [by], baseline=("dear", DEAR))[by].total
    assert total.baseline == DEAR.charge(answer.usage) + unrouted.cost
    assert (total.answers, total.quality) == (2, 0.8)


@pytest.mark.parametrize("by", GROUPINGS)
def test_a_call_that_was_passed_through_is_no_answer_of_the_model_that_it_names(by: str) -> None:
    """Though it shares model, upstream and key with an answer of that model, which was pinned."""
    pinned = entry("r1", policy="", key="team", reference="cheap", quality_p=0.8)
    passed = replace(
        pinned, request_id="r2", category="passed_through", quality_p=None, baseline=Money(7)
    )

    total = reports([pinned, passed], [by], baseline=("dear", DEAR))[by].total
    assert total.baseline == DEAR.charge(pinned.usage) + Money(7)
    assert (total.answers, total.predicted, total.quality) == (2, 1, 0.8)


THREE_DAYS = [
    entry("r1", at_s=day("2026-05-01", 23)),
    entry("r2", at_s=day("2026-05-02", 0)),
    entry("r3", at_s=day("2026-05-02", 23)),
    entry("r4", at_s=day("2026-05-03", 0)),
]


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        ("", "", ["2026-05-01: 1", "2026-05-02: 2", "2026-05-03: 1"]),
        ("2026-05-02", "", ["2026-05-02: 2", "2026-05-03: 1"]),
        ("", "2026-05-02", ["2026-05-01: 1", "2026-05-02: 2"]),
        ("2026-05-02", "2026-05-02", ["2026-05-02: 2"]),
        ("2026-05-03", "2026-05-01", []),
        ("2027-01-01", "", []),
    ],
)
def test_a_period_takes_in_both_its_days(since: str, until: str, days: list[str]) -> None:
    found = report_of(THREE_DAYS, "day", Filters(since, until))

    assert [f"{group.name}: {group.totals.requests}" for group in found.groups] == days
    assert found.total.requests == sum(group.totals.requests for group in found.groups)
    assert (found.filters.since, found.filters.until) == (since, until)


def test_days_stand_in_their_order_and_other_groups_by_their_cost() -> None:
    entries = [
        entry("r1", at_s=day("2026-05-02"), model="a", cost=Money(1)),
        entry("r2", at_s=day("2026-05-01"), model="b", cost=Money(2)),
        entry("r3", at_s=day("2026-05-03"), model="c", cost=Money(2)),
    ]
    found = reports(entries, ["day", "model"])

    assert told(found["day"]) == ["2026-05-01: 1 2", "2026-05-02: 1 1", "2026-05-03: 1 2"]
    assert told(found["model"]) == ["b: 1 2", "c: 1 2", "a: 1 1"]


def test_an_unknown_grouping_is_an_error() -> None:
    with pytest.raises(KeyError):
        reports([], ["planet"])


@pytest.mark.parametrize(
    ("by", "filters", "names"),
    [
        ("hour", Filters(tag="a"), "hour and tag"),
        ("hour", Filters(key="k"), "hour and key"),
        ("category", Filters(key="k", tag="a"), "category and key and tag"),
    ],
)
def test_what_is_not_kept_together_is_told(by: str, filters: Filters, names: str) -> None:
    with pytest.raises(NotInSums, match=names):
        reports([entry()], [by], filters)


def test_filters_let_through_what_has_all_their_names() -> None:
    entries = [
        entry("r1", model="a", key="k", tags=("t", "u")),
        entry("r2", model="a", key="", tags=("t",)),
        entry("r3", model="b", key="k"),
    ]

    assert told(report_of(entries, "key", Filters(model="a"))) == [": 1 1000000", "k: 1 1000000"]
    assert told(report_of(entries, "model", Filters(key=""))) == ["a: 1 1000000"]
    assert told(report_of(entries, "model", Filters(tag="t"))) == ["a: 2 2000000"]
    assert told(report_of(entries, "tag", Filters(tag=""))) == [": 1 1000000"]
    assert told(report_of(entries, "category", Filters(key="k"))) == ["chat: 2 2000000"]
