"""What goes over the wire for one answer, step by step, before anything is sent.

An answer is a script: a sequence of steps. A fault is a function from a call to another script,
which usually modifies the ordinary one. Playing a script is another file's task, so that everything
that can go wrong on a wire is worked out here, without one.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Protocol, TypeAlias, runtime_checkable

from msgspec import Struct

from router.domain.members import replace
from router.domain.usage import Usage
from router.providers.simulated import wire
from router.providers.simulated.answers import Answer
from router.providers.simulated.errors import Refusal
from router.providers.simulated.request import ChatRequest
from router.providers.simulated_models import SimulatedModel

JSON_TYPE = "application/json"
STREAM_TYPE = "text/event-stream; charset=utf-8"
LAST_CHUNK = b"0\r\n\r\n"
Headers: TypeAlias = tuple[tuple[str, str], ...]


class Call(Struct, frozen=True):
    """A request that is being answered: what is asked, of which model, and its answer.

    `extra_tokens` are generated in addition to the answer; `tells_usage` is whether usage is reported.
    """

    request: ChatRequest
    model: SimulatedModel
    answer: Answer
    envelope: wire.Envelope
    cached_tokens: int = 0
    extra_tokens: int = 0
    tells_usage: bool = True

    @property
    def usage(self) -> Usage:
        """The usage of the whole answer."""
        usage = self.answer.usage(self.cached_tokens)
        return replace(usage, output_tokens=usage.output_tokens + self.extra_tokens)

    @property
    def reports(self) -> bool:
        """Whether the answer is to contain the usage."""
        return self.tells_usage and (self.request.include_usage or not self.request.stream)

    @property
    def headers(self) -> Headers:
        """The headers that every answer has."""
        return (("x-request-id", f"req_{self.envelope.id.removeprefix('chatcmpl-')}"),)


class Work(Struct, frozen=True):
    """The model works for `wait_s` and has then generated these tokens; without any Work nothing is charged."""

    wait_s: float = 0.0
    output_tokens: int = 0
    reasoning_tokens: int = 0


class Head(Struct, frozen=True):
    """The status line and the headers. The body is chunked unless its `length` is known."""

    status: int
    content_type: str
    headers: Headers = ()
    length: int | None = None


class Body(Struct, frozen=True):
    """A part of the body: an event of a stream, or all of a plain answer."""

    data: bytes
    tells_usage: bool = False


class End(Struct, frozen=True):
    """The answer ends properly by HTTP; `whole` is whether the model said everything."""

    whole: bool = True


class Write(Struct, frozen=True):
    """Bytes as they go over the wire."""

    data: bytes
    tells_usage: bool = False


class Wait(Struct, frozen=True):
    """Nothing happens for `seconds`, whatever the simulator's speed."""

    seconds: float


class Hang(Struct, frozen=True):
    """Nothing more happens, until the client gives up."""


class Close(Struct, frozen=True):
    """The connection is closed; if `reset`, by a TCP reset."""

    reset: bool = False


Step: TypeAlias = Work | Head | Body | End | Write | Wait | Hang | Close
Script: TypeAlias = Iterator[Step]


class Fault(Protocol):
    """Something that goes wrong: it turns a call into its own script."""

    def play(self, call: Call) -> Script:
        """The steps that are sent instead of the ordinary ones."""
        ...


@runtime_checkable
class Parting(Fault, Protocol):
    """A fault in how an answer is written, whatever it contains and in whichever dialect."""

    def parted(self, script: Script) -> Script:
        """The steps of a whole answer, with its bytes split differently."""
        ...


def ordinary(call: Call) -> Script:
    """The script of an answer without a fault."""
    return streamed(call) if call.request.stream else plain(call)


def plain(call: Call) -> Script:
    """An answer in one piece, sent when all of it has been generated."""
    yield from worked(call)
    data = wire.completion(call.answer, call.envelope, call.usage if call.reports else None)
    yield Head(200, JSON_TYPE, call.headers, len(data))
    yield Body(data, tells_usage=call.reports)
    yield End()


