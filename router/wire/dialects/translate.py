"""From any dialect to any other: requests, answers, streams and errors."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import orjson
from msgspec import Struct

from router.domain.errors import ApiError
from router.wire.answer import MalformedAnswer
from router.wire.dialects.answer import (
    Answer,
    AnswerContext,
    AnswerEnd,
    Beat,
    Grew,
    Opened,
    ReportedError,
)
from router.wire.dialects.chat.read_answer import read_answer as read_chat_answer
from router.wire.dialects.chat.read_request import read_request as read_chat_request
from router.wire.dialects.chat.read_stream import ChatReader
from router.wire.dialects.chat.write_answer import write_answer as write_chat_answer
from router.wire.dialects.chat.write_request import write_request as write_chat_request
from router.wire.dialects.chat.write_stream import ChatWriter
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.history import with_own_thoughts
from router.wire.dialects.leftovers import refuse_leftovers
from router.wire.dialects.messages.read_answer import read_answer as read_messages_answer
from router.wire.dialects.messages.read_request import read_request as read_messages_request
from router.wire.dialects.messages.read_stream import MessagesReader
from router.wire.dialects.messages.write_answer import write_answer as write_messages_answer
from router.wire.dialects.messages.write_request import write_request as write_messages_request
from router.wire.dialects.messages.write_stream import MessagesWriter
from router.wire.dialects.only_json import OnlyJson, with_only_json
from router.wire.dialects.parts import Thinking
from router.wire.dialects.request import Request
from router.wire.dialects.responses.read_answer import read_answer as read_responses_answer
from router.wire.dialects.responses.read_request import read_request as read_responses_request
from router.wire.dialects.responses.read_stream import ResponsesReader
from router.wire.dialects.responses.write_answer import write_answer as write_responses_answer
from router.wire.dialects.responses.write_request import write_request as write_responses_request
from router.wire.dialects.responses.write_stream import ResponsesWriter
from router.wire.dialects.shape import JsonObject

_CUT_OFF = ReportedError(502, "The upstream's answer ended before it was complete.", "server_error")
_AT_WORK: dict[str, Any] = {"type": "ping"}
"""What clients of Messages, the only ones who take no thoughts, get in place of one: a proxy on the way may close a
stream that is silent for a minute."""


class StreamReader(Protocol):
    """Reads the events of one stream."""

    def feed(self, event: JsonObject) -> Iterator[Beat]:
        """The beats that an event amounts to."""
        ...

    def end(self) -> Iterator[Beat]:
        """What remains when no more events come."""
        ...


class StreamWriter(Protocol):
    """Writes one stream."""

    def take(self, beat: Beat) -> Iterator[dict[str, Any]]:
        """The events for a beat."""
        ...


class _Speaker(Struct, frozen=True):
    """Everything that is known of a dialect."""

    read_request: Callable[[JsonObject], Request]
    write_request: Callable[[Request, Target], dict[str, Any]]
    read_answer: Callable[[JsonObject, str], Answer]
    write_answer: Callable[[Answer, AnswerContext], dict[str, Any]]
    reader: Callable[[str], StreamReader]
    writer: Callable[[AnswerContext], StreamWriter]


_SPEAKERS: Mapping[Dialect, _Speaker] = {
    Dialect.CHAT: _Speaker(
        read_chat_request,
        write_chat_request,
        read_chat_answer,
        write_chat_answer,
        ChatReader,
        ChatWriter,
    ),
    Dialect.RESPONSES: _Speaker(
        read_responses_request,
        write_responses_request,
        read_responses_answer,
        write_responses_answer,
        ResponsesReader,
        ResponsesWriter,
    ),
    Dialect.MESSAGES: _Speaker(
        read_messages_request,
        write_messages_request,
        read_messages_answer,
        write_messages_answer,
        MessagesReader,
        MessagesWriter,
    ),
}


def translate_request(body: JsonObject, source: Dialect, target: Target) -> JsonObject:
    """The request in `body`, of a client that speaks `source`, in the form for `target`.

    If the dialect is the same, it is `body` itself, unless thoughts of other origins have to be taken out.
    Raises ApiError 400 that names the field which `target` cannot express, or which is malformed.
    """
    if source is target.dialect:
        return with_own_thoughts(body, source, target.own)
    request = _SPEAKERS[source].read_request(body)
    refuse_leftovers(request.rest, source)
    return _SPEAKERS[target.dialect].write_request(request, target)


def translate_answer(
    answer: JsonObject, source: Target, target: Dialect, answer_context: AnswerContext
) -> JsonObject:
    """The plain answer of the upstream `source` for a client that speaks `target`.

    Raises MalformedAnswer if it is not an answer, or not the JSON that was asked for in words.
    """
    if source.dialect is target:
        return answer
    read = _read(answer, source)
    if answer_context.without_thoughts:
        spoken = tuple(part for part in read.parts if not isinstance(part, Thinking))
        read = Answer(read.head, spoken, read.end)
    if answer_context.only_json:
        read = with_only_json(read)
    return _SPEAKERS[target].write_answer(read, answer_context)


def _read(answer: JsonObject, source: Target) -> Answer:
    try:
        return _SPEAKERS[source.dialect].read_answer(answer, source.own)
    except ApiError as fault:
        raise MalformedAnswer(
            f"the upstream's answer is invalid: {fault.message.removesuffix('.')}"
        ) from None


class StreamTranslator:
    """A stream of the upstream `source`, event by event, for a client that speaks `target`.

    An event is the JSON object in it; `[DONE]`, comments and the end of the connection are not events.
    What is known is passed on at once. After an end or an error, which `has_ended` tells, nothing more comes.
    """

    def __init__(self, source: Target, target: Dialect, answer_context: AnswerContext) -> None:
        self._reader = _SPEAKERS[source.dialect].reader(source.own)
        self._writer = _SPEAKERS[target].writer(answer_context)
        self._without_thoughts = answer_context.without_thoughts
        self._only_json = OnlyJson() if answer_context.only_json else None
        self._in_thought = False
        self.has_ended = False

    def feed(self, event: JsonObject) -> list[dict[str, Any]]:
        """The events that `event` becomes. Raises MalformedAnswer if it is not an event of its dialect.

        NoJson is one, by which an answer ends without the JSON that was asked for in words.
        """
        try:
            return list(self._told(self._wanted(self._reader.feed(event))))
        except ApiError as fault:
            raise MalformedAnswer(
                f"an event from the upstream is invalid: {fault.message.removesuffix('.')}"
            ) from None

    def end(self) -> list[dict[str, Any]]:
        """What remains when the upstream's stream is over: an error if the answer is incomplete."""
        told = list(self._told(self._reader.end()))
        return told if self.has_ended else [*told, *self._told(iter((_CUT_OFF,)))]

    def fail(self, fault: ReportedError) -> list[dict[str, Any]]:
        """The events for a failure that the upstream did not report itself."""
        return list(self._told(iter((fault,))))

    def _wanted(self, beats: Iterator[Beat]) -> Iterator[Beat]:
        """The beats without what a model says around JSON that it was asked for in words."""
        only_json = self._only_json
        if only_json is None:
            return beats
        return (wanted for beat in beats for wanted in only_json.take(beat))

    def _told(self, beats: Iterator[Beat]) -> Iterator[dict[str, Any]]:
        for beat in beats:
            if not self.has_ended:
                self.has_ended = isinstance(beat, AnswerEnd | ReportedError)
                if not (self._without_thoughts and self._is_of_thought(beat)):
                    yield from self._writer.take(beat)
                elif isinstance(beat, Grew):
                    yield _AT_WORK

    def _is_of_thought(self, beat: Beat) -> bool:
        """Whether `beat`, which follows those before, belongs to a thought."""
        if isinstance(beat, Opened):
            self._in_thought = isinstance(beat.part, Thinking)
        return self._in_thought and not self.has_ended


def event_bytes(event: JsonObject, dialect: Dialect) -> bytes:
    """A server-sent event, with its name if the dialect names its events."""
    data = b"data: " + orjson.dumps(event) + b"\n\n"
    if dialect is Dialect.CHAT:
        return data
    return b"event: " + str(event.get("type")).encode() + b"\n" + data
