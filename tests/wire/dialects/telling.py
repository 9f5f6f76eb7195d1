"""A whole answer as an upstream would stream it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from router.wire.cutting import pieces_of
from router.wire.dialects.answer import (
    Answer,
    AnswerContext,
    Beat,
    Cited,
    Closed,
    Grew,
    Opened,
    Sealed,
)
from router.wire.dialects.chat.read_answer import read_answer as read_chat
from router.wire.dialects.chat.write_stream import ChatWriter
from router.wire.dialects.dialect import Dialect
from router.wire.dialects.messages.read_answer import read_answer as read_messages
from router.wire.dialects.messages.write_stream import MessagesWriter
from router.wire.dialects.parts import Part, Refusal, Text, Thinking, ToolCall
from router.wire.dialects.responses.read_answer import read_answer as read_responses
from router.wire.dialects.responses.write_stream import ResponsesWriter
from router.wire.dialects.shape import JsonObject
from router.wire.dialects.translate import StreamWriter

_READ: Mapping[Dialect, Callable[[JsonObject, str], Answer]] = {
    Dialect.CHAT: read_chat,
    Dialect.RESPONSES: read_responses,
    Dialect.MESSAGES: read_messages,
}
_WRITERS: Mapping[Dialect, Callable[[AnswerContext], StreamWriter]] = {
    Dialect.CHAT: ChatWriter,
    Dialect.RESPONSES: ResponsesWriter,
    Dialect.MESSAGES: MessagesWriter,
}

Cut = Callable[[str], Iterable[str]]
"""Splits a text into pieces, none of them empty, that together are the text."""


def tell_answer(
    answer: JsonObject,
    source: Dialect,
    target: Dialect,
    answer_context: AnswerContext,
    own: str = "",
) -> Iterator[dict[str, Any]]:
    """The plain answer of an upstream that speaks `source` as the events of a stream in `target`.

    `own` is what the upstream's thoughts are sealed with.
    """
    return streamed(_READ[source](answer, own or source.value), target, answer_context)


def streamed(
    answer: Answer, target: Dialect, answer_context: AnswerContext, cut: Cut = pieces_of
) -> Iterator[dict[str, Any]]:
    """The events of a stream that amounts to `answer`, its texts split by `cut`."""
    writer = _WRITERS[target](answer_context)
    return (event for beat in _beats(answer, cut) for event in writer.take(beat))


def _beats(answer: Answer, cut: Cut) -> Iterator[Beat]:
    yield answer.head
    for part in answer.parts:
        yield from _of_part(part, cut)
    yield answer.end


def _of_part(part: Part, cut: Cut) -> Iterator[Beat]:
    match part:
        case Text(text=text, citations=citations):
            yield Opened(Text(""))
            yield from map(Grew, cut(text))
            yield from map(Cited, citations)
        case Refusal(text=text):
            yield Opened(Refusal(""))
            yield from map(Grew, cut(text))
        case Thinking(text=text, seal=seal, is_hidden=False):
            yield Opened(Thinking("", seal.without_value()))
            yield from map(Grew, cut(text))
            if seal.value:
                yield Sealed(seal)
        case ToolCall(arguments=arguments):
            yield Opened(ToolCall(part.id, part.name, "", part.is_custom))
            yield from map(Grew, cut(arguments))
        case _:
            yield Opened(part)
    yield Closed()
