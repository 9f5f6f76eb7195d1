"""A stored stream, taken apart again: its events, and the chunk in each of them."""

from collections.abc import Mapping
from typing import Any

import orjson

from router.wire.answer import MalformedAnswer
from router.wire.sse import EventSplitter, data_of


def events_in(body: bytes) -> list[bytes]:
    """The events of a stored stream, each with its blank line; joined they are `body`.

    Raises MalformedAnswer when the last one is not whole.
    """
    *lines, rest = body.split(b"\n")
    has_a_line_each = b"\r" not in body and not any(lines[1::2]) and len(lines) % 2 == 0
    if has_a_line_each:  # as usual
        events = [line + b"\n\n" for line in lines[::2]]
    else:
        splitter = EventSplitter(max_event_bytes=len(body))
        events, rest = splitter.feed(body), splitter.rest()
    if rest:
        raise MalformedAnswer("the stored stream ends in the middle of an event")
    return events


def chunk_in(event: bytes) -> dict[str, Any] | None:
    """The chunk that an event brings, None for a comment or the end of the stream.

    Raises MalformedAnswer for an error, and for what is no chunk.
    """
    data = data_of(event)
    if data is None or data.strip() == b"[DONE]":
        return None
    try:
        chunk = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise MalformedAnswer("an event of the stored stream is not JSON") from None
    if not isinstance(chunk, dict):
        raise MalformedAnswer("an event of the stored stream is not an object")
    if chunk.get("error"):
        raise MalformedAnswer("the stored stream contains an error")
    choices_in(chunk)
    return chunk


def is_usage_chunk(chunk: Mapping[str, Any]) -> bool:
    """Whether this is the extra chunk that has no choices, but the usage of the whole answer."""
    return bool(chunk.get("usage")) and not chunk.get("choices")


def is_done(event: bytes) -> bool:
    """Whether this is the event that ends every stream."""
    return (data_of(event) or b"").strip() == b"[DONE]"


def choices_in(part: dict[str, Any]) -> list[dict[str, Any]]:
    """The choices of a chunk or a whole answer, if any. Raises MalformedAnswer if they are not a list of objects."""
    choices = part.get("choices") or []
    if not isinstance(choices, list) or not all(isinstance(each, dict) for each in choices):
        raise MalformedAnswer("the choices of the stored answer are not a list of objects")
    return choices


def text_in(content: object) -> str:
    """The text of an answer's content, which models of Mistral's that think give in parts; "" for anything else."""
    if not isinstance(content, list):
        return content if isinstance(content, str) else ""
    texts = (part.get("text") for part in content if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))
