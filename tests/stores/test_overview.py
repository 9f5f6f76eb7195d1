"""Overviews of real ledgers: the same sums as reports, whatever the ledger."""

from collections.abc import Sequence

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from router.domain.ledger import Entry
from router.domain.members import replace
from router.domain.money import Money
from router.domain.price import Price
from router.ledger.overview import CUTS, SERIES, TIMED, Overview, document
from router.ledger.report import GROUPINGS, IN_TIME, LINES, Filters, Report, Totals
from router.stores.sql.overview import overview
from router.stores.sql.reports import NotInSums, report
from tests.stores.engines import write
from tests.stores.entries import day, entry, ledgers
from tests.stores.opened import holding

NOW_S = day("2026-05-06", 9)
EVERY_DAY = Filters(since="2000-01-01")


def both(
    entries: Sequence[Entry], filters: Filters = EVERY_DAY
) -> tuple[Overview, dict[str, Report]]:
    """The overview of a real ledger that holds `entries`, and the reports that it is made of."""
    with holding(entries) as engine:
        found = overview(engine, filters=filters, now_s=NOW_S)
        kept = [by for by in CUTS if found.cuts[by] is not None]
        return found, {by: report(engine, by=by, filters=filters) for by in kept}


@settings(max_examples=25)
@given(entries=ledgers())
def test_an_overview_has_the_groups_and_the_total_of_the_reports(entries: list[Entry]) -> None:
    found, reports = both(entries)

    for by, each in reports.items():
        assert found.cuts[by] == each.groups
        assert found.total == each.total
    assert set(reports) == set(CUTS)


def test_the_hours_of_a_day_are_in_order_and_complete() -> None:
    entries = [
        entry("r1", at_s=day("2026-05-06", 7)),
        entry("r2", at_s=day("2026-05-06", 8), model="top"),
    ]
    found, _ = both(entries, Filters(since="2026-05-06"))

    assert found.unit == "hour"
    assert [step.name[-2:] for step in found.steps] == [f"{hour:02}" for hour in range(10)]
    assert [list(step.costs) for step in found.steps[7:]] == [["cheap"], ["top"], []]


def test_latencies_are_of_answers_by_model_the_busiest_first() -> None:
    entries = [
        entry("r1", at_s=day("2026-05-04"), total_s=1.0, first_content_s=0.5),
        entry("r2", at_s=day("2026-05-05"), total_s=1.0),
        entry("r3", at_s=day("2026-05-05"), total_s=2.0, model="top"),
    ]
    found, _ = both(entries)
    one, _ = both(entries, Filters(since="2026-05-05", model="top"))

    assert [(each.model, each.answers) for each in found.latencies] == [("cheap", 2), ("top", 1)]
    assert found.latencies[0].first_content_s[0] == pytest.approx(0.5, rel=0.05)
    assert [each.model for each in one.latencies] == ["top"]


def test_choices_are_those_of_the_period_whatever_the_filters() -> None:
    entries = [
        entry("r1", at_s=day("2026-05-04"), key="a", tags=("t",)),
        entry("r2", at_s=day("2026-05-05"), key="b"),
    ]
    found, _ = both(entries, Filters(since="2026-05-04", key="a"))

    assert found.choices["key"] == ["a", "b"]
    assert found.choices["tag"] == ["", "t"]
    assert found.cuts["tag"] is None
    assert found.total.requests == 1


def test_filters_that_no_sum_is_kept_by_are_refused() -> None:
    with pytest.raises(NotInSums):
        both([entry()], Filters(key="a", tag="b"))


def test_of_thousands_of_names_the_dearest_have_lines_and_the_others_one_together(
    engine: Engine,
) -> None:
    entries = [
        entry(f"r{n}", at_s=day("2026-05-04", n % 20), key=f"k{n:04}", model=f"m{n % 150:03}")
        for n in range(450)
    ]
    costs = [replace(each, cost=Money(n + 1)) for n, each in enumerate(entries)]
    write(engine, costs)
    found = overview(engine, filters=EVERY_DAY, now_s=NOW_S)
    keys, rest = found.cuts["key"] or (), found.others["key"]
    told = document(found)

    assert [group.name for group in keys] == [f"k{n:04}" for n in range(449, 349, -1)]
    assert rest.names == 350
    assert sum((group.totals for group in keys), rest.totals) == found.total
    assert [len(names) for names in found.choices.values()] == [LINES, 1, LINES, 1, 1, 1]
    assert len(found.latencies) == TIMED
    assert told["models"] == [f"m{n:03}" for n in range(149, 149 - SERIES, -1)]
    assert told["others"]["model"]["names"] == 50
    assert len(orjson.dumps(told)) < 200_000


@settings(max_examples=15)
@given(
    entries=ledgers(),
    by=st.sampled_from(sorted({*GROUPINGS} - IN_TIME)),
    most=st.integers(1, 2),
    baseline=st.none() | st.just(("top", Price.per_mtok("3", "7"))),
)
def test_the_others_are_those_that_are_not_told_apart_whatever_a_report_is_by(
    entries: list[Entry], by: str, most: int, baseline: tuple[str, Price] | None
) -> None:
    with holding(entries) as engine:
        whole = report(engine, by=by, baseline=baseline)
        found = report(engine, by=by, baseline=baseline, most=most)
    lines = {group.name: exact(group.totals) for group in whole.groups}
    own = {group.name: exact(group.totals) for group in found.groups}
    rest = [totals for name, totals in lines.items() if name not in own]

    assert len(own) == min(most, len(lines))
    assert own.items() <= lines.items()
    assert exact(found.total) == exact(whole.total)
    assert (found.others.names if found.others else 0) == len(rest)
    assert (exact(found.others.totals) if found.others else Totals()) == sum(rest, Totals())


def exact(totals: Totals) -> Totals:
    """What has the same sum in whatever order it is added up."""
    return replace(totals, quality_sum=0.0)


def test_a_filter_leaves_the_dearest_names_of_the_period_to_be_chosen(engine: Engine) -> None:
    entries = [entry(f"r{n}", at_s=day("2026-05-04"), key=f"k{n:04}") for n in range(200)]
    write(engine, [replace(each, cost=Money(n + 1)) for n, each in enumerate(entries)])
    found = overview(engine, filters=Filters(since="2026-05-04", key="k0007"), now_s=NOW_S)

    assert found.choices["key"] == [f"k{n:04}" for n in range(100, 200)]
    assert found.total.requests == 1
    assert not found.others
