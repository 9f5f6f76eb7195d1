"""Change single members of a JSON object in its bytes, leaving every other byte as the client wrote it.

Rewriting a body to rename its model would miss the provider's prompt cache (which matches bytes), and
change what our parser does not represent: 1.0 and 1, escapes, the order of keys.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_TOKEN = re.compile(_STRING + rb"|[{}\[\]:,]")
_ESCAPED_LETTER = re.compile(rb"\\u00[567]")
"""How `mod\\u0065l` may be written for `model`: an escaped a to z or underscore, and little else."""
_OPENING, _CLOSING = b"{[", b"}]"


def set_members(raw: bytes, body: Mapping[str, Any], members: Mapping[str, Any]) -> bytes:
    """`raw` with the top-level `members` set, in place where they stand, else put at the front.

    `body` is `raw` parsed; names are made of a to z and underscores. A member that is written
    twice is set in both places, since parsers differ in which of them they take.
    """
    absent = {name: value for name, value in members.items() if name not in body}
    for name, value in members.items():
        if name in body:
            raw = _replaced(raw, _spans(raw, name, body[name]), orjson.dumps(value))
    return _prepended(raw, absent, others=bool(body)) if absent else raw


def repeated(raw: bytes, body: Mapping[str, Any], names: Iterable[str]) -> str | None:
    """The first of the top-level `names` that `raw`, parsed as `body`, has more than once; None if there is none."""
    for name in names:
        if name in body and _may_be_repeated(raw, name):
            keys = [orjson.loads(key) for key, _ in _top_level_members(raw)]
            if keys.count(name) > 1:
                return name
    return None


def _may_be_repeated(raw: bytes, name: str) -> bool:
    """Whether it is worth walking through all members, which takes fifty times as long as this check."""
    if raw.count(b'"%s"' % name.encode()) > 1:
        return True
    return b"\\u00" in raw and _ESCAPED_LETTER.search(raw) is not None


def without_member(raw: bytes, body: Mapping[str, Any], name: str) -> bytes:
    """`raw` without its top-level member `name`, wherever and however often it is written.

    The rest keeps its bytes, each member with the comma that stood behind it.
    """
    if name not in body:
        return raw
    members = [
        (raw.rindex(key, 0, start), end, key) for key, (start, end) in _top_level_members(raw)
    ]
    kept = [place for place, (_, _, key) in enumerate(members) if orjson.loads(key) != name]
    pieces = [raw[: members[0][0]]]
    for place in kept:
        begin, end, _ = members[place]
        until = end if place == kept[-1] else members[place + 1][0]
        pieces.append(raw[begin:until])
    return b"".join([*pieces, raw[members[-1][1] :]])


def _spans(raw: bytes, name: str, value: object) -> list[tuple[int, int]]:
    """Where the values of the top-level member `name` stand; more than one if the key is repeated."""
    if isinstance(value, str) and not _ESCAPED_LETTER.search(raw):
        pattern = rb'"' + re.escape(name.encode()) + rb'"\s*:\s*(' + _STRING + rb")?"
        found = list(re.finditer(pattern, raw))
        if len(found) == 1:  # then it is the one that was parsed, and no decoy deeper down
            return [found[0].span(1)]
    return [span for key, span in _top_level_members(raw) if orjson.loads(key) == name]


def _top_level_members(raw: bytes) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Each member of the outermost object: its key as written, and the span of its value."""
    depth, key, value_start, last_string = 0, b"", -1, b""
    for match in _TOKEN.finditer(raw):
        token = match.group()
        if depth == 1 and token in (b",", b"}") and value_start >= 0:
            yield key, _stripped(raw, value_start, match.start())
            value_start = -1
        if token[:1] == b'"':
            last_string = token
        elif depth == 1 and token == b":" and value_start < 0:
            key, value_start = last_string, match.end()
        elif token in _OPENING:
            depth += 1
        elif token in _CLOSING:
            depth -= 1


def _stripped(raw: bytes, start: int, end: int) -> tuple[int, int]:
    text = raw[start:end]
    return start + len(text) - len(text.lstrip()), end - (len(text) - len(text.rstrip()))


def _replaced(raw: bytes, spans: list[tuple[int, int]], written: bytes) -> bytes:
    """`raw` with `written` at each of the ascending `spans`, in one pass: there may be half a million of them."""
    ends = [0, *(end for _, end in spans)]
    starts = [*(start for start, _ in spans), len(raw)]
    return written.join(raw[end:start] for end, start in zip(ends, starts, strict=True))


def _prepended(raw: bytes, members: Mapping[str, Any], *, others: bool) -> bytes:
    at = raw.index(b"{") + 1
    comma = b"," if others else b""
    return raw[:at] + orjson.dumps(members)[1:-1] + comma + raw[at:]
