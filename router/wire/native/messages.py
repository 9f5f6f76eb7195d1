"""Answers of the Messages API, read while they pass through."""

from collections.abc import Mapping
from typing import Any

from router.domain.service_tier import anthropics_tier
from router.domain.usage import Usage
from router.wire.answer import EventKind, MalformedAnswer, PlainAnswer, StreamEvent, member
from router.wire.dialects.answer import ReportedError
from router.wire.dialects.chat.write_answer import REASONS
from router.wire.dialects.dialect import Dialect
from router.wire.dialects.faults import own_error, told
from router.wire.dialects.messages.read_answer import STOPS, read_fault, read_prompt, read_used
from router.wire.dialects.translate import event_bytes
from router.wire.native.forms import broken_off, chars_in, event_in, object_in
from router.wire.usage.layouts import LAYOUTS
from router.wire.usage.reading import read
from router.wire.usage.terms import stated_cost

_USAGE = LAYOUTS["anthropic"]
_FIRST = frozenset({0})
"""A message is a single choice."""
_GROWING = ("text", "thinking")
"""Blocks that begin empty; not a set, since what a provider says may be unhashable."""


def read_message(raw: bytes) -> PlainAnswer:
    """What a message contains. Raises MalformedAnswer for anything else."""
    answer = object_in(raw, "the upstream's answer")
    content = answer.get("content")
    if not isinstance(content, list):
        raise MalformedAnswer("the upstream's answer has no content")
    blocks = [block for block in content if isinstance(block, dict)]
    return PlainAnswer(
        usage=read(_USAGE, answer.get("usage")),
        output_chars=sum(map(_chars, blocks)),
        finish_reasons=_reasons(answer),
        calls_tools=any(block.get("type") == "tool_use" for block in blocks),
        service_tier=anthropics_tier(member(answer, "usage")),
        refuses=_refuses(answer),
        consults=_consults(member(answer, "usage")),
        id=answer.get("id"),
        stated_cost=stated_cost(answer.get("usage")),
    )


class MessagesForm:
    """Implements `router.wire.native.forms.StreamForm`: the usage is spread over two events."""

    dialect = Dialect.MESSAGES

    def __init__(self) -> None:
        self._begun: Mapping[str, Any] = {}
        self._reasons: frozenset[str] = frozenset()

    def read(self, raw: bytes) -> StreamEvent:
        """What an event says. Raises MalformedAnswer if it is not an event."""
        event = event_in(raw)
        match event and event.get("type"):
            case "content_block_start":
                return _started(raw, member(event, "content_block"))
            case "content_block_delta":
                return _grown(raw, member(event, "delta"))
            case "message_delta":
                return self._ended(raw, event or {})
            case "message_stop":
                return self._last(raw)
            case "error":
                return StreamEvent(raw, EventKind.ERROR, error=_error(member(event, "error")))
        return self._preamble(raw, event or {})

    def broken(self, message: str) -> bytes:
        """An `error` event."""
        _, body = own_error(broken_off(message), self.dialect)
        return event_bytes(body, self.dialect)

    def _preamble(self, raw: bytes, event: Mapping[str, Any]) -> StreamEvent:
        if event.get("type") != "message_start":
            return StreamEvent(raw, EventKind.PREAMBLE)
        self._begun = event
        return StreamEvent(
            raw,
            EventKind.PREAMBLE,
            service_tier=anthropics_tier(_begun_with(event)),
            prompt=read_prompt(self._begun),
            id=member(event, "message").get("id"),
        )

    def _ended(self, raw: bytes, event: Mapping[str, Any]) -> StreamEvent:
        delta = member(event, "delta")
        self._reasons = _reasons(delta) or self._reasons
        used = {**_begun_with(self._begun), **member(event, "usage")}
        return StreamEvent(
            raw,
            EventKind.CONTENT,
            usage=self._usage(event),
            choices=_FIRST,
            finish_reasons=self._reasons,
            service_tier=anthropics_tier(used),
            refuses=_refuses(delta),
            consults=_consults(used),
            stated_cost=stated_cost(used),
        )

    def _last(self, raw: bytes) -> StreamEvent:
        reasons = self._reasons
        return StreamEvent(
            raw, EventKind.DONE, choices=_FIRST, finished=_FIRST, finish_reasons=reasons
        )

    def _usage(self, event: Mapping[str, Any]) -> Usage | None:
        return read_used((self._begun, event))


def _begun_with(event: Mapping[str, Any]) -> Mapping[str, Any]:
    return member(member(event, "message"), "usage")


def _started(raw: bytes, block: Mapping[str, Any]) -> StreamEvent:
    kind = block.get("type")
    said = EventKind.PREAMBLE if kind in _GROWING else EventKind.CONTENT
    calls = kind == "tool_use"
    return StreamEvent(raw, said, output_chars=_chars(block), choices=_FIRST, calls_tools=calls)


def _grown(raw: bytes, delta: Mapping[str, Any]) -> StreamEvent:
    chars = chars_in(*(delta.get(name) for name in ("text", "thinking", "partial_json")))
    return StreamEvent(raw, EventKind.CONTENT, output_chars=chars, choices=_FIRST)


def _chars(block: Mapping[str, Any]) -> int:
    called = block.get("input")
    return chars_in(
        *(block.get(name) for name in ("text", "thinking", "name")),
        str(called) if called else None,
    )


def _reasons(told: Mapping[str, Any]) -> frozenset[str]:
    reason = told.get("stop_reason")
    stop = STOPS.get(reason) if isinstance(reason, str) else None
    return frozenset({REASONS[stop]}) if stop else frozenset()


def _refuses(told: Mapping[str, Any]) -> bool:
    return told.get("stop_reason") == "refusal"


def _consults(usage: Mapping[str, Any]) -> bool:
    """Whether an advisor was asked, which is billed at its own model's rates.

    https://platform.claude.com/docs/en/agents-and-tools/tool-use/advisor-tool
    """
    calls = usage.get("iterations")
    return isinstance(calls, list) and any(
        isinstance(each, dict) and each.get("type") == "advisor_message" for each in calls
    )


def _error(error: Mapping[str, Any]) -> Mapping[str, Any]:
    """The error in the form of chat."""
    found: ReportedError = read_fault(error)
    content: Mapping[str, Any] = told(found, Dialect.CHAT)[1]["error"]
    return content
