"""An overview's steps are all there, add up, and are of the right size; quantiles are near the truth."""

from collections.abc import Sequence
from datetime import date
from math import ceil, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.ledger import CostSource, Outcome
from router.domain.money import Money
from router.domain.usage import NO_USAGE
from router.ledger.latency import BASE, SHOWN, latency_of, quantiles
from router.ledger.overview import Overview, days_between, document, hours_of, is_hourly, steps_of
from router.ledger.report import Cell, Filters

TODAY = date(2026, 5, 4)


def cell(model: str, cost: int, outcome: Outcome = Outcome.OK, requests: int = 1) -> Cell:
    answers = requests if outcome is Outcome.OK else 0
    return Cell(
        name=model,
        outcome=outcome,
        cost_source=CostSource.PRICED,
        size_class=0,
        attempts=requests,
        requests=requests,
        answers=answers,
        usage=NO_USAGE,
        cost=Money(cost),
        baseline=Money(2 * cost),
    )


def overview(steps: dict[str, list[Cell]]) -> Overview:
    return Overview(
        now_s=0.0,
        filters=Filters("2026-05-01"),
        baseline="reference",
        unit="day",
        steps=steps_of(steps, (), None),
        cuts={"key": None},
        others={},
        choices={"key": ["a"]},
        latencies=(),
    )


def test_days_without_traffic_are_steps_too() -> None:
    steps = steps_of(
        {"2026-05-02": [cell("a", 5)]}, ["2026-05-01", "2026-05-02", "2026-05-03"], None
    )

    assert [(step.name, step.totals.requests) for step in steps] == [
        ("2026-05-01", 0),
        ("2026-05-02", 1),
        ("2026-05-03", 0),
    ]


def test_what_lies_outside_of_the_expected_days_is_not_lost() -> None:
    assert [
        step.name for step in steps_of({"2026-05-09": [cell("a", 5)]}, ["2026-05-01"], None)
    ] == [
        "2026-05-01",
        "2026-05-09",
    ]


@given(
    costs=st.dictionaries(
        st.sampled_from(["2026-05-01", "2026-05-02", "2026-05-03"]),
        st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 10**15)), max_size=4),
    )
)
def test_steps_and_models_add_up_to_the_total(costs: dict[str, list[tuple[str, int]]]) -> None:
    found = overview({day: [cell(*each) for each in held] for day, held in costs.items()})
    by_model = sum(cost.pico for step in found.steps for cost in step.costs.values())

    assert found.total.cost.pico == by_model == sum(c for held in costs.values() for _, c in held)


def test_requests_are_lost_where_no_whole_answer_came_though_the_client_was_there() -> None:
    held = [cell("a", 1, outcome) for outcome in Outcome]
    shown = document(overview({"2026-05-01": held}))

    assert shown["total"]["lost"] == shown["steps"][0]["lost"] == 2
    assert shown["total"]["requests"] == len(Outcome)


def test_the_dearest_model_comes_first_and_money_is_exact() -> None:
    shown = document(overview({"2026-05-01": [cell("a", 1), cell("b", 10**12 + 1)]}))

    assert shown["models"] == ["b", "a"]
    assert shown["total"]["cost_usd"] == "1.000000000002"
    assert shown["cuts"] == {"key": None}
    assert shown["filters"] == {"since": "2026-05-01", "until": ""}


@pytest.mark.parametrize(
    ("since", "until", "hourly"),
    [
        ("", "", False),
        ("2026-05-04", "", True),
        ("2026-05-03", "", True),
        ("2026-05-02", "", False),
        ("2026-05-01", "2026-05-02", True),
    ],
)
def test_two_days_are_shown_by_the_hour(since: str, until: str, hourly: bool) -> None:
    assert is_hourly(Filters(since, until), TODAY) is hourly


@pytest.mark.parametrize(
    ("since", "until", "first", "days"),
    [
        ("2026-05-02", "", "", ["2026-05-02", "2026-05-03", "2026-05-04"]),
        ("2026-05-02", "2026-05-03", "2026-05-03", ["2026-05-02", "2026-05-03"]),
        ("2026-05-03", "2027-01-01", "", ["2026-05-03", "2026-05-04"]),
        ("", "", "2026-05-03", ["2026-05-03", "2026-05-04"]),
        ("", "", "", ["2026-05-04"]),
        ("0001-01-01", "", "2026-05-03", ["2026-05-03", "2026-05-04"]),
        ("0001-01-01", "", "", ["2026-05-04"]),
    ],
)
def test_a_period_has_these_days(since: str, until: str, first: str, days: Sequence[str]) -> None:
    assert days_between(Filters(since, until), first, TODAY) == days


def test_hours_end_with_the_present_one() -> None:
    assert hours_of(["2026-05-04"], "2026-05-04T02") == [
        "2026-05-04T00",
        "2026-05-04T01",
        "2026-05-04T02",
    ]
    assert len(hours_of(["2026-05-03"], "2026-05-04T02")) == 24


@given(times=st.lists(st.floats(0.001, 1000), min_size=1, max_size=200))
def test_a_quantile_is_within_five_percent_of_the_truth(times: list[float]) -> None:
    histogram: dict[int, int] = {}
    for seconds in times:
        bucket = ceil(log(seconds) / log(BASE))
        histogram[bucket] = histogram.get(bucket, 0) + 1
    ordered = sorted(times)
    truths = [ordered[ceil(share * len(times)) - 1] for share in SHOWN]

    assert quantiles(histogram) == pytest.approx(truths, rel=0.05)


def test_a_model_without_streams_has_no_time_to_the_first_content() -> None:
    found = latency_of("a", {"total_s": {0: 3, 1: 1}})

    assert (found.answers, found.first_content_s, len(found.total_s)) == (4, (), 3)