def streamed(call: Call) -> Script:
    """An answer event by event, each sent when it has been generated."""
    chunks = wire.Chunks(call.envelope, call.reports)
    yield from started(call)
    yield Head(200, STREAM_TYPE, call.headers)
    yield from bodies(call, chunks.opening(call.answer))
    yield from bodies(call, chunks.content(call.answer))
    yield from stream_end(call, chunks)


def started(call: Call) -> Script:
    """The prompt is read, and the model reasons."""
    yield Work(call.model.ttft_s)
    if reasoning := call.answer.reasoning_tokens:
        yield Work(reasoning / call.model.tokens_per_s, reasoning_tokens=reasoning)


def worked(call: Call) -> Script:
    """All of the answer is generated, token by token."""
    yield from started(call)
    for _ in range(call.answer.output_tokens):
        yield Work(1 / call.model.tokens_per_s, 1)


def bodies(call: Call, events: Iterator[wire.Event]) -> Script:
    """The events, each preceded by the work that it takes."""
    for event in events:
        if event.tokens:
            yield Work(event.tokens / call.model.tokens_per_s, event.tokens)
        yield Body(event.data)


def stream_end(call: Call, chunks: wire.Chunks) -> Script:
    """Why the choices ended, the usage if it was asked for, and `[DONE]`."""
    yield from bodies(call, chunks.closing(call.answer))
    if call.reports:
        yield Body(chunks.usage(call.usage).data, tells_usage=True)
    yield Body(wire.DONE)
    yield End()


def refused(refusal: Refusal, headers: Headers) -> Script:
    """An error answer; the model has not worked for it."""
    return page(refusal.status, JSON_TYPE, wire.error(refusal), headers)


def page(status: int, content_type: str, data: bytes, headers: Headers) -> Script:
    """An answer that is not the model's."""
    yield Head(status, content_type, headers, len(data))
    if data:
        yield Body(data)
    yield End()


def encoded(script: Script) -> Script:
    """The same with head, body and end as bytes of HTTP/1.1; bytes are left as they are."""
    chunked = False
    for step in script:
        match step:
            case Head():
                chunked = step.length is None
                yield Write(head_bytes(step))
            case Body():
                yield Write(chunk_bytes(step.data) if chunked else step.data, step.tells_usage)
            case End() if chunked:
                yield Write(LAST_CHUNK)
                yield step
            case _:
                yield step


def at_once(call: Call) -> bytes:
    """Everything that the ordinary script writes, for when there is nothing to wait for."""
    if not call.request.stream:
        data = wire.completion(call.answer, call.envelope, call.usage if call.reports else None)
        return head_bytes(Head(200, JSON_TYPE, call.headers, len(data))) + data
    chunks = wire.Chunks(call.envelope, call.reports)
    events = [*chunks.opening(call.answer), *chunks.content(call.answer)]
    events += chunks.closing(call.answer)
    if call.reports:
        events.append(chunks.usage(call.usage))
    events.append(wire.Event(wire.DONE))
    head = head_bytes(Head(200, STREAM_TYPE, call.headers))
    return b"".join([head, *(chunk_bytes(event.data) for event in events), LAST_CHUNK])


def head_bytes(head: Head) -> bytes:
    """The head as it goes over the wire."""
    length = (
        "transfer-encoding: chunked" if head.length is None else f"content-length: {head.length}"
    )
    lines = [f"HTTP/1.1 {head.status} {_reason(head.status)}", f"content-type: {head.content_type}"]
    lines += [f"{name}: {value}" for name, value in head.headers]
    return "\r\n".join([*lines, length, "", ""]).encode("latin-1", "replace")


def chunk_bytes(data: bytes) -> bytes:
    """A part of a chunked body as it goes over the wire."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
