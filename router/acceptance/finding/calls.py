"""Tool calls in one spelling: names and arguments, in no order, without arguments that are the default."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from router.acceptance.finding.found import AnswerKind, Final, Found, NotFound
from router.acceptance.finding.json_value import canonical
from router.wire.fitness import WrittenCall

_LONGEST = 2**16
_UNREADABLE = NotFound("the arguments of a call are not a JSON object, or are too long")


def final_of_calls(calls: Sequence[WrittenCall], tools: Mapping[object, object]) -> Final:
    """All calls of an answer together; `tools` are schemas of parameters by the tools' names."""
    spelt = [_spelt(call, tools.get(str(call.name))) for call in calls]
    known = sorted(each for each in spelt if each is not None)
    return Found(AnswerKind.CALLS, "\n".join(known)) if len(known) == len(spelt) else _UNREADABLE


def _spelt(call: WrittenCall, schema: object) -> str | None:
    if not isinstance(call.name, str) or not isinstance(call.arguments, str):
        return None
    if call.is_free:
        return canonical([call.name, call.arguments], trims=True)
    arguments = _arguments(call.arguments)
    if arguments is None:
        return None
    return canonical([call.name, _without_defaults(arguments, schema)], trims=True)


def _arguments(text: str) -> Mapping[str, Any] | None:
    try:
        arguments = orjson.loads(text) if len(text) <= _LONGEST else None
    except orjson.JSONDecodeError:
        return None
    return arguments if isinstance(arguments, dict) else None


def _without_defaults(arguments: Mapping[str, Any], schema: object) -> Mapping[str, Any]:
    """The arguments without those that equal their schema's default; a null counts as an argument."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    known = properties if isinstance(properties, dict) else {}
    return {
        name: value for name, value in arguments.items() if not _is_default(value, known.get(name))
    }


def _is_default(value: object, schema: object) -> bool:
    # True equals 1 in Python, but not in JSON.
    return (
        isinstance(schema, dict)
        and "default" in schema
        and canonical(schema["default"]) == canonical(value)
    )
