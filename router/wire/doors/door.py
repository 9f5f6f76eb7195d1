"""What a door is, and what it turns a request into."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import orjson
from msgspec import Struct, field

from router.domain.errors import ApiError
from router.wire.chat import JsonObject
from router.wire.dialects.answer import ReportedError
from router.wire.original import Original


class EventWriter(Protocol):
    """Writes one stream in the client's API; each method returns events, as their bytes."""

    def take(self, chunk: dict[str, Any]) -> Iterator[bytes]:
        """The events for a chunk of chat, which may be an error. Raises MalformedAnswer if it is not a chunk."""
        ...

    def done(self) -> Iterator[bytes]:
        """The end: everything from chat has been taken."""
        ...

    def fail(self, fault: ReportedError) -> Iterator[bytes]:
        """A failure, after which nothing more follows."""
        ...


class Asked(Protocol):
    """A request that came in through a door."""

    @property
    def chat(self) -> bytes:
        """The equivalent chat completion request."""
        ...

    @property
    def original(self) -> Original | None:
        """The request as it came, if it is of a dialect that upstreams may speak."""
        ...

    def told(self, answer: JsonObject, now_s: int) -> JsonObject:
        """A whole chat completion in the client's API. Raises MalformedAnswer if it is not one."""
        ...

    def event_writer(self, now_s: int) -> EventWriter:
        """The writer for a stream of chat; `now_s` is Unix time."""
        ...


class Door(Struct, frozen=True):
    """An API: how its requests are read, and its names for fields that chat calls something else.

    `read` raises ApiError 400, in the client's own words.
    """

    read: Callable[[bytes], Asked]
    names: Mapping[str, str] = field(default_factory=dict)

    def in_its_words(self, error: ApiError) -> ApiError:
        """An error about a field of the chat view, rewritten for the client's own field."""
        name = self.names.get(error.param or "")
        if name is None:
            return error
        own = ApiError(
            error.status,
            error.message.replace(f"'{error.param}'", f"'{name}'"),
            code=error.code,
            param=name,
            kind=error.kind,
            retry_after_s=error.retry_after_s,
        )
        return own.with_more(error.more).with_headers(error.headers)


def chat_bytes(view: JsonObject) -> bytes:
    """The chat view as JSON. Raises ApiError 400 if it is nested too deeply to be written."""
    try:
        return orjson.dumps(view)
    except orjson.JSONEncodeError:
        raise too_deep() from None


def too_deep() -> ApiError:
    """400: the body is nested so deeply that nobody could read it again."""
    return ApiError(400, "The request body is nested too deeply.", code="invalid_json")


def not_offered(name: str, remedy: str) -> ApiError:
    """400: a field that asks for something which is not done here."""
    return ApiError(
        400,
        f"'{name}' is not offered here: {remedy}.",
        code="unsupported_parameter",
        param=name,
    )
