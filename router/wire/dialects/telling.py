"""A whole answer as a stream."""

from collections.abc import Callable, Iterable, Iterator

from router.wire.cutting import pieces_of
from router.wire.dialects.answer import Answer, Beat, Cited, Closed, Grew, Opened, Sealed
from router.wire.dialects.parts import Part, Refusal, Text, Thinking, ToolCall

Cut = Callable[[str], Iterable[str]]
"""Splits a text into pieces, none of them empty, that together are the text."""


def beats_of(answer: Answer, cut: Cut = pieces_of) -> Iterator[Beat]:
    """The beats of a stream that amounts to `answer`, its texts split by `cut`."""
    yield answer.head
    for part in answer.parts:
        yield from _told(part, cut)
    yield answer.end


def _told(part: Part, cut: Cut) -> Iterator[Beat]:
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
