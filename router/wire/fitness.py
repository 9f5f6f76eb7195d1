"""What can be said about an answer's quality without asking anybody: does it fit the request?

Only what is certain: JSON that was asked for and does not parse, a call of a tool that does not exist,
an answer that was cut off at its limit, an explicit refusal. Reasons quote nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from msgspec import Struct

from router.domain.scored import ScoreSource
from router.wire.answer import MalformedAnswer
from router.wire.chunks import choices_in, text_in
from router.wire.json_schema import Unchecked, keeps
from router.wire.replay import whole

_JSON_FORMATS = ("json_object", "json_schema")
BROKE_OFF = frozenset({"length", "content_filter"})
"""The finish reasons of an answer that is not complete."""
_OBJECT: Mapping[str, Any] = {"type": "object"}


class Fitness(Struct, frozen=True):
    """What was found about an answer: the score of one source, and why it is no better."""

    source: ScoreSource
    score: float
    reason: str = ""


def wants_json(body: Mapping[str, Any]) -> bool:
    """Whether a request asks for JSON, with a schema or without."""
    wanted = body.get("response_format")
    return isinstance(wanted, dict) and wanted.get("type") in _JSON_FORMATS


def offers_tools(body: Mapping[str, Any]) -> bool:
    """Whether a request offers tools to call."""
    return bool(body.get("tools") or body.get("functions"))


def of_ending(
    body: Mapping[str, Any], finish_reasons: frozenset[str], *, refuses: bool
) -> Iterator[Fitness]:
    """What the ends of the choices show: a refusal, or an answer that was cut off."""
    if refuses:
        yield Fitness(ScoreSource.REFUSAL, 0.0, "the model refused")
    elif "content_filter" in finish_reasons:
        yield Fitness(ScoreSource.REFUSAL, 0.0, "the answer was filtered")
    if "length" in finish_reasons:
        own = body.get("max_completion_tokens") or body.get("max_tokens")
        whose = "the request's own" if own else "the model's"
        yield Fitness(ScoreSource.TRUNCATION, 0.0, f"cut off at {whose} limit")


def of_words(
    body: Mapping[str, Any], answer: bytes, *, is_stream: bool, lists_all: bool = True
) -> Iterator[Fitness]:
    """Whether JSON and tool calls are as the request in `body` wants them.

    `answer` is a chat completion, or the events of one. One bad choice makes the score 0. A choice
    that was cut off, or refuses, is skipped, and so is what cannot be checked in time. `lists_all` as in `of_calls`.
    """
    try:
        choices = choices_in(whole(answer, is_stream=is_stream))
    except MalformedAnswer:
        return
    messages = [m for m in map(_whole_message, choices) if m is not None]
    yield from of_json(body, messages)
    yield from of_calls(body, messages, lists_all=lists_all)


def of_json(body: Mapping[str, Any], messages: Sequence[Mapping[str, Any]]) -> Iterator[Fitness]:
    """Whether these messages are the JSON that was asked for; nothing if none was, or it cannot be checked."""
    if wants_json(body):
        texts = [m.get("content") for m in messages if not (calls_in(m) or m.get("refusal"))]
        yield from _judged(ScoreSource.SCHEMA, [_flaw_of_json(t, _schema(body)) for t in texts])


def of_calls(
    body: Mapping[str, Any], messages: Sequence[Mapping[str, Any]], *, lists_all: bool = True
) -> Iterator[Fitness]:
    """Whether the calls in these messages are of tools that were offered; nothing if there are no calls.

    Without `lists_all` others may have been offered than `body` lists: of a call of such a one nothing is known.
    """
    if offers_tools(body):
        tools, strange = offered(body), _STRANGE if lists_all else _UNKNOWN
        calls = [call for message in messages for call in calls_in(message)]
        flaws = [_flaw_of_call(call, tools, strange) for call in calls]
        yield from _judged(ScoreSource.TOOL_CALL, flaws)


_UNKNOWN = "unknown"
_STRANGE = "a tool was called that was not offered"


def _judged(source: ScoreSource, flaws: Sequence[str | None]) -> Iterator[Fitness]:
    """One finding from the flaws of each; none where something stayed unknown and nothing is bad."""
    bad = next((flaw for flaw in flaws if flaw not in (None, _UNKNOWN)), None)
    if bad is not None:
        yield Fitness(source, 0.0, bad)
    elif flaws and _UNKNOWN not in flaws:
        yield Fitness(source, 1.0)


def _whole_message(choice: Mapping[str, Any]) -> Mapping[str, Any] | None:
    message, reason = choice.get("message"), choice.get("finish_reason")
    if not isinstance(message, dict) or (isinstance(reason, str) and reason in BROKE_OFF):
        return None
    return message


def _schema(body: Mapping[str, Any]) -> object:
    wanted = body["response_format"]
    if wanted["type"] == "json_object":
        return _OBJECT
    named = wanted.get("json_schema")
    return named.get("schema", True) if isinstance(named, dict) else True


def _flaw_of_json(text: object, schema: object) -> str | None:
    return _flaw(text_in(text), schema, "the content")


def _flaw(text: str, schema: object, what: str) -> str | None:
    """Why `text` is not the JSON of `schema`, as a clause; None for nothing."""
    try:
        is_kept = keeps(text, schema)
    except orjson.JSONDecodeError:
        return f"{what} is not JSON"
    except Unchecked:
        return _UNKNOWN
    return None if is_kept else f"{what} does not match the schema"


class WrittenCall(NamedTuple):
    """A tool call as it was written: its arguments as JSON text, or as any text if the tool takes that."""

    name: object
    arguments: object
    is_free: bool = False


_NO_CALL = WrittenCall(None, None)


def calls_in(message: Mapping[str, Any]) -> list[WrittenCall]:
    """The calls in a message, including the older `function_call`, whatever is wrong with them."""
    calls = message.get("tool_calls")
    told = list(map(_call, calls)) if isinstance(calls, list) else []
    legacy = message.get("function_call")
    return told or ([_named(legacy)] if isinstance(legacy, dict) else [])


def _call(call: object) -> WrittenCall:
    if not isinstance(call, dict):
        return _NO_CALL
    custom = call.get("custom")
    if isinstance(custom, dict):
        return WrittenCall(custom.get("name"), custom.get("input"), is_free=True)
    return _named(call.get("function"))


def _named(function: object) -> WrittenCall:
    if not isinstance(function, dict):
        return _NO_CALL
    return WrittenCall(function.get("name"), function.get("arguments") or "{}")


def offered(body: Mapping[str, Any]) -> Mapping[object, object]:
    """The schemas of the parameters of all tools that were offered, by their names."""
    tools = body.get("tools")
    listed = [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    functions = [tool.get("function") or tool.get("custom") for tool in listed]
    legacy = body.get("functions")
    functions += legacy if isinstance(legacy, list) else []
    named = (each for each in functions if isinstance(each, dict))
    return {str(each.get("name")): each.get("parameters") for each in named}


def _flaw_of_call(call: WrittenCall, tools: Mapping[object, object], strange: str) -> str | None:
    if not isinstance(call.name, str) or call.name not in tools:
        return strange
    if call.is_free:
        return None
    if not isinstance(call.arguments, str):
        return "the arguments of a call are not a string"
    schema = tools[call.name]
    return _flaw(call.arguments, _OBJECT if schema is None else schema, "the input of a tool call")
