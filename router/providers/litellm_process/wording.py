"""The protocol between us and litellm's process: a call in one piece, and an answer.

A call is a line of JSON, which says who is asked and how, followed by the client's request
unchanged. An answer is JSON; a stream is frames: events as they come, and finally how it
ended. Both ends are of the same release, so no versions need to be negotiated.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from msgspec import Struct, json

from router.domain.fault import AttemptFailed, Fault
from router.providers.translating.arguments import CallTarget

FAULT_STATUS = 502
"""The status of an answer that is a fault; its body is that of `fault_bytes`."""

REQUEST_ID = "x-request-id"
"""The header with what the provider calls the request."""

_EVENT, _BROKEN, _WHOLE = b"e", b"b", b"w"
_SIZE_BYTES = 4
_HEAD_BYTES = 1 + _SIZE_BYTES


class CallWish(Struct, frozen=True):
    """One call: of which model, at which provider, and whether the answer is to be a stream.

    The connection to the provider must be established within `connect_s`.
    """

    target: CallTarget
    connect_s: float
    model_name: str
    stream: bool

    def with_request(self, body: bytes) -> bytes:
        """This wish with the request `body`, as it is sent."""
        return b"%b\n%b" % (json.encode(self), body)


def read_wish(raw: bytes) -> tuple[CallWish, Mapping[str, Any]]:
    """What `CallWish.with_request` sent, and the fields of the request."""
    line, _, body = raw.partition(b"\n")
    return json.decode(line, type=CallWish), orjson.loads(body)


def fault_bytes(fault: Fault) -> bytes:
    """A fault, completely."""
    return json.encode(fault)


def read_fault(raw: bytes) -> Fault:
    """The fault that `fault_bytes` wrote."""
    return json.decode(raw, type=Fault)


def event_frame(event: bytes) -> bytes:
    """A piece of a stream."""
    return _frame(_EVENT, event)


def broken_frame(fault: Fault) -> bytes:
    """The end of a stream that broke off."""
    return _frame(_BROKEN, fault_bytes(fault))


def whole_frame() -> bytes:
    """The end of a complete stream."""
    return _frame(_WHOLE, b"")


def _frame(kind: bytes, content: bytes) -> bytes:
    return kind + len(content).to_bytes(_SIZE_BYTES, "big") + content


class Frames:
    """Takes a stream as it arrives and yields its pieces."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self.ended = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The pieces that are now complete. Raises AttemptFailed if the stream says that it broke off."""
        self._rest += data
        while (content := self._next()) is not None:
            yield content

    def _next(self) -> bytes | None:
        size = int.from_bytes(self._rest[1:_HEAD_BYTES], "big")
        if len(self._rest) < _HEAD_BYTES + size or self.ended:
            return None
        kind, content = bytes(self._rest[:1]), bytes(self._rest[_HEAD_BYTES : _HEAD_BYTES + size])
        del self._rest[: _HEAD_BYTES + size]
        if kind == _BROKEN:
            raise AttemptFailed(read_fault(content))
        self.ended = kind == _WHOLE
        return None if self.ended else content
