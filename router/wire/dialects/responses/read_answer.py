"""A Response, read."""

from collections.abc import Mapping

from router.domain.members import replace
from router.domain.usage import Usage
from router.wire.answer import MalformedAnswer
from router.wire.dialects.answer import Answer, AnswerEnd, AnswerHead, ReportedError, Stop
from router.wire.dialects.parts import ToolCall
from router.wire.dialects.responses.items import NATIVE, answered, read_item
from router.wire.dialects.shape import JsonObject, an_object, objects_in, text_of, time_of
from router.wire.usage.layouts import LAYOUTS
from router.wire.usage.reading import read
from router.wire.usage.terms import terms_of

_STATUSES: Mapping[str, int] = {
    "invalid_request_error": 400,
    "rate_limit_exceeded": 429,
    "too_many_requests": 429,
    "insufficient_quota": 429,
    "server_error": 500,
    "server_is_overloaded": 503,
    "slow_down": 503,
    "vector_store_timeout": 504,
}
"""HTTP statuses for the error codes and types of a failed Response; all others are the request's fault."""


def read_answer(answer: JsonObject, origin: str = NATIVE) -> Answer:
    """A Response that has ended; unsealed thoughts in it are attributed to `origin`.

    Raises ApiError or MalformedAnswer for anything else.
    """
    if not isinstance(answer.get("output"), list):
        raise MalformedAnswer("the upstream's answer has no output")
    if answer.get("status") in ("failed", "cancelled"):
        raise MalformedAnswer("the upstream's answer has failed")
    listed = objects_in(answer.get("output"), "output")
    items = ((place, answered(item)) for place, item in listed)
    parts = tuple(part for place, item in items for part in read_item(item, place, origin))
    calls = any(isinstance(part, ToolCall) for part in parts)
    return Answer(read_head(answer), parts, read_end(answer, calls=calls))


def read_head(answer: JsonObject) -> AnswerHead:
    """What a Response says of itself at its start."""
    return AnswerHead(
        text_of(answer, "id", ""), text_of(answer, "model", ""), time_of(answer, "created_at")
    )


def read_end(answer: JsonObject, *, calls: bool) -> AnswerEnd:
    """How a Response ended; `calls` says that it calls a tool."""
    details = an_object(answer.get("incomplete_details") or {}, "incomplete_details")
    if answer.get("status") == "incomplete":
        filtered = details.get("reason") == "content_filter"
        stop = Stop.FILTER if filtered else Stop.LENGTH
    else:
        stop = Stop.TOOLS if calls else Stop.END
    terms = terms_of(answer.get("usage"))
    return AnswerEnd(stop, _usage(answer), text_of(answer, "service_tier", ""), terms=terms)


def _usage(answer: JsonObject) -> Usage | None:
    usage = read(LAYOUTS["openai-responses"], answer.get("usage"))
    if usage is None or usage.web_searches or not (searches := _searches(answer)):
        return usage
    return replace(usage, web_searches=searches)


def _searches(answer: JsonObject) -> int:
    """How many searches are billed: as told, else those in the output. Opening a page that was found is none.

    https://developers.openai.com/api/docs/guides/tools-web-search, "Output and citations".
    """
    told = answer.get("tool_usage")
    counted = told.get("web_search") if isinstance(told, dict) else None
    count = counted.get("num_requests") if isinstance(counted, dict) else None
    if type(count) is int and count >= 0:
        return count
    output = answer.get("output")
    return sum(map(_is_search, output)) if isinstance(output, list) else 0


def _is_search(item: object) -> bool:
    if not isinstance(item, dict) or item.get("type") != "web_search_call":
        return False
    action = item.get("action")
    return not isinstance(action, dict) or action.get("type", "search") == "search"


def read_failure(error: object) -> ReportedError:
    """The error of a failed Response, or of an `error` event, in which OpenAI itself nests what it documents flat."""
    told = error if isinstance(error, dict) else {}
    inner = told.get("error")
    told = inner if isinstance(inner, dict) else {**told, "type": None}
    code, kind, message = told.get("code"), told.get("type"), told.get("message")
    names = [name for name in (code, kind) if isinstance(name, str) and name] or ["server_error"]
    statuses = (_STATUSES[name] for name in names if name in _STATUSES)
    return ReportedError(
        status=next(statuses, 500 if "error" in names[0] else 400),
        message=message if isinstance(message, str) else "The upstream gave no reason.",
        kind=kind if isinstance(kind, str) else "",
        code=names[0],
    )
