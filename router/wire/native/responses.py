"""Answers of the Responses API, read while they pass through."""

from collections.abc import Mapping
from typing import Any

from router.domain.errors import ApiError
from router.domain.service_tier import tier_of
from router.wire.answer import EventKind, MalformedAnswer, PlainAnswer, StreamEvent, member
from router.wire.dialects.answer import AnswerEnd, Stop
from router.wire.dialects.chat.write_answer import REASONS
from router.wire.dialects.dialect import Dialect
from router.wire.dialects.faults import told
from router.wire.dialects.responses.read_answer import read_end, read_failure
from router.wire.dialects.translate import event_bytes
from router.wire.native.forms import broken_off, chars_in, event_in, object_in
from router.wire.usage.terms import stated_cost

_FIRST = frozenset({0})
"""A Response is a single choice."""
# Not sets, since what a provider says may be unhashable.
_CALLS = ("function_call", "custom_tool_call")
_BROKEN = ("failed", "cancelled")


def read_response(raw: bytes) -> PlainAnswer:
    """What a Response that has ended contains. Raises MalformedAnswer for anything else."""
    answer = object_in(raw, "the upstream's answer")
    output = answer.get("output")
    if not isinstance(output, list):
        raise MalformedAnswer("the upstream's answer has no output")
    if answer.get("status") in _BROKEN:
        raise MalformedAnswer("the upstream's answer has failed")
    items = [item for item in output if isinstance(item, dict)]
    calls = any(item.get("type") in _CALLS for item in items)
    end = _end(answer, calls=calls)
    return PlainAnswer(
        usage=end.usage,
        output_chars=sum(map(_chars, items)),
        finish_reasons=frozenset({REASONS[end.stop]}),
        calls_tools=calls,
        service_tier=tier_of(answer.get("service_tier")),
        refuses=end.stop is Stop.FILTER or any(map(_refuses, items)),
        id=answer.get("id"),
        stated_cost=stated_cost(end.terms),
    )


class ResponsesForm:
    """Implements `router.wire.native.forms.StreamForm`: the last event contains the whole Response."""

    dialect = Dialect.RESPONSES

    def __init__(self) -> None:
        self._begun: Mapping[str, Any] = {}
        self._number = -1
        self._calls = False

    def read(self, raw: bytes) -> StreamEvent:
        """What an event says. Raises MalformedAnswer if it is not an event."""
        event = event_in(raw) or {}
        kind = event.get("type")
        told = kind if isinstance(kind, str) else ""
        self._number = (
            number if isinstance(number := event.get("sequence_number"), int) else self._number
        )
        match told:
            case "response.created":
                self._begun = member(event, "response")
            case "response.completed" | "response.incomplete":
                return self._ended(raw, member(event, "response"))
            case "response.failed":
                return _error(raw, member(event, "response").get("error"))
            case "error":
                return _error(raw, event)
            case "response.output_item.added" | "response.output_item.done":
                return self._item(raw, member(event, "item"), is_new=told.endswith("added"))
            case _ if told.endswith(".delta"):
                chars, refuses = chars_in(event.get("delta")), "refusal" in told
                return _content(raw, output_chars=chars, refuses=refuses)
        return StreamEvent(raw, EventKind.PREAMBLE, id=self._begun.get("id"))

    def broken(self, message: str) -> bytes:
        """The event that the Response has failed; if it had not begun, an `error` event."""
        fault = broken_off(message)
        told = {"code": "server_error", "message": fault.message}
        number = {"sequence_number": self._number + 1}
        if not self._begun:
            return event_bytes({"type": "error", **told, "param": None, **number}, self.dialect)
        failed = {**self._begun, "status": "failed", "error": told}
        return event_bytes({"type": "response.failed", "response": failed, **number}, self.dialect)

    def _item(self, raw: bytes, item: Mapping[str, Any], *, is_new: bool) -> StreamEvent:
        calls = item.get("type") in _CALLS
        self._calls = self._calls or calls
        if is_new and not calls:
            return StreamEvent(raw, EventKind.PREAMBLE, choices=_FIRST)
        return _content(
            raw, output_chars=chars_in(item.get("name")) if is_new else 0, calls_tools=calls
        )

    def _ended(self, raw: bytes, answer: Mapping[str, Any]) -> StreamEvent:
        end = _end(answer, calls=self._calls)
        return StreamEvent(
            raw,
            EventKind.DONE,
            usage=end.usage,
            choices=_FIRST,
            finished=_FIRST,
            finish_reasons=frozenset({REASONS[end.stop]}),
            service_tier=tier_of(answer.get("service_tier")),
            refuses=end.stop is Stop.FILTER,
            stated_cost=stated_cost(end.terms),
        )


def _end(answer: Mapping[str, Any], *, calls: bool) -> AnswerEnd:
    try:
        return read_end(answer, calls=calls)
    except ApiError as fault:
        raise MalformedAnswer(
            f"the upstream's answer is invalid: {fault.message.removesuffix('.')}"
        ) from None


def _content(raw: bytes, **told: Any) -> StreamEvent:
    return StreamEvent(raw, EventKind.CONTENT, choices=_FIRST, **told)


def _chars(item: Mapping[str, Any]) -> int:
    """Characters that are shown of an item: of a message, a call, or the summaries of a thought."""
    listed = (item.get(name) for name in ("content", "summary"))
    parts = [part for each in listed if isinstance(each, list) for part in each]
    told = [part for part in parts if isinstance(part, dict)]
    said = sum(chars_in(part.get("text"), part.get("refusal")) for part in told)
    return said + chars_in(item.get("name"), item.get("arguments"), item.get("input"))


def _refuses(item: Mapping[str, Any]) -> bool:
    content = item.get("content")
    parts = content if isinstance(content, list) else ()
    return any(isinstance(part, dict) and part.get("type") == "refusal" for part in parts)


def _error(raw: bytes, error: object) -> StreamEvent:
    """An error in the form of chat."""
    content: Mapping[str, Any] = told(read_failure(error), Dialect.CHAT)[1]["error"]
    return StreamEvent(raw, EventKind.ERROR, error=content)
