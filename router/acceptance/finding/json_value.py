"""JSON in one spelling: keys in order, numbers by their value, and a final answer among its fields."""

from collections.abc import Mapping
from typing import Any

import orjson

from router.acceptance.finding.asked import Question
from router.acceptance.finding.found import Final, Found, Kind, NotFound
from router.acceptance.finding.values import value_of
from router.acceptance.words.fields import ANSWERS, ASIDES

_LONGEST = 2**16
"""Characters: to walk through more takes longer than a request should wait."""
_TOO_LARGE = 2.0**63
_TOO_DEEP = NotFound("the JSON is nested too deeply")


def json_in(text: str) -> Any:
    """The object or the list that a text is; None for anything else, and for what is too long."""
    is_one = text[:1] + text[-1:] in ("{}", "[]")
    if not is_one or len(text) > _LONGEST:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def final_of_json(value: Any, question: Question) -> Final:
    """What JSON comes to: its only answer where the rest is reasoning, else all but the reasoning."""
    rest = _without_asides(value) if isinstance(value, dict) else value
    if isinstance(rest, dict) and len(rest) == 1 and _bare(next(iter(rest))) in ANSWERS:
        return _of_field(next(iter(rest.values())), question)
    return _exact(rest)


def canonical(value: Any) -> str | None:
    """JSON in its one spelling; None for what is nested too deeply. 1 and 1.0 are one, 1 and true two."""
    try:
        return orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS).decode()
    except (orjson.JSONEncodeError, RecursionError):
        return None


def _exact(value: Any) -> Final:
    written = canonical(value)
    return _TOO_DEEP if written is None else Found(Kind.JSON, written)


def _of_field(value: Any, question: Question) -> Final:
    """A field with a short answer counts as if it had been said in words."""
    match value:
        case None | "":
            return NotFound("the answer in the JSON is empty")
        case bool():
            return Found(Kind.VERDICT, "true" if value else "false")
        case int() | float() | str():
            return value_of(str(value), question) or _exact(value)
        case _:
            return value_of(str(value), question) or _exact(value)


def _without_asides(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields that are no reasoning; all of them where nothing else is there."""
    kept = {name: each for name, each in value.items() if _bare(name) not in ASIDES}
    return kept or value


def _bare(name: str) -> str:
    return "".join(name.lower().split()).replace("_", "").replace("-", "")


def _plain(value: Any) -> Any:
    """The value with whole numbers written as such, and texts without white space around them."""
    match value:
        case float() if value.is_integer() and abs(value) < _TOO_LARGE:
            return int(value)
        case str():
            return value.strip()
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case list():
            return [_plain(each) for each in value]
        case _:
            return value
