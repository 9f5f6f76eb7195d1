"""Whether an answer is fit to be given again: whole, of the form that was asked for, and harmless."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from router.wire.answer import MalformedAnswer
from router.wire.replay import completion

_REASONED = b'"reasoning'
_ENDINGS = frozenset({"stop"})
_ENDINGS_OF_CALLS = frozenset({"stop", "tool_calls", "function_call"})


@dataclass(frozen=True, slots=True)
class Ending:
    """What was seen of a stream while it passed by; enough to judge most of them without reading again."""

    finish_reasons: frozenset[str]
    choices: int
    calls_tools: bool
    chars: int


def flaw_of_stream(
    events: bytes, ending: Ending, *, request: Mapping[str, Any], keeps_tool_calls: bool
) -> str | None:
    """Like `flaw_of`, for a stream whose ending is known."""
    if ending.calls_tools or _wants_json(request) or _REASONED in events:
        return flaw_of(events, is_stream=True, request=request, keeps_tool_calls=keeps_tool_calls)
    if ending.choices != (request.get("n") or 1):
        return _wrong_count(request)
    if others := ending.finish_reasons - _ENDINGS:
        return f"it ended by {min(others)!r}"
    return None if ending.chars else "it says nothing"


def flaw_of(
    answer: bytes, *, is_stream: bool, request: Mapping[str, Any], keeps_tool_calls: bool
) -> str | None:
    """Why `answer` must not be stored, as a clause; None when it may be.

    `request` is what it answers; `keeps_tool_calls` lets calls be given again, which may act twice.
    """
    try:
        choices = completion(answer, is_stream=is_stream).get("choices")
    except MalformedAnswer as malformed:
        return str(malformed)
    if not isinstance(choices, list) or len(choices) != (request.get("n") or 1):
        return _wrong_count(request)
    flaws = (_flaw(choice, request, keeps_tool_calls) for choice in choices)
    return next(filter(None, flaws), None)


def _flaw(choice: object, request: Mapping[str, Any], keeps_tool_calls: bool) -> str | None:
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        return "a choice has no message"
    calls = bool(message.get("tool_calls") or message.get("function_call"))
    if calls and not keeps_tool_calls:
        return "it calls tools"
    ending = choice.get("finish_reason")
    if ending not in (_ENDINGS_OF_CALLS if calls else _ENDINGS):
        return f"it ended by {ending!r}"
    content = message.get("content")
    if not calls and not (isinstance(content, str) and content.strip()):
        return "it says nothing"
    return None if calls else _flaw_of_form(str(content), request)


def _flaw_of_form(content: str, request: Mapping[str, Any]) -> str | None:
    """What is wrong with a content that was to be JSON. A schema is not looked into."""
    kind = _wants_json(request)
    if not kind:
        return None
    try:
        read = orjson.loads(content)
    except orjson.JSONDecodeError:
        return "it is not the JSON that was asked for"
    if kind == "json_object" and not isinstance(read, dict):
        return "it is not the JSON object that was asked for"
    return None


def _wants_json(request: Mapping[str, Any]) -> str:
    """The kind of JSON that was asked for, "" for none."""
    form = request.get("response_format")
    kind = form.get("type") if isinstance(form, dict) else None
    return kind if kind in ("json_object", "json_schema") else ""


def _wrong_count(request: Mapping[str, Any]) -> str:
    return f"it does not have {request.get('n') or 1} choices"
