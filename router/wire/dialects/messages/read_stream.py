"""The events of a message, read."""

from collections.abc import Iterator
from typing import Any

from router.wire.dialects.answer import (
    AnswerEnd,
    Beat,
    Cited,
    Closed,
    Grew,
    Inner,
    Opened,
    Sealed,
    Stop,
)
from router.wire.dialects.growing import PartSequence
from router.wire.dialects.messages.parts import NATIVE, answered, read_block, read_citation
from router.wire.dialects.messages.read_answer import (
    read_end,
    read_fault,
    read_head,
    read_refusal,
    read_used,
)
from router.wire.dialects.parts import Part, Text, Thinking, ToolCall
from router.wire.dialects.seals import taken_off
from router.wire.dialects.shape import JsonObject, an_object, count_of, text_of
from router.wire.usage.terms import terms_of


class MessagesReader:
    """Events in, beats out."""

    def __init__(self, origin: str = NATIVE) -> None:
        self._origin = origin
        self._row = PartSequence()
        self._open: dict[int | None, Part] = {}
        self._told: dict[str, Any] = {}
        self._used: list[JsonObject] = []

    def feed(self, event: JsonObject) -> Iterator[Beat]:
        """The beats that an event amounts to; none for a ping. Raises ApiError if it is not an event."""
        match event.get("type"):
            case "message_start":
                self._used.append(event)
                yield read_head(an_object(event.get("message"), "message"))
            case "content_block_start":
                yield from self._start(event)
            case "content_block_delta":
                yield from self._delta(event)
            case "content_block_stop":
                yield from self._stop(event)
            case "message_delta":
                self._used.append(event)
                told = an_object(event.get("delta"), "delta")
                self._told |= {name: value for name, value in told.items() if value is not None}
            case "message_stop":
                yield from self._end()
            case "error":
                yield read_fault(an_object(event.get("error"), "error"))

    def end(self) -> Iterator[Beat]:
        """Nothing: a message itself says when it ends."""
        return iter(())

    def _start(self, event: JsonObject) -> Iterator[Beat]:
        """A block begins, usually with its text still empty."""
        index = count_of(event, "index")
        block = answered(an_object(event.get("content_block"), "content_block"))
        part = read_block(block, "content_block", self._origin)
        self._open[index] = part
        match part:
            case Text(text=text, citations=citations):
                yield from self._row.take(index, Opened(Text("")))
                yield from self._grow(index, text)
                for cited in citations:
                    yield from self._row.take(index, Cited(cited))
            case Thinking(text=text, is_hidden=False):
                begun = Thinking("", part.seal.without_value())
                yield from self._row.take(index, Opened(begun))
                yield from self._grow(index, text)
                if part.seal.value:
                    yield from self._row.take(index, Sealed(part.seal))
            case ToolCall(id=given, name=name):
                yield from self._row.take(index, Opened(ToolCall(given, name, "")))
            case _:
                yield from self._row.take(index, Opened(part))

    def _grow(self, index: int | None, text: str) -> Iterator[Beat]:
        if text:
            if isinstance(self._open.get(index), ToolCall):
                self._open[index] = Text("")  # it has content now: its block was only a frame
            yield from self._row.take(index, Grew(text))

    def _delta(self, event: JsonObject) -> Iterator[Beat]:
        index, delta = count_of(event, "index"), an_object(event.get("delta"), "delta")
        match delta.get("type"):
            case "text_delta":
                yield from self._grow(index, text_of(delta, "text", "delta"))
            case "input_json_delta":
                yield from self._grow(index, text_of(delta, "partial_json", "delta"))
            case "thinking_delta":
                yield from self._grow(index, text_of(delta, "thinking", "delta"))
            case "signature_delta":
                seal = taken_off(text_of(delta, "signature", "delta"), self._origin)
                yield from self._row.take(index, Sealed(seal))
            case "citations_delta":
                yield from self._cited(index, an_object(delta.get("citation"), "citation"))

    def _cited(self, index: int | None, told: JsonObject) -> Iterator[Beat]:
        if cited := read_citation(told, "citation"):
            yield from self._row.take(index, Cited(cited))

    def _stop(self, event: JsonObject) -> Iterator[Beat]:
        yield from self._close(count_of(event, "index"))

    def _close(self, index: int | None) -> Iterator[Beat]:
        part = self._open.pop(index, None)
        if isinstance(part, ToolCall):  # no delta has come: its arguments were in the start event
            yield from self._row.take(index, Grew(part.arguments))
        if part is not None:
            closed: Inner = Closed()
            yield from self._row.take(index, closed)

    def _end(self) -> Iterator[Beat]:
        """The end of the message, and of blocks of which no event has told it."""
        for index in list(self._open):
            yield from self._close(index)
        if refusal := read_refusal(self._told):
            yield from (Opened(type(refusal)("")), Grew(refusal.text), Closed())
        usage = read_used(self._used)
        told = self._told_of_usage()
        tier = text_of(told, "service_tier", "")
        yield read_end(self._told, AnswerEnd(Stop.END, usage, tier, terms=terms_of(told)))

    def _told_of_usage(self) -> JsonObject:
        """What was said of the usage: the service tier, usually, when the message starts."""
        told: dict[str, Any] = {}
        for event in self._used:
            message = event.get("message", event)
            usage = message.get("usage") if isinstance(message, dict) else None
            if isinstance(usage, dict):
                told |= {name: value for name, value in usage.items() if value not in (None, "")}
        return told
