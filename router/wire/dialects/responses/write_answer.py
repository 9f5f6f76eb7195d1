"""A Response, written."""

from collections.abc import Mapping
from typing import Any

from router.wire.dialects.answer import (
    Answer,
    AnswerContext,
    AnswerEnd,
    AnswerHead,
    ReportedError,
    Stop,
)
from router.wire.dialects.chat.write_answer import written_tier
from router.wire.dialects.counting import responses_usage
from router.wire.dialects.dialect import Dialect
from router.wire.dialects.ids import answer_id, item_id
from router.wire.dialects.responses.items import grouped, kind_of, written_item
from router.wire.dialects.responses.namespaces import grouped_in, regrouped

_ECHOED: Mapping[str, Any] = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
}
"""What a Response repeats of its request, and its defaults."""
_CODES: Mapping[int, str] = {400: "invalid_prompt", 429: "rate_limit_exceeded"}


def write_answer(answer: Answer, answer_context: AnswerContext) -> dict[str, Any]:
    """The Response, with its output."""
    answer = regrouped(answer, grouped_in(answer_context.asked))
    groups = list(grouped(answer.parts))
    output = [
        written_item(group, item_id(kind_of(group[0]), answer.head.id, place))
        for place, group in enumerate(groups)
    ]
    return ended(answer.head, answer.end, output, answer_context)


def begun(head: AnswerHead, answer_context: AnswerContext) -> dict[str, Any]:
    """A Response that is still empty."""
    created_s = answer_context.now_s if head.created_s is None else head.created_s
    echoed = {name: answer_context.asked.get(name) for name in _ECHOED}
    told = {name: value for name, value in echoed.items() if value is not None}
    return {
        "id": answer_id(head.id, Dialect.RESPONSES),
        "object": "response",
        "created_at": created_s,
        "status": "in_progress",
        "model": head.model,
        "output": [],
        "error": None,
        "incomplete_details": None,
        "store": False,
        **_ECHOED,
        **told,
    }


def ended(
    head: AnswerHead, end: AnswerEnd, output: list[dict[str, Any]], answer_context: AnswerContext
) -> dict[str, Any]:
    """A Response with all of its output."""
    reasons = {Stop.LENGTH: "max_output_tokens", Stop.FILTER: "content_filter"}
    reason = reasons.get(end.stop)
    return {
        **begun(head, answer_context),
        "status": "incomplete" if reason else "completed",
        "completed_at": None if reason else answer_context.now_s,
        "incomplete_details": {"reason": reason} if reason else None,
        "output": output,
        **written_tier(end),
        **({"usage": responses_usage(end.usage)} if end.usage else {}),
    }


def failed(head: AnswerHead, fault: ReportedError, answer_context: AnswerContext) -> dict[str, Any]:
    """A Response that failed. Only some of the reasons have codes of their own."""
    code = _CODES.get(fault.status, "server_error")
    error = {"code": code, "message": fault.message}
    return {**begun(head, answer_context), "status": "failed", "error": error}
