"""A chat completion, written."""

from collections.abc import Iterator, Mapping
from typing import Any

from router.domain.usage import NO_USAGE
from router.wire.dialects.answer import (
    Answer,
    AnswerContext,
    AnswerEnd,
    AnswerHead,
    ReportedError,
    Stop,
)
from router.wire.dialects.chat.parts import written_call
from router.wire.dialects.chat.thoughts import written_thoughts
from router.wire.dialects.counting import chat_usage
from router.wire.dialects.dialect import Dialect
from router.wire.dialects.ids import answer_id
from router.wire.dialects.parts import Part, Refusal, Text, Thinking, ToolCall, of_kind
from router.wire.dialects.shape import plain

REASONS: Mapping[Stop, str] = {
    Stop.END: "stop",
    Stop.SEQUENCE: "stop",
    Stop.LENGTH: "length",
    Stop.TOOLS: "tool_calls",
    Stop.FILTER: "content_filter",
}
_TIERS: Mapping[str, str] = {"standard": "default", "batch": ""}


def write_answer(answer: Answer, answer_context: AnswerContext) -> dict[str, Any]:
    """The chat completion."""
    choice = {
        "index": 0,
        "message": _message(answer.parts),
        "logprobs": None,
        "finish_reason": REASONS[answer.end.stop],
    }
    return {
        **written_head(answer.head, answer_context, "chat.completion"),
        **written_tier(answer.end),
        "choices": [choice],
        **({"usage": written_usage(answer.end)} if answer.end.usage else {}),
    }


def written_head(head: AnswerHead, answer_context: AnswerContext, kind: str) -> dict[str, Any]:
    """What precedes the choices, in a whole answer and in each chunk."""
    created_s = answer_context.now_s if head.created_s is None else head.created_s
    given = answer_id(head.id, Dialect.CHAT)
    return {"id": given, "object": kind, "created": created_s, "model": head.model}


def written_tier(end: AnswerEnd) -> dict[str, str]:
    """The service tier that was billed, in OpenAI's words, if it is known."""
    tier = _TIERS.get(end.tier, end.tier)
    return {"service_tier": tier} if tier else {}


def written_usage(end: AnswerEnd) -> dict[str, Any]:
    """The usage, with what its provider says of the price beside it."""
    return {**chat_usage(end.usage or NO_USAGE), **end.terms}


def _message(parts: tuple[Part, ...]) -> dict[str, Any]:
    texts = of_kind(parts, Text)
    refusal = "".join(each.text for each in of_kind(parts, Refusal))
    calls = [written_call(call) for call in of_kind(parts, ToolCall)]
    return {
        "role": "assistant",
        "content": "".join(each.text for each in texts) or None,
        "refusal": refusal or None,
        **written_thoughts(of_kind(parts, Thinking)),
        **plain(tool_calls=calls or None, annotations=list(_annotations(texts)) or None),
    }


def _annotations(texts: list[Text]) -> Iterator[dict[str, Any]]:
    before = 0
    for text in texts:
        yield from annotations_of(text, before)
        before += len(text.text)


def annotations_of(text: Text, before: int) -> Iterator[dict[str, Any]]:
    """What a text cites; `before` is how many characters of the same answer precede it."""
    for cited in text.citations:
        found = {
            "url": cited.url,
            "title": cited.title,
            "start_index": before + cited.start,
            "end_index": before + (cited.end or len(text.text)),
        }
        yield {"type": "url_citation", "url_citation": found}


_KINDS: Mapping[int, str] = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
}


def written_fault(fault: ReportedError) -> dict[str, Any]:
    """OpenAI's error object, for both of its dialects."""
    usual = "server_error" if fault.status >= 500 else "invalid_request_error"
    error = {
        "message": fault.message,
        "type": fault.kind or _KINDS.get(fault.status, usual),
        "param": fault.param,
        "code": fault.code,
    }
    return {"error": error}
