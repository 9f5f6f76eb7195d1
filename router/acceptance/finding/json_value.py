"""JSON in one spelling: keys in order, numbers by their value."""

from typing import Any

import orjson

from router.wire.canonical import plain

_LONGEST = 2**16
"""Characters: walking through more takes longer than a request should wait."""


def json_in(text: str) -> Any:
    """The object or list that a text consists of; None for anything else, and for what is too long."""
    is_one = text[:1] + text[-1:] in ("{}", "[]")
    if not is_one or len(text) > _LONGEST:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def canonical(value: Any, *, trims: bool = False) -> str | None:
    """JSON in its one spelling; None for what is nested too deeply. 1 and 1.0 are the same, 1 and true are not.

    With `trims`, space around texts is ignored.
    """
    try:
        spelt = plain(_trimmed(value) if trims else value)
        return orjson.dumps(spelt, option=orjson.OPT_SORT_KEYS).decode()
    except (orjson.JSONEncodeError, RecursionError):
        return None


def _trimmed(value: Any) -> Any:
    match value:
        case str():
            return value.strip()
        case dict():
            return {name: _trimmed(each) for name, each in value.items()}
        case list():
            return [_trimmed(each) for each in value]
        case _:
            return value
