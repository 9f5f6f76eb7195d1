"""An answer of Messages, read."""

from collections.abc import Mapping, Sequence

from router.domain.members import replace
from router.domain.usage import Usage
from router.wire.answer import MalformedAnswer
from router.wire.dialects.answer import Answer, AnswerEnd, AnswerHead, ReportedError, Stop
from router.wire.dialects.messages.parts import NATIVE, answered, read_block
from router.wire.dialects.parts import Refusal
from router.wire.dialects.shape import JsonObject, an_object, objects_in, text_of
from router.wire.usage.layouts import LAYOUTS
from router.wire.usage.reading import read, read_stream
from router.wire.usage.terms import terms_of

_USAGE = LAYOUTS["anthropic"]
STOPS: Mapping[str, Stop] = {
    "end_turn": Stop.END,
    "pause_turn": Stop.END,
    "max_tokens": Stop.LENGTH,
    "model_context_window_exceeded": Stop.LENGTH,
    "stop_sequence": Stop.SEQUENCE,
    "tool_use": Stop.TOOLS,
    "refusal": Stop.FILTER,
}
_STATUSES: Mapping[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


def read_answer(answer: JsonObject, origin: str = NATIVE) -> Answer:
    """A model's message; unsealed thoughts in it are attributed to `origin`.

    Raises ApiError or MalformedAnswer for anything else.
    """
    if not isinstance(answer.get("content"), list):
        raise MalformedAnswer("the upstream's answer has no content")
    listed = objects_in(answer["content"], "content")
    parts = tuple(read_block(answered(block), place, origin) for place, block in listed)
    refusal = read_refusal(answer)
    told = (*parts, refusal) if refusal else parts
    used = an_object(answer.get("usage") or {}, "usage")
    tier = text_of(used, "service_tier", "usage")
    usage = read(LAYOUTS["anthropic"], used)
    end = AnswerEnd(Stop.END, usage, tier, terms=terms_of(used))
    return Answer(read_head(answer), told, read_end(answer, end))


def read_head(answer: JsonObject) -> AnswerHead:
    """What a message says of itself at its start. It does not say when that was."""
    return AnswerHead(text_of(answer, "id", ""), text_of(answer, "model", ""))


def read_end(told: JsonObject, used: AnswerEnd) -> AnswerEnd:
    """Why the model stopped, from a message or its delta; what was `used` is known already."""
    stop = STOPS.get(text_of(told, "stop_reason", ""), Stop.END)
    sequence = text_of(told, "stop_sequence", "") or None
    return replace(used, stop=stop, sequence=sequence)


def read_refusal(told: JsonObject) -> Refusal | None:
    """Why the model refused, if it says that."""
    details = told.get("stop_details")
    if not isinstance(details, dict) or details.get("type") != "refusal":
        return None
    explanation = text_of(details, "explanation", "stop_details")
    return Refusal(explanation) if explanation else None


def read_fault(error: JsonObject, status: int | None = None) -> ReportedError:
    """The error object of Messages; within a stream the status follows from its type alone."""
    kind, message = error.get("type"), error.get("message")
    named = kind if isinstance(kind, str) else ""
    return ReportedError(
        status=_STATUSES.get(named, 500) if status is None else status,
        message=message if isinstance(message, str) else "The upstream gave no reason.",
        kind=named,
    )


def read_prompt(event: JsonObject) -> Usage | None:
    """What a message has used when it starts, None of any other event.

    Its count of output is of what was written until then, which is as good as nothing.
    """
    message = event.get("message") if event.get("type") == "message_start" else None
    told = message.get("usage") if isinstance(message, dict) else None
    return read(_USAGE, {**told, "output_tokens": 0}) if isinstance(told, dict) else None


def read_used(events: Sequence[JsonObject]) -> Usage | None:
    """What a message has used, by its events; None if its start alone counts what was written."""
    told = [event.get("usage") for event in events]
    is_counted = any(
        isinstance(each, dict) and each.get("output_tokens") is not None for each in told
    )
    return read_stream(_USAGE, events) if is_counted else None
