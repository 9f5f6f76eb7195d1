"""Budgets: how much money, for whom, in which period.

A period is a day, a week from Monday, or a month by the calendar of a time zone, so that it begins
at local midnight even when the clocks are changed; or all of time.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from router.domain.money import ZERO, Money

EACH = "*"
"""As a scope's name: one budget for each key, tag or policy."""


class ScopeKind(StrEnum):
    """What a budget, or a limit, is about."""

    ALL = "all"
    KEY = "key"
    TAG = "tag"
    POLICY = "policy"


class Scope(Struct, frozen=True):
    """Everything, or what has a certain key, tag or policy; `name` is "" for everything."""

    kind: ScopeKind = ScopeKind.ALL
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse a name for everything, and a key, tag or policy without one."""
        if (self.kind is ScopeKind.ALL) != (self.name == ""):
            raise ValueError(f"a scope of kind {self.kind} has a name unless it is everything")

    @property
    def is_for_each(self) -> bool:
        """Whether it stands for each key, tag or policy by itself."""
        return self.name == EACH

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" if self.name else "everything"


EVERYTHING = Scope()


class BudgetWindow(StrEnum):
    """How long a budget lasts before it is reset."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    LIFETIME = "lifetime"


class Period(Struct, frozen=True):
    """From one Unix time to another, which is None for a period without an end."""

    start_s: float
    resets_s: float | None

    def has(self, now_s: float) -> bool:
        """Whether `now_s` (Unix time) lies in it."""
        return self.start_s <= now_s and (self.resets_s is None or now_s < self.resets_s)


class Budget(Struct, frozen=True):
    """At most `usd` for `scope` in each `window` of `timezone` (a name of the IANA database)."""

    scope: Scope
    usd: Money
    window: BudgetWindow
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        """Refuse amounts below 0 and time zones that do not exist."""
        if self.usd < ZERO:
            raise ValueError(f"a budget is not below 0: {self.usd}")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of zones is an OSError
            raise ValueError(f"there is no time zone {self.timezone!r}") from None

    def __str__(self) -> str:
        """As a person would say it: `50 USD a month for key search-team`."""
        span = "in all" if self.window is BudgetWindow.LIFETIME else f"a {self.window}"
        return f"{self.usd} USD {span} for {self.scope}"

    def period(self, now_s: float) -> Period:
        """The period that `now_s` (Unix time) lies in."""
        if self.window is BudgetWindow.LIFETIME:
            return Period(0.0, None)
        zone = ZoneInfo(self.timezone)
        today = datetime.fromtimestamp(now_s, zone).replace(
            hour=0, minute=0, second=0, microsecond=0, fold=0
        )
        match self.window:
            case BudgetWindow.DAY:
                start, end = today, today + timedelta(days=1)
            case BudgetWindow.WEEK:
                start = today - timedelta(days=today.weekday())
                end = start + timedelta(days=7)
            case _:
                start = today.replace(day=1)
                end = (start + timedelta(days=32)).replace(day=1)
        return Period(start.timestamp(), end.timestamp())


class Balance(Struct, frozen=True):
    """The state of a budget: what was spent in its period, and what requests in flight have reserved."""

    budget: Budget
    period: Period
    spent: Money = ZERO
    reserved: Money = ZERO

    @property
    def left(self) -> Money:
        """What may still be reserved; never below 0."""
        return max(ZERO, self.budget.usd - self.spent - self.reserved)

    @property
    def share_left(self) -> float:
        """What is left as a share of the whole, 0 to 1."""
        return self.left.pico / self.budget.usd.pico if self.budget.usd else 0.0


class RateLimit(Struct, frozen=True):
    """How many requests, and tokens of prompt and answer, a scope may have per minute; None for no bound."""

    scope: Scope
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None

    def __post_init__(self) -> None:
        """Refuse limits that would admit nothing."""
        for bound in (self.requests_per_minute, self.tokens_per_minute):
            if bound is not None and bound < 1:
                raise ValueError(f"a limit is at least 1, not {bound!r}")
