"""A long conversation, read a part at a time.

The parser takes a millisecond and more for each megabyte, and nothing can interrupt it. So the array of messages is cut
where one message seems to end and the next to begin, and the parts are parsed one after the other. Where the guess was
wrong a part is no JSON, and the whole is parsed in one go; where every part is, nothing else than this can be what the
whole says, since whatever stands between two JSON values and a comma is what it is on its own: in a text the
quotes of `"role"` would be escaped, and a cut within one would leave parts that do not end.
"""

import re
from typing import Any

import orjson

from router.wire.turns import Turns

LONG_BYTES = 2**18
"""Of a request that is worth it, and of a part: below half a millisecond's work."""

_MESSAGES = re.compile(rb'"messages"\s*:\s*\[\s*')
_BETWEEN = re.compile(rb'\}\s*,\s*(?=\{\s*"role"\s*:)')
_ESCAPED_LETTER = re.compile(rb"\\u00[567]")
"""How a second member `messages` may be written without its being seen."""
_AS_A_LIST = b"[%b]"
_LONGEST_GAP = 64
"""Bytes between two messages that are looked at together; where a client writes more, parts become larger."""


def parted(raw: bytes, part_bytes: int = LONG_BYTES) -> Turns[dict[str, Any] | None]:
    """The JSON object in `raw`, with turns for others; None where it must be parsed in one go.

    A part is a message at least, and of about so many bytes.
    """
    array = _MESSAGES.search(raw, 0, LONG_BYTES)
    if array is None:
        return None
    messages, start = list[Any](), array.end()
    try:
        for at in range(start + part_bytes, len(raw), part_bytes):
            if cut := _BETWEEN.search(raw, max(at, start), at + part_bytes + _LONGEST_GAP):
                messages.extend(orjson.loads(_AS_A_LIST % raw[start : cut.start() + 1]))
                start = cut.end()
            yield
        return _completed(raw[: array.end()] + raw[start:], messages) if messages else None
    except orjson.JSONDecodeError:
        return None


def _completed(rest: bytes, messages: list[Any]) -> dict[str, Any] | None:
    """What `rest` says, all but the first of the messages, with these before its own."""
    if len(_MESSAGES.findall(rest)) != 1 or _ESCAPED_LETTER.search(rest):
        return None
    body = orjson.loads(rest)
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
        return None
    body["messages"] = messages + body["messages"]
    return body
