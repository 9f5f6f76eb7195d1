"""Overrides as a request states them: as members of `farthing` in its body, or as headers.

A new one needs a row of `OVERRIDES`, a field of `router.domain.overrides.Overrides`, and code that heeds it.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from router.domain.errors import ApiError
from router.domain.money import Money
from router.domain.nearest import nearest
from router.domain.overrides import NO_OVERRIDES, Overrides

Stated = Mapping[str, Any]
"""Overrides by their names, with the values that they have in `Overrides`."""


class _Row(Struct, frozen=True):
    """An override: its header, its field, and how its value is read, from JSON and from a header."""

    header: str
    field: str
    right: str
    of_json: Callable[[Any], Any]
    of_text: Callable[[str], Any]


def _name(value: Any) -> str:
    # The form of names in a configuration: what is longer or not ASCII cannot be one, and stays out of errors.
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError
    return value


def _share(value: Any) -> float:
    number = _number(value)
    if not 0.0 <= number <= 1.0:
        raise ValueError
    return number


def _dollars(value: Any) -> Money:
    number = _number(value)
    if number < 0:
        raise ValueError
    return Money.from_usd(number)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError
    return value


def _names(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not value:
        raise ValueError
    return frozenset(map(_name, value))


def _flag(value: Any) -> bool:
    if value is True or value is False:
        return value
    raise ValueError


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",")]


def _truth(text: str) -> bool:
    words = {"true": True, "1": True, "false": False, "0": False}
    if (found := words.get(text.strip().lower())) is None:
        raise ValueError
    return found


def _caching(text: str) -> bool:
    """Cache-Control's words (RFC 9111, 5.2.1) work too: either keeps this request out of the cache."""
    return False if text.strip().lower() in ("no-cache", "no-store") else _truth(text)


def _cascading(value: Any) -> bool:
    """A request may forbid a cascade, but not demand one: it has no evidence that its policy lacks."""
    return False if value == "never" else _flag(value)


def _cascading_text(text: str) -> Any:
    word = text.strip().lower()
    return word if word == "never" else _truth(word)


_NAME = re.compile(r"[!-~]{1,128}")
_TRUTH = "must be true or false"
OVERRIDES: Mapping[str, _Row] = {
    "policy": _Row("x-farthing-policy", "policy", "must be the name of a policy", _name, str.strip),
    "tolerance": _Row(
        "x-farthing-tolerance", "tolerance", "must be a number from 0 to 1", _share, float
    ),
    "ceiling_usd": _Row(
        "x-farthing-ceiling-usd",
        "ceiling",
        "must be a number of dollars, 0 or more",
        _dollars,
        float,
    ),
    "candidates": _Row(
        "x-farthing-candidates", "candidates", "must be a list of models' ids", _names, _listed
    ),
    "cache": _Row("x-farthing-cache", "cache", _TRUTH, _flag, _caching),
    "cascade": _Row(
        "x-farthing-cascade",
        "cascade",
        "must be 'never', or true or false",
        _cascading,
        _cascading_text,
    ),
    "dry_run": _Row("x-farthing-dry-run", "dry_run", _TRUTH, _flag, _truth),
}
_PREFIX = "x-farthing-"
_LONGEST_SHOWN = 64
_OTHER_HEADERS = ("x-farthing-tags", "x-farthing-deadline-s", "x-farthing-receipt")


def of_member(member: Mapping[str, Any], where: str) -> Stated:
    """The overrides that a body's member states. Raises ApiError 400 for values that make no sense."""
    return {
        name: _read(row, member[name], f"{where}.{name}")
        for name, row in OVERRIDES.items()
        if member.get(name) is not None
    }


def of_headers(headers: Mapping[str, str]) -> Stated:
    """The overrides that headers state. Raises ApiError 400, also for `x-farthing-` headers that do not exist."""
    if not (ours := _ours(headers)):
        return {}
    known = [row.header for row in OVERRIDES.values()]
    for name in ours:
        if name not in (*known, *_OTHER_HEADERS):
            shown = shortened(name)
            hint = nearest(shown, [*known, *_OTHER_HEADERS])
            raise ApiError.invalid(shown, f"There is no header '{shown}'{hint}")
    return {
        name: _read(row, _as_json(row, text), row.header)
        for name, row in OVERRIDES.items()
        if (text := ours.get(row.header)) is not None
    }


def shortened(name: str) -> str:
    """An unknown name of any length, cut to what an error shows and compares with the known names."""
    return name[:_LONGEST_SHOWN]


def _ours(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with our prefix, by lower-case name; repeated ones are joined by commas (RFC 9110, 5.3)."""
    ours: dict[str, str] = {}
    for header, text in headers.items():
        if (name := header.lower()).startswith(_PREFIX):
            ours[name] = f"{ours[name]},{text}" if name in ours else text
    return ours


def _as_json(row: _Row, text: str) -> Any:
    """The header's value as JSON would have it, or the text itself if it makes no sense, for `_read` to refuse."""
    try:
        return row.of_text(text)
    except ValueError:
        return text


def _read(row: _Row, value: Any, where: str) -> Any:
    try:
        return row.of_json(value)
    except ValueError:
        raise ApiError.invalid(where, f"'{where}' {row.right}.") from None


def merged(of_body: Stated, of_head: Stated) -> Stated:
    """What both state. Raises ApiError 400 where they contradict each other."""
    for name in of_body.keys() & of_head.keys():
        if of_body[name] != of_head[name]:
            header = OVERRIDES[name].header
            raise ApiError.invalid(
                header, f"The body's '{name}' and the header '{header}' contradict each other."
            )
    return {**of_body, **of_head}


def as_overrides(stated: Stated) -> Overrides:
    """What was stated, as the type that the other rooms know."""
    if not stated:
        return NO_OVERRIDES
    return Overrides(**{OVERRIDES[name].field: value for name, value in stated.items()})
