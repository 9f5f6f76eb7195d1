"""What changed adds up: volume and price are the change, groups are the total."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.errors import FarthingError
from router.domain.money import ZERO, Money
from router.ledger.movers import Mover, all_together, filters_before, movers, period_before
from router.ledger.report import Filters, Group, Report, Totals

TOTALS = st.builds(Totals, requests=st.integers(0, 10**6), cost=st.integers(0, 10**15).map(Money))
GROUPS = st.dictionaries(st.sampled_from("abcd"), TOTALS)


def report(groups: dict[str, Totals]) -> Report:
    told = tuple(Group(name, totals) for name, totals in groups.items())
    return Report("model", Filters(), "reference", told, sum(groups.values(), Totals()))


@given(before=GROUPS, now=GROUPS)
def test_groups_add_up_to_the_total_and_effects_to_the_change(
    before: dict[str, Totals], now: dict[str, Totals]
) -> None:
    old, new = report(before), report(now)
    found = movers(old, new)

    assert sum((each.change for each in found), ZERO) == all_together(old, new).change
    assert all(each.by_volume + each.by_price == each.change for each in found)
    assert [abs(each.change.pico) for each in found] == sorted(
        (abs(each.change.pico) for each in found), reverse=True
    )


def test_more_requests_at_the_same_cost_are_volume_and_dearer_ones_price() -> None:
    before = Totals(requests=10, cost=Money(1000))

    more = Mover("a", before, Totals(requests=15, cost=Money(1500)))
    dearer = Mover("a", before, Totals(requests=10, cost=Money(1300)))
    assert (more.by_volume, more.by_price, more.share) == (Money(500), ZERO, 0.5)
    assert (dearer.by_volume, dearer.by_price) == (ZERO, Money(300))


def test_what_is_new_or_gone_moved_by_its_volume() -> None:
    some = Totals(requests=3, cost=Money(7))

    assert Mover("a", Totals(), some).by_volume == Money(7)
    assert Mover("a", some, Totals()).by_volume == Money(-7)
    assert Mover("a", Totals(), some).share is None


def test_a_model_that_only_begins_cascades_is_measured_by_its_calls() -> None:
    """No request is counted to it, and it is neither new nor gone for that."""
    before = Totals(attempts=10, cost=Money(1000))
    more = Mover("a", before, Totals(attempts=15, requests=1, cost=Money(1800)))

    assert (more.by_volume, more.by_price) == (Money(500), Money(300))
    assert not more.is_new
    assert not Mover("a", before, before).is_gone
    assert Mover("a", Totals(), before).is_new
    assert Mover("a", before, Totals()).is_gone
    assert not Mover("a", Totals(), Totals()).is_gone


def test_a_period_that_nothing_precedes_is_told() -> None:
    with pytest.raises(FarthingError, match="no period as long as 0001-01-01 to 2026-11-14"):
        period_before("0001-01-01", "2026-11-14")


def test_the_period_before_is_as_long_and_ends_the_day_before() -> None:
    assert period_before("2026-11-08", "2026-11-14") == ("2026-11-01", "2026-11-07")
    assert period_before("2026-03-01", "2026-03-01") == ("2026-02-28", "2026-02-28")
    assert filters_before(Filters("2026-11-02", "2026-11-02", key="k")) == Filters(
        "2026-11-01", "2026-11-01", key="k"
    )
