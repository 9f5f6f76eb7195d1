"""The doors of Responses and Messages: what `router.wire.dialects` translates."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from msgspec import Struct

from router.domain.errors import ApiError
from router.wire.chat import JsonObject, json_object, require, shown
from router.wire.dialects.answer import AnswerContext, ReportedError
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.translate import (
    StreamTranslator,
    event_bytes,
    translate_answer,
    translate_request,
)
from router.wire.doors.door import Door, chat_bytes, not_offered, too_deep
from router.wire.extension import MEMBER
from router.wire.native.reduced import reduced
from router.wire.native.stored import NEW_THREAD, not_known, previous_message
from router.wire.native.thoughts import without_unnamed
from router.wire.original import Original

_CHAT = Target(Dialect.CHAT, cache_marks=False, is_view=True)
"""For any model: many servers that are compatible with OpenAI's refuse cache marks in prompts.
On the way to a chat model, other models' thoughts are taken out of it."""

_SILENT = frozenset({MEMBER, "client_metadata", "max_tool_calls", "store"})
"""Members that mean nothing to a model. `farthing` is for us; what a client says of itself is a label;
`max_tool_calls` only counts tools that the provider runs, which are refused; nothing is stored."""

_USUAL: Mapping[str, Any] = {
    "parallel_tool_calls": True,
    "service_tier": "auto",
    "verbosity": "medium",
}
"""What agents state although it is the default: a server that does not know the word would refuse it."""

_EFFORTS: Mapping[str, str] = {"minimal": "low", "xhigh": "high", "max": "high"}
"""Efforts from budgets of tokens, and Anthropic's own words, as words that all thinking models know."""

_ENDED = {"index": 0, "delta": {}, "finish_reason": "stop"}
"""For the end of a stream in which no reason for it was given: some servers give none, and it is whole all the same."""

_NO_THOUGHT = {"type": "disabled"}
_EXPECTED: Mapping[type, str] = {str: "a string", list: "a non-empty array"}

_RESENT = "send the whole conversation, since nothing is stored"
_STORED: Mapping[str, str] = {
    "previous_response_id": _RESENT,
    "conversation": _RESENT,
    "prompt": "send the text itself",
}
"""Members that only make sense if answers are stored, and what to do instead."""
_NOT_OFFERED: Mapping[str, str] = {
    "background": "leave it out and stream the answer",
}
_UNSAID = "untranslatable"
"""The error code for what chat cannot express."""

_NAMES_OF_RESPONSES: Mapping[str, str] = {
    "messages": "input",
    "max_completion_tokens": "max_output_tokens",
    "response_format": "text.format",
    "reasoning_effort": "reasoning.effort",
    "verbosity": "text.verbosity",
}
_NAMES_OF_MESSAGES: Mapping[str, str] = {
    "max_completion_tokens": "max_tokens",
    "response_format": "output_config.format",
    "stop": "stop_sequences",
}


class Translated(Struct, frozen=True):
    """A request in another dialect; `body` is what its client wrote.

    `unsaid` is about what the chat view leaves out, None if it leaves nothing out.
    """

    dialect: Dialect
    raw: bytes
    body: JsonObject
    chat: bytes
    unsaid: ApiError | None = None

    @property
    def original(self) -> Original:
        """The request as it came."""
        return Original(self.dialect, self.raw, self.body, unsaid=self.unsaid)

    def told(self, answer: JsonObject, now_s: int) -> JsonObject:
        """The answer in the client's dialect, with the receipt if there is one."""
        told = translate_answer(answer, _CHAT, self.dialect, self._answer_context(now_s))
        receipt = answer.get(MEMBER)
        return told if receipt is None else {**told, MEMBER: receipt}

    def event_writer(self, now_s: int) -> "TranslatingEventWriter":
        """The writer of a stream."""
        return TranslatingEventWriter(self.dialect, self._answer_context(now_s))

    def _answer_context(self, now_s: int) -> AnswerContext:
        return AnswerContext(now_s, self.body, without_thoughts=self._takes_no_thoughts)

    @property
    def _takes_no_thoughts(self) -> bool:
        """Whether a thought in the answer would be in the way of a client that has not asked for any.

        Anthropic sends none then, and many programs read the first block as the text. A client that offers tools
        tells blocks apart, and sends thoughts back, which help the model to go on after its calls.
        """
        if self.dialect is not Dialect.MESSAGES or self.body.get("tools"):
            return False
        return self.body.get("thinking") in (None, _NO_THOUGHT)


