"""How the answers of each dialect are read while they pass through, and how a broken stream of them ends."""

from collections.abc import Mapping
from typing import Any, Protocol

import orjson

from router.domain.errors import ApiError
from router.wire.answer import MalformedAnswer, StreamEvent, read_event
from router.wire.dialects.dialect import Dialect
from router.wire.errors import error_body
from router.wire.sse import data_of, event_of


class StreamForm(Protocol):
    """Reads one stream, event by event, in order."""

    @property
    def dialect(self) -> Dialect:
        """The API whose events these are."""
        ...

    def read(self, raw: bytes) -> StreamEvent:
        """What an event says. Raises MalformedAnswer if it is not an event."""
        ...

    def broken(self, message: str) -> bytes:
        """The event that tells a client that the stream has broken off, and why."""
        ...


class ChatForm:
    """Implements `StreamForm` for chat, whose events can be read independently."""

    dialect = Dialect.CHAT

    def read(self, raw: bytes) -> StreamEvent:
        """As `router.wire.answer` reads it."""
        return read_event(raw)

    def broken(self, message: str) -> bytes:
        """An `error` event."""
        return event_of(error_body(broken_off(message)))


CHAT_FORM = ChatForm()
"""It has no state, so one instance serves all streams."""


def broken_off(message: str) -> ApiError:
    """What a client is told about a stream that ended early."""
    said = f"The answer was interrupted: {message.removesuffix('.')}."
    return ApiError(502, said, code="stream_cut", kind="server_error")


def event_in(raw: bytes) -> Mapping[str, Any] | None:
    """The object in a server-sent event; None for a comment. Raises MalformedAnswer for anything else."""
    data = _named_data(raw) or data_of(raw)
    return None if data is None else object_in(data, "an event of the upstream's stream")


def _named_data(raw: bytes) -> bytes:
    """The payload of an event in these dialects' usual form, preceded by a line with its name; else b""."""
    if not (raw.startswith(b"event: ") and raw.endswith(b"\n\n")) or raw.count(b"\n") != 3:
        return b""
    before, _, data = raw.partition(b"\ndata: ")
    return b"" if b"\n" in before or b"\r" in raw else data[:-2]


def object_in(raw: bytes, what: str) -> dict[str, Any]:
    """The JSON object in `raw`. Raises MalformedAnswer with a message that calls it `what`."""
    try:
        told = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise MalformedAnswer(f"{what} is not JSON") from None
    if not isinstance(told, dict):
        raise MalformedAnswer(f"{what} is not an object")
    return told


def chars_in(*texts: object) -> int:
    """The total length of those that are text."""
    return sum(len(text) for text in texts if isinstance(text, str))
