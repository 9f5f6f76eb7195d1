"""Hours in which a vendor charges less, as litellm's price map states them.

`hours_utc` hold every day, those in `windows` on certain weekdays (1 is Monday) of `weekday_timezone`, UTC unless
stated. A span that ends before it begins goes past midnight, and one that ends where it begins is all day long.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from router.domain.catalog import WEEK_MIN

_DAY_MIN = 24 * 60
_MONDAY = datetime(2026, 1, 5)  # noqa: DTZ001 - a day of any zone
_IsOpen = Callable[[int], bool]


def spans_of(stated: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    """The minutes of the week that are stated, from Monday's first one on in UTC, as spans without their ends."""
    shift_min = _shift_min(stated.get("weekday_timezone") or "UTC")
    rules = [_rule(each, shift_min) for each in (stated, *(stated.get("windows") or ()))]
    are_open = [any(is_open(minute) for is_open in rules) for minute in range(WEEK_MIN)]
    return tuple(_spans([False, *are_open, False]))


def _rule(stated: Mapping[str, Any], shift_min: int) -> _IsOpen:
    """Whether a minute of the week is among the hours of one rule."""
    hours = stated.get("hours_utc") or ()
    spans = [_clocks(each) for each in ([hours] if isinstance(hours, str) else hours)]
    days = frozenset(stated.get("weekdays") or range(1, 8))

    def is_open(minute: int) -> bool:
        day = (minute + shift_min) % WEEK_MIN // _DAY_MIN + 1
        return day in days and any(_is_within(minute % _DAY_MIN, *span) for span in spans)

    return is_open


def _clocks(span: str) -> tuple[int, int]:
    begin, end = (time.split(":") for time in span.split("-"))
    return int(begin[0]) * 60 + int(begin[1]), int(end[0]) * 60 + int(end[1])


def _is_within(clock: int, begin: int, end: int) -> bool:
    return begin <= clock < end if begin < end else clock >= begin or clock < end


def _shift_min(zone: str) -> int:
    """How far the clocks of a zone are ahead of UTC; those who price by it do not change their clocks."""
    offset = ZoneInfo(zone).utcoffset(_MONDAY)
    return 0 if offset is None else int(offset.total_seconds()) // 60


def _spans(are_open: list[bool]) -> Iterator[tuple[int, int]]:
    """The spans of a list that begins one minute before the week, and ends one after it."""
    turns = [at for at, (before, now) in enumerate(pairwise(are_open)) if before != now]
    return zip(turns[::2], turns[1::2], strict=True)
