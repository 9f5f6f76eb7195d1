"""A long conversation, read a part at a time.

The parser takes at least a millisecond per megabyte, and nothing can interrupt it. So the array of messages is cut
where one message seems to end and the next to begin, and the parts are parsed one after the other. If a guess was
wrong, a part is not JSON, and the whole is parsed in one go. If every part is JSON, the whole cannot mean anything
else: what stands between two JSON values and a comma means the same on its own; in a text the quotes of `"role"`
would be escaped, and a cut within one would leave parts that do not end.
"""

import re
from typing import Any

import orjson

from router.domain.turns import Turns

LONG_BYTES = 2**18
"""Size of a request that is worth it, and of a part: less than half a millisecond of work."""

_MESSAGES = re.compile(rb'"messages"\s*:\s*\[\s*')
_BETWEEN = re.compile(rb'\}\s*,\s*(?=\{\s*"role"\s*:)')
_ESCAPED_LETTER = re.compile(rb"\\u00[567]")
"""How a second member `messages` may be written without being noticed."""
_AS_A_LIST = b"[%b]"
_LONGEST_GAP = 64
"""Bytes between two messages that are searched together; if a client writes more, parts become larger."""


def parted(raw: bytes, part_bytes: int = LONG_BYTES) -> Turns[dict[str, Any] | None]:
    """The JSON object in `raw`, parsed in turns; None if it must be parsed in one go.

    A part has at least one message, and about `part_bytes`.
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
    """The object in `rest`, which lacks the first `messages`, with these put before its own."""
    if len(_MESSAGES.findall(rest)) != 1 or _ESCAPED_LETTER.search(rest):
        return None
    body = orjson.loads(rest)
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
        return None
    body["messages"] = messages + body["messages"]
    return body
