"""What a new key may do and spend, as options of `farthing keys create`."""

import argparse
import re
from collections.abc import Callable
from datetime import UTC, date, datetime

from router.cli.arguments.reading import expects, whole
from router.domain.budget import Budget, BudgetWindow, Scope, ScopeKind
from router.domain.money import Money
from router.domain.nearest import nearest
from router.wire.overrides import OVERRIDES

_NAME = re.compile(r"[!-9;-~][!-~]{0,127}")
_TAG = re.compile(r"[!-+\--~]{1,64}")
_BUDGET = re.compile(r"(?P<usd>\d+(?:\.\d+)?)/(?P<per>day|week|month|lifetime)(?:@(?P<zone>\S+))?")
_DAY_S = 86_400.0
_MOST_GRACE_S = 366 * _DAY_S
_MOST_A_MINUTE = 10**12
"""More than anybody needs, and still an exact number in JSON and in Redis."""


def add_terms(create: argparse.ArgumentParser) -> None:
    """The options that say what a new key may do and spend."""
    create.add_argument(
        "--tag",
        action="append",
        default=[],
        type=_tag,
        help="a tag for each of its requests; may be repeated",
    )
    create.add_argument(
        "--policy", action="append", default=[], help="allow only this policy; may be repeated"
    )
    create.add_argument(
        "--model", action="append", default=[], help="allow only this model; may be repeated"
    )
    create.add_argument(
        "--overrides",
        type=_overrides,
        metavar="NAMES",
        help="its requests may override these only: tolerance,candidates; or none",
    )
    _add_amounts(create)
    create.add_argument(
        "--expires", type=_expiry, metavar="DAY|Nd", help="2027-01-31 (when it begins, UTC), or 90d"
    )


def _add_amounts(create: argparse.ArgumentParser) -> None:
    create.add_argument(
        "--budget",
        action="append",
        default=[],
        type=_budget,
        metavar="USD/PERIOD[@ZONE]",
        help="50/month, 2.5/day@Europe/Berlin, 100/lifetime; may be repeated",
    )
    create.add_argument("--rpm", type=whole(1, _MOST_A_MINUTE), help="requests a minute")
    create.add_argument(
        "--tpm", type=whole(1, _MOST_A_MINUTE), help="tokens a minute, of prompt and answer"
    )


@expects("a name of at most 128 characters, in ASCII, without spaces, not beginning with a colon")
def key_name(text: str) -> str:
    """A name."""
    if not _NAME.fullmatch(text):
        raise ValueError(text)
    return text


@expects("a tag of at most 64 characters, in ASCII, without spaces and commas")
def _tag(text: str) -> str:
    if not _TAG.fullmatch(text):
        raise ValueError(text)
    return text


def _overrides(text: str) -> frozenset[str]:
    """`tolerance,candidates`, or `none`."""
    names = frozenset() if text == "none" else frozenset(each.strip() for each in text.split(","))
    for name in sorted(names - OVERRIDES.keys()):
        hint = nearest(name, OVERRIDES)
        raise argparse.ArgumentTypeError(f"there is no override '{name}'{hint}")
    return names


@expects(f"a number of seconds from 0 to {_MOST_GRACE_S:.0f} (a year)")
def grace_s(text: str) -> float:
    """A time within which a secret that somebody wants to be rid of should end."""
    if not 0 <= (seconds := float(text)) <= _MOST_GRACE_S:
        raise ValueError(text)
    return seconds


@expects(
    "USD/PERIOD or USD/PERIOD@ZONE, such as 50/month@Europe/Berlin; day, week, month or lifetime"
)
def _budget(text: str) -> tuple[Money, BudgetWindow, str]:
    """`50/month@Europe/Berlin` as an amount, a window and a time zone."""
    if not (found := _BUDGET.fullmatch(text)):
        raise ValueError(text)
    amount = Money.from_usd(found["usd"]), BudgetWindow(found["per"]), found["zone"] or "UTC"
    Budget(Scope(ScopeKind.KEY, "-"), *amount)  # refuses unknown time zones
    return amount


@expects("a day, 2027-01-31, or a number of days, 90d")
def _expiry(text: str) -> Callable[[float], float]:
    """`90d` from now, or the beginning of a day; as a function of now."""
    if days := re.fullmatch(r"([1-9]\d{0,4})d", text):
        return lambda now_s: now_s + int(days[1]) * _DAY_S
    day = date.fromisoformat(text)
    at_s = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    return lambda _: at_s