class TranslatingEventWriter:
    """Rewrites a stream in another dialect. Usage and receipt come at the end."""

    def __init__(self, dialect: Dialect, answer_context: AnswerContext) -> None:
        self._dialect = dialect
        self._translator = StreamTranslator(_CHAT, dialect, answer_context)
        self._usage: Any = None
        self._receipt: Any = None

    def take(self, chunk: dict[str, Any]) -> Iterator[bytes]:
        """The events that a chunk becomes."""
        self._usage = chunk.pop("usage", None) or self._usage
        self._receipt = chunk.pop(MEMBER, None) or self._receipt
        return self._written(self._translator.feed(chunk))

    def done(self) -> Iterator[bytes]:
        """The events at the end."""
        last = self._translator.feed({"choices": [_ENDED], "usage": self._usage})
        return self._written([*last, *self._translator.end()])

    def fail(self, fault: ReportedError) -> Iterator[bytes]:
        """The events for a failure."""
        return self._written(self._translator.fail(fault))

    def _written(self, events: list[dict[str, Any]]) -> Iterator[bytes]:
        for event in events:
            if self._receipt is not None:
                _add_receipt(event, self._receipt)
            yield event_bytes(event, self._dialect)


def _add_receipt(event: dict[str, Any], receipt: Any) -> None:
    """Put the receipt next to the answer's usage: in a Response that has ended, or in the last delta of a message."""
    match event:
        case {"type": "response.completed" | "response.incomplete", "response": response}:
            response[MEMBER] = receipt
        case {"type": "message_delta"}:
            event[MEMBER] = receipt


def _read_responses(raw: bytes) -> Translated:
    body = json_object(raw)
    for name, remedy in _NOT_OFFERED.items():
        if body.get(name):
            raise not_offered(name, remedy)
    stored = next((name for name in _STORED if body.get(name)), None)
    if stored is None or body.get("input") not in (None, "", []):
        _check(body, "input", (str, list))
    require(body, "model")
    unsaid = None if stored is None else not_offered(stored, _STORED[stored])
    return _translated(Dialect.RESPONSES, raw, body, unsaid)


def _read_messages(raw: bytes) -> Translated:
    body = json_object(raw)
    require(body, "model")
    _check(body, "messages", (list,))
    previous = previous_message(body)
    return _translated(Dialect.MESSAGES, raw, body, not_known(previous) if previous else None)


def _check(body: JsonObject, conversation: str, kinds: tuple[type, ...]) -> None:
    """Raise ApiError 400 if `body` has no conversation."""
    require(body, conversation)
    told = body[conversation]
    if not told or not isinstance(told, kinds):
        expected = " or ".join(_EXPECTED[kind] for kind in kinds)
        message = f"'{conversation}' must be {expected}, not {shown(told)}."
        raise ApiError.invalid(conversation, message)


def _translated(
    dialect: Dialect, raw: bytes, body: JsonObject, unsaid: ApiError | None
) -> Translated:
    """The request with its chat view. Raises ApiError 400 for anything malformed."""
    try:
        view = _view(dialect, body) if unsaid is None else _reduced(dialect, body)
    except ApiError as error:
        if error.code != _UNSAID:
            raise
        unsaid, view = error, _reduced(dialect, body)
    if body.get(MEMBER) is not None:
        view[MEMBER] = body[MEMBER]
    return Translated(dialect, raw, body, chat_bytes(view), unsaid)


def _reduced(dialect: Dialect, body: JsonObject) -> dict[str, Any]:
    """The chat view of what chat can express."""
    try:
        return _view(dialect, reduced(body, dialect))
    except orjson.JSONEncodeError:
        raise too_deep() from None


def _view(dialect: Dialect, body: JsonObject) -> dict[str, Any]:
    """The chat view, without what it need not say. Raises ApiError 400 for what it cannot express."""
    spoken = {name: value for name, value in body.items() if name not in _SILENT}
    if body.get("thinking") == _NO_THOUGHT:  # which is the default
        del spoken["thinking"]
    if body.get("thread") == NEW_THREAD:  # one that nobody has stored is told when it is to go on
        del spoken["thread"]
    view = translate_request(without_unnamed(spoken, dialect), dialect, _CHAT)
    told = {name: value for name, value in view.items() if _USUAL.get(name) != value}
    if dialect is Dialect.MESSAGES and (effort := _EFFORTS.get(told.get("reasoning_effort", ""))):
        told["reasoning_effort"] = effort
    return told


RESPONSES = Door(_read_responses, _NAMES_OF_RESPONSES)
"""OpenAI's Responses: https://platform.openai.com/docs/api-reference/responses."""

MESSAGES = Door(_read_messages, _NAMES_OF_MESSAGES)
"""Anthropic's Messages: https://platform.claude.com/docs/en/api/messages."""
