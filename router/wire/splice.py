"""Change single members of a JSON object in its bytes, leaving every other byte as the client wrote it.

Rewriting a body to rename its model would miss the provider's prompt cache (which matches bytes), and
change what our parser does not represent: 1.0 and 1, escapes, the order of keys.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson
from msgspec import Raw, json

from router.domain.errors import ApiError

_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_TOKEN = re.compile(_STRING + rb"|[{}\[\]:,]")
_ESCAPED_LETTER = re.compile(rb"\\u00[567]")
"""How `mod\\u0065l` may be written for `model`: an escaped a to z or underscore, and little else."""
_OPENING, _CLOSING = b"{[", b"}]"
_HEAD = re.compile(rb"[\s{,]*(" + _STRING + rb")\s*:\s*")
"""What stands before a member's value, from the end of the member before it."""
_WALKED_BYTES = 2**18
"""What is longer and too deep for msgspec is not walked through token by token, which takes 0.6 s per megabyte."""
_MOST_MEMBERS = 10_000
"""Looking at so many takes 20 ms; a client writes a few dozen."""


class _Member(NamedTuple):
    """A member of the outermost object: its name, and where its key begins, and its value begins and ends."""

    name: str
    at: int
    start: int
    end: int


class _Key:
    """A member's name. No two keys are equal, so that of repeated members none is lost."""

    def __init__(self, name: str) -> None:
        self.name = name


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
            names_there = [member.name for member in _top_level_members(raw)]
            if names_there.count(name) > 1:
                return name
    return None


def _may_be_repeated(raw: bytes, name: str) -> bool:
    """Whether it is worth looking at all members, which takes several times as long as this check."""
    if raw.count(b'"%s"' % name.encode()) > 1:
        return True
    return b"\\u00" in raw and _ESCAPED_LETTER.search(raw) is not None


def without_member(raw: bytes, body: Mapping[str, Any], name: str) -> bytes:
    """`raw` without its top-level member `name`, wherever and however often it is written.

    The rest keeps its bytes, each member with the comma that stood behind it.
    """
    if name not in body:
        return raw
    members = list(_top_level_members(raw))
    kept = [place for place, member in enumerate(members) if member.name != name]
    pieces = [raw[: members[0].at]]
    for place in kept:
        member = members[place]
        until = member.end if place == kept[-1] else members[place + 1].at
        pieces.append(raw[member.at : until])
    return b"".join([*pieces, raw[members[-1].end :]])


def _spans(raw: bytes, name: str, value: object) -> list[tuple[int, int]]:
    """Where the values of the top-level member `name` stand; more than one if the key is repeated."""
    if isinstance(value, str) and not _ESCAPED_LETTER.search(raw):
        pattern = rb'"' + re.escape(name.encode()) + rb'"\s*:\s*(' + _STRING + rb")?"
        found = list(re.finditer(pattern, raw))
        if len(found) == 1:  # then it is the one that was parsed, and no decoy deeper down
            return [found[0].span(1)]
    return [(each.start, each.end) for each in _top_level_members(raw) if each.name == name]


def _top_level_members(raw: bytes) -> Iterator[_Member]:
    """Each member of the outermost object.

    Raises ApiError 400 for more than ten thousand, and for what is long and nested more deeply than msgspec reads: 900
    levels on Python 3.11.
    """
    try:
        members = _skimmed(raw)
    except RecursionError:
        if len(raw) > _WALKED_BYTES:
            message = "The request body is nested too deeply."
            raise ApiError(400, message, code="invalid_json") from None
        yield from _walked(raw)
        return
    end = 0
    for key, value in members.items():
        head: re.Match[bytes] = _HEAD.match(raw, end)  # type: ignore[assignment]  # a value has a key
        end = head.end() + len(memoryview(value))
        yield _Member(key.name, head.start(1), head.end(), end)


def _skimmed(raw: bytes) -> dict[_Key, Raw]:
    """The members with the bytes of their values, in which nothing is looked at."""
    left = iter(range(_MOST_MEMBERS))

    def key_of(_: type, name: str) -> _Key:
        if next(left, None) is None:
            raise ApiError(400, "The request body has too many fields.", code="invalid_json")
        return _Key(name)

    return json.decode(raw, type=dict[_Key, Raw], dec_hook=key_of)


def _walked(raw: bytes) -> Iterator[_Member]:
    """The same, token by token."""
    depth, at, key, value_start = 0, 0, b"", -1
    for match in _TOKEN.finditer(raw):
        token = match.group()
        if depth == 1 and token in (b",", b"}") and value_start >= 0:
            yield _Member(orjson.loads(key), at, *_stripped(raw, value_start, match.start()))
            value_start = -1
        if depth == 1 and token[:1] == b'"' and value_start < 0:
            key, at = token, match.start()
        elif depth == 1 and token == b":" and value_start < 0:
            value_start = match.end()
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
