"""Whether an answer may be stored: a flawed one would go to everybody who asks the same."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from msgspec import Struct

from router.wire.answer import MalformedAnswer
from router.wire.chunks import choices_in, text_in
from router.wire.json_shape import misshaped
from router.wire.replay import whole

_FLAWED_ENDS: Mapping[object, str] = {
    None: "a choice is not finished",
    "length": "a choice was cut off at its length limit",
    "content_filter": "a choice was filtered",
}
_CALLS = ("tool_calls", "function_call")
_WHOLE = frozenset({"stop"})
_SURELY_WORDS = 64
"""Content of this many characters is taken to be more than white space."""


class StreamSummary(Struct, frozen=True):
    """What was seen of a stream while it passed by; enough to judge most of them without reading again.

    `choices` is how many have ended, `content_chars` the length of their content; `says_more` tells whether
    there was anything besides content and thoughts.
    """

    finish_reasons: frozenset[str]
    choices: int
    content_chars: int
    says_more: bool


def flaw_of_stream(
    events: bytes, ending: StreamSummary, *, request: Mapping[str, Any], keeps_tool_calls: bool
) -> str | None:
    """Like `flaw_of`, for a stream whose ending is known: most need not be merged for it."""
    is_plain = not (ending.says_more or request.get("response_format") or request.get("n"))
    is_long = ending.content_chars >= _SURELY_WORDS and ending.choices == 1
    if is_plain and is_long and ending.finish_reasons == _WHOLE:
        return None
    return flaw_of(events, is_stream=True, request=request, keeps_tool_calls=keeps_tool_calls)


def flaw_of(
    answer: bytes, *, is_stream: bool, request: Mapping[str, Any], keeps_tool_calls: bool
) -> str | None:
    """Why the answer to `request` must not be stored, as a clause; None when it may be.

    `answer` is a whole chat completion, or with `is_stream` the events of one. Of a JSON schema only
    the outermost types and required members are checked.
    """
    try:
        completion = whole(answer, is_stream=is_stream)
    except MalformedAnswer as malformed:
        return str(malformed)
    return next(_flaws(completion, request, keeps_tool_calls=keeps_tool_calls), None)


def _flaws(
    completion: dict[str, Any], request: Mapping[str, Any], *, keeps_tool_calls: bool
) -> Iterator[str]:
    if completion.get("error"):
        yield "it contains an error"
    choices, wanted = choices_in(completion), request.get("n") or 1
    if len(choices) != wanted:
        yield f"it has {len(choices)} choices, not {wanted}"
    response_format = request.get("response_format")
    for choice in choices:
        message = choice.get("message")
        told = message if isinstance(message, dict) else {}
        yield from _flaws_of_choice(choice, told, keeps_tool_calls)
        if isinstance(response_format, dict) and not _is_empty(told.get("content")):
            yield from _flaws_of_format(told["content"], response_format)


def _flaws_of_choice(
    choice: Mapping[str, Any], message: Mapping[str, Any], keeps_tool_calls: bool
) -> Iterator[str]:
    if choice.get("error"):
        yield "a choice contains an error"
    calls = any(message.get(name) for name in _CALLS)
    if calls and not keeps_tool_calls:
        yield "it calls tools"
    if not _is_list_of_objects(message.get("tool_calls") or []):
        yield "its tool calls are not a list of objects"  # so they cannot be told as a stream
    if message.get("refusal"):
        yield "a choice refuses to answer"
    reason = choice.get("finish_reason")
    if reason != "stop" and not (keeps_tool_calls and reason in _CALLS):
        known = reason is None or isinstance(reason, str)
        yield _FLAWED_ENDS.get(reason if known else "", "a choice did not end by itself")
    if not calls and _is_empty(message.get("content")):
        yield "a choice is empty"


def _is_list_of_objects(calls: object) -> bool:
    return isinstance(calls, list) and all(isinstance(call, dict) for call in calls)


def _is_empty(content: object) -> bool:
    return not (content.strip() if isinstance(content, str) else content)


def _flaws_of_format(content: object, response_format: Mapping[str, Any]) -> Iterator[str]:
    """How the content falls short of the JSON that the client asked for."""
    kind = response_format.get("type")
    if kind not in ("json_object", "json_schema"):
        return
    try:
        value = orjson.loads(text_in(content))
    except orjson.JSONDecodeError:
        yield "its content is not the requested JSON"
    else:
        yield from filter(None, [misshaped(value, _schema(response_format))])


def _schema(response_format: Mapping[str, Any]) -> object:
    if response_format["type"] == "json_object":
        return {"type": "object"}
    named = response_format.get("json_schema")
    return named.get("schema") if isinstance(named, dict) else None
