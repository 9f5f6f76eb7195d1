"""An answer of Messages, written."""

from collections.abc import Iterator, Mapping
from typing import Any

from router.wire.dialects.answer import (
    Answer,
    AnswerContext,
    AnswerEnd,
    AnswerHead,
    ReportedError,
    Stop,
)
from router.wire.dialects.counting import messages_usage
from router.wire.dialects.dialect import Dialect
from router.wire.dialects.ids import answer_id
from router.wire.dialects.messages.parts import written_call, written_citation, written_thought
from router.wire.dialects.parts import Part, Refusal, Text, Thinking, ToolCall, of_kind

_REASONS: Mapping[Stop, str] = {
    Stop.END: "end_turn",
    Stop.LENGTH: "max_tokens",
    Stop.SEQUENCE: "stop_sequence",
    Stop.TOOLS: "tool_use",
    Stop.FILTER: "refusal",
}
_TIERS: Mapping[str, str] = {"default": "standard", "standard": "standard", "priority": "priority"}
_KINDS: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def write_answer(answer: Answer, _answer_context: AnswerContext) -> dict[str, Any]:
    """The message. A refusal is not a block of it but part of the stop details."""
    refusal = "".join(each.text for each in of_kind(answer.parts, Refusal))
    return {
        **begun(answer.head),
        "content": [block for part in answer.parts for block in written_part(part)],
        **written_end(answer.end, refusal),
        "usage": messages_usage(answer.end.usage, billed_tier(answer.end)),
    }


def begun(head: AnswerHead) -> dict[str, Any]:
    """A message that is still empty."""
    return {
        "id": answer_id(head.id, Dialect.MESSAGES),
        "type": "message",
        "role": "assistant",
        "model": head.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": messages_usage(None),
    }


def written_part(part: Part) -> Iterator[dict[str, Any]]:
    """The block of a part; none for a refusal."""
    match part:
        case Text():
            cited = [written_citation(each, part) for each in part.citations]
            # There is no null where there are none, nor from Anthropic: the AI SDK's schema takes only a list.
            yield {"type": "text", "text": part.text, **({"citations": cited} if cited else {})}
        case Thinking():
            yield written_thought(part)
        case ToolCall():
            yield written_call(part)


def written_end(end: AnswerEnd, refusal: str) -> dict[str, Any]:
    """Why the model stopped, and the words with which it refused."""
    stop = Stop.FILTER if refusal else end.stop
    details = {"type": "refusal", "category": None, "explanation": refusal or None}
    return {
        "stop_reason": _REASONS[stop],
        "stop_sequence": end.sequence,
        "stop_details": details if stop is Stop.FILTER else None,
    }


def billed_tier(end: AnswerEnd) -> str:
    """The service tier that was billed, in the words of Messages; "" if they have none for it."""
    return _TIERS.get(end.tier, "")


def written_fault(fault: ReportedError) -> dict[str, Any]:
    """The error object, for a body and for a stream."""
    usual = "api_error" if fault.status >= 500 else "invalid_request_error"
    kind = _KINDS.get(fault.status, usual)
    return {"type": "error", "error": {"type": kind, "message": fault.message}}
