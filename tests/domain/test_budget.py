"""Budget periods follow one another without gaps, at midnight in a time zone, even when clocks change."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.budget import (
    EVERYTHING,
    Balance,
    Budget,
    BudgetWindow,
    Period,
    RateLimit,
    Scope,
    ScopeKind,
)
from router.domain.money import ZERO, Money

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Apia",
    "Asia/Kathmandu",
)
BUDGETS = st.builds(
    Budget,
    scope=st.just(EVERYTHING),
    usd=st.just(Money.from_usd(1)),
    window=st.sampled_from([BudgetWindow.DAY, BudgetWindow.WEEK, BudgetWindow.MONTH]),
    timezone=st.sampled_from(ZONES),
)
MOMENTS = st.floats(1_300_000_000, 2_000_000_000)


def budget(window: str, timezone: str = "UTC") -> Budget:
    return Budget(EVERYTHING, Money.from_usd(50), BudgetWindow(window), timezone)


def at(text: str, timezone: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone)).timestamp()


@given(one=BUDGETS, now_s=MOMENTS)
def test_every_moment_lies_in_its_period(one: Budget, now_s: float) -> None:
    period = one.period(now_s)

    assert period.resets_s is not None
    assert period.start_s <= now_s < period.resets_s
    assert one.period(period.start_s) == period


@given(one=BUDGETS, now_s=MOMENTS)
def test_periods_follow_one_another_without_a_gap(one: Budget, now_s: float) -> None:
    period = one.period(now_s)
    assert period.resets_s is not None

    assert one.period(period.resets_s).start_s == period.resets_s
    assert one.period(period.resets_s - 0.001) == period


@pytest.mark.parametrize(
    ("window", "start", "end"),
    [
        ("day", "2026-10-25", "2026-10-26"),
        ("week", "2026-10-19", "2026-10-26"),
        ("month", "2026-10-01", "2026-11-01"),
    ],
)
def test_a_period_begins_at_midnight_on_the_day_when_clocks_are_changed_too(
    window: str, start: str, end: str
) -> None:
    zone = "Europe/Berlin"  # on 2026-10-25 the day has 25 hours
    period = budget(window, zone).period(at("2026-10-25T23:30", zone))

    assert period == Period(at(start, zone), at(end, zone))


def test_a_lifetime_never_ends() -> None:
    period = budget("lifetime").period(1e9)

    assert period == Period(0.0, None)
    assert period.has(1e12)


def test_a_budget_is_called_by_what_it_is() -> None:
    own = Budget(Scope(ScopeKind.KEY, "search"), Money.from_usd("2.5"), BudgetWindow.MONTH)

    assert str(own) == "2.5 USD a month for key search"
    assert str(budget("lifetime")) == "50 USD in all for everything"


@pytest.mark.parametrize(
    ("usd", "zone"), [(-1, "UTC"), (1, "Mars/Olympus"), (1, "../etc/passwd"), (1, "Europe")]
)
def test_nonsense_is_refused(usd: int, zone: str) -> None:
    with pytest.raises(ValueError, match=r"budget|time zone"):
        Budget(EVERYTHING, Money.from_usd(usd), BudgetWindow.DAY, zone)


def test_nothing_at_all_is_a_budget_and_a_limit_lets_something_through() -> None:
    assert Budget(EVERYTHING, ZERO, BudgetWindow.DAY).usd == ZERO
    assert RateLimit(EVERYTHING, requests_per_minute=1).tokens_per_minute is None
    for bound in ("requests_per_minute", "tokens_per_minute"):
        with pytest.raises(ValueError, match="a limit is at least 1"):
            RateLimit(EVERYTHING, **{bound: 0})


def test_what_is_left_is_never_below_nothing() -> None:
    period = Period(0, None)
    balance = Balance(budget("day"), period, Money.from_usd(30), Money.from_usd(15))

    assert (balance.left, balance.share_left) == (Money.from_usd(5), 0.1)
    assert Balance(budget("day"), period, Money.from_usd(60)).left == ZERO
