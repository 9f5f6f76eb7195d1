"""A stored answer as the client wants it now: whole or as a stream, under an id of its own.

What was stored in the form that is wanted keeps its bytes, but for the id. The other form is made:
a stream's chunks are merged into a message, a message is cut into chunks.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from router.wire.answer import MalformedAnswer
from router.wire.cutting import chunks_of
from router.wire.merging import completion_of
from router.wire.splice import set_members
from router.wire.sse import EventSplitter, data_of, event_of

_ID = re.compile(rb'"id"\s*:\s*("[^"\\]*")')
_DATA, _BLANK = b"data: ", b"\n\n"
_USAGE = re.compile(rb'"choices"\s*:\s*\[\s*\]')


def as_plain(body: bytes, *, is_stream: bool, answer_id: str) -> bytes:
    """The answer as one chat completion. Raises MalformedAnswer where `body` is no stored answer."""
    if is_stream:
        return _written({"id": answer_id, **completion(body, is_stream=True)})
    return _renamed(body, answer_id)


def completion(body: bytes, *, is_stream: bool) -> Mapping[str, Any]:
    """The answer as a chat completion; one that was a stream has no id. Raises MalformedAnswer."""
    return completion_of(map(_chunk, _events(body))) if is_stream else _object(body)


def as_stream(body: bytes, *, is_stream: bool, answer_id: str, usage: bool) -> bytes:
    """The answer as the events of a stream, without the last one; `usage` asks for the usage chunk.

    Raises MalformedAnswer where `body` is no stored answer.
    """
    if not is_stream:
        chunks = chunks_of(_object(body), usage=usage)
        return b"".join(event_of(_written({"id": answer_id, **chunk})) for chunk in chunks)
    renamed = _all_renamed(body, answer_id)
    if renamed is None:
        renamed = b"".join(_renamed_event(event, answer_id) for event in _events(body))
    return renamed if usage else _without_usage(renamed)


def _events(body: bytes) -> list[bytes]:
    events = EventSplitter(len(body) + 1).feed(body)
    if not events:
        raise MalformedAnswer("there is no event in it")
    return events


def _chunk(event: bytes) -> Mapping[str, Any]:
    """What an event says; nothing, where it is a comment."""
    data = data_of(event)
    return _object(data) if data else {}


def _object(raw: bytes) -> Mapping[str, Any]:
    try:
        read = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise MalformedAnswer("it is not JSON") from None
    if not isinstance(read, dict):
        raise MalformedAnswer("it is no object")
    return read


def _written(answer: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(answer)
    except orjson.JSONEncodeError:
        raise MalformedAnswer("it is nested too deeply") from None


def _without_usage(stream: bytes) -> bytes:
    if b"\r" in stream:
        return b"".join(event for event in _events(stream) if not _is_usage(event))
    at = 0
    while (found := _USAGE.search(stream, at)) is not None:
        before = stream.rfind(_BLANK, 0, found.start())
        start = 0 if before < 0 else before + len(_BLANK)
        at = stream.index(_BLANK, found.end()) + len(_BLANK)
        if _is_usage(stream[start:at]):
            stream, at = stream[:start] + stream[at:], start
    return stream


def _is_usage(event: bytes) -> bool:
    # Only what may be one is parsed; most events are not.
    return bool(_USAGE.search(event)) and not _chunk(event).get("choices")


def _all_renamed(stream: bytes, answer_id: str) -> bytes | None:
    """All events under another id at one stroke; None where they are not all written alike.

    What looks like the member inside of a text is none: there its quotes are escaped.
    """
    first = _ID.match(stream, len(_DATA) + 1)
    if first is None or stream.count(first[0]) != stream.count(_DATA):
        return None
    return stream.replace(first[0], b'"id":' + orjson.dumps(answer_id))


def _renamed(raw: bytes, answer_id: str) -> bytes:
    """A JSON object's bytes with another id, and no other byte changed.

    Nearly always the id is the first member, written plainly; then nothing needs to be parsed.
    """
    if (first := _ID.match(raw, _begin(raw))) is not None:
        start, end = first.span(1)
        return raw[:start] + orjson.dumps(answer_id) + raw[end:]
    return set_members(raw, _object(raw), {"id": answer_id})


def _renamed_event(event: bytes, answer_id: str) -> bytes:
    if (data := data_of(event)) is None:
        return event
    if event.startswith(b"data: ") and (first := _ID.match(event, 6 + _begin(data))) is not None:
        start, end = first.span(1)
        return event[:start] + orjson.dumps(answer_id) + event[end:]
    return event_of(set_members(data, _object(data), {"id": answer_id}).replace(b"\n", b" "))


def _begin(raw: bytes) -> int:
    """Where an object's first member would stand."""
    return 1 if raw[:1] == b"{" else 0
