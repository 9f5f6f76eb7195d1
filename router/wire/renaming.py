"""Give a stored answer another id in its bytes, leaving every other byte as the upstream wrote it.

An unescaped `"id"` in valid JSON is always a key or a whole value, never part of a text, where its
quotes would be escaped. If it occurs before any inner bracket, and nowhere else, it is the
outermost object's own; anything less usual is parsed and examined member by member.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from router.wire.answer import MalformedAnswer
from router.wire.chunks import chunk_in, events_in, is_done, is_usage_chunk
from router.wire.splice import set_members
from router.wire.sse import data_of, event_of

_KEY = b'"id"'
_ESCAPED = rb"\u006"
"""How an escaped `i` or `d` begins: `d` may be `\\u0064`."""
_ANSWER_HEAD = re.compile(rb'(\s*\{[^{}\[\]]*?(?<!\\)"id"\s*:\s*)"([\w.:-]*)"')
_CHUNK_HEAD = re.compile(
    rb'(data: ?\{[^{}\[\]]*?(?<!\\)"id"\s*:\s*)"[^"\\]*"([^{}\[\]]*"choices"\s*:\s*\[\s*\{)'
)
"""Everything before the first choice. It is the same in most chunks of a stream."""


def renamed(raw: bytes, answer: Mapping[str, Any], answer_id: str) -> bytes:
    """`raw`, which was parsed as `answer`, with `answer_id` as the outermost id."""
    head = _ANSWER_HEAD.match(raw)
    if head and (_is_alone(raw, head) or _is_parsed(raw, head, answer)):
        return head[1] + orjson.dumps(answer_id) + raw[head.end() :]
    return set_members(raw, answer, {"id": answer_id})


def _is_alone(raw: bytes, head: re.Match[bytes]) -> bool:
    return raw.find(_KEY, head.end()) < 0 and _ESCAPED not in raw


def _is_parsed(raw: bytes, head: re.Match[bytes], answer: Mapping[str, Any]) -> bool:
    """Whether the other ids are nested deeper, like those of tool calls.

    The parser keeps the last of repeated members: were the outermost id repeated, the parsed one would be
    different, or occur twice in the bytes.
    """
    is_last = answer.get("id") == head[2].decode() and raw.count(b'"' + head[2] + b'"') == 1
    return is_last and rb"\u00" not in raw


def renamed_events(body: bytes, answer_id: str, *, usage: bool) -> list[bytes]:
    """The events of the stored stream `body` with `answer_id` in each chunk, without `[DONE]`.

    The usage chunk is included only if `usage` is set. A chunk that begins and ends as usual is not
    parsed. Raises MalformedAnswer.
    """
    is_usual, told, old, new = _ESCAPED not in body, [], b"", b""
    for event in events_in(body):
        if is_usual and not (old and event.startswith(old)):
            old, new = _heads(event, answer_id)
        if old and event.find(_KEY, len(old)) < 0 and event.endswith(b"}\n\n"):
            told.append(new + event[len(old) :])
        else:
            told += _told(event, answer_id, usage=usage)
    if not any((chunk_in(event) or {}).get("choices") for event in told):
        raise MalformedAnswer("the stored stream has no choices")
    return told


def _heads(event: bytes, answer_id: str) -> tuple[bytes, bytes]:
    """Everything before the first choice, as it is and as it shall be; b"" if it is unusual."""
    head = _CHUNK_HEAD.match(event)
    if head is None or _KEY in head[2]:
        return b"", b""
    return head[0], head[1] + orjson.dumps(answer_id) + head[2]


def _told(event: bytes, answer_id: str, *, usage: bool) -> list[bytes]:
    """What replaces an event that has to be parsed: itself with another id, or nothing."""
    chunk = chunk_in(event)
    if chunk is None:
        return [] if is_done(event) else [event]
    if is_usage_chunk(chunk) and not usage:
        return []
    data = data_of(event) or b""
    written = renamed(data, chunk, answer_id)
    before, found, after = event.rpartition(data)
    # A payload on several lines is put on one: line breaks there are only whitespace between tokens.
    return [before + written + after if found else event_of(written.replace(b"\n", b" "))]
