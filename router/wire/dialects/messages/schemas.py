"""Schemas as Messages accept them, for answers and for tools that are strict.

An object may have no members but those that its schema names, and of the limits on numbers, texts and arrays there are
few. See https://platform.claude.com/docs/en/build-with-claude/structured-outputs, "JSON Schema limitations". The others
become words in the description, as in Anthropic's own clients: a model may keep to them, but need not.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from router.wire.dialects.shape import unsaid

_CLOSED = {"additionalProperties": False}
_BY_NAME = ("properties", "$defs", "definitions")
"""Members that are schemas by names, which may be any words."""
_SCHEMAS = ("items", "anyOf", "allOf", "additionalProperties")
"""Those that are a schema, or a list of some."""
_AS_THEY_ARE = ("type", "title", "description", "required", "$ref", "const", "default")
_FORMATS = frozenset(
    ("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid")
)
_ELABORATE = re.compile(r"\(\?[^:]|\\[bB1-9]")
"""What Anthropic's patterns lack: lookaround, boundaries of words, references back."""
_SAYS_NOTHING = "$schema"
_SIMPLE = (str, int, float, bool, type(None))


def accepted(schema: Any, field: str) -> Any:
    """A schema, or a list of some, as Messages accept it: what it allows may be less for objects, and more for others.

    Raises ApiError 400, which names `field`, for objects of which it does not name the members: closed, they would have
    none.
    """
    match schema:
        case list():
            return [accepted(each, field) for each in schema]
        case dict():
            return _accepted(schema, field)
        case _:
            return schema


def _accepted(schema: dict[str, Any], field: str) -> dict[str, Any]:
    schema = {name: told for name, told in _with_any_of(schema).items() if name != _SAYS_NOTHING}
    unknown = {name: told for name, told in schema.items() if not _is_known(name, told)}
    known = {
        name: _member(name, told, field) for name, told in schema.items() if name not in unknown
    }
    if unknown:
        known["description"] = "\n\n".join(_described(schema.get("description"), unknown))
    return {**known, **_CLOSED} if _is_open(schema, field) else known


def _with_any_of(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with `anyOf` in place of `oneOf`, which Messages do not know."""
    if "oneOf" not in schema or "anyOf" in schema:
        return schema
    return {("anyOf" if name == "oneOf" else name): told for name, told in schema.items()}


def _is_known(name: str, told: Any) -> bool:
    if name in (*_BY_NAME, *_SCHEMAS, *_AS_THEY_ARE):
        return True
    takes = _SOME.get(name)
    return takes is not None and takes(told)


_SOME: Mapping[str, Callable[[Any], bool]] = {
    "minItems": lambda told: told in (0, 1),
    "format": lambda told: isinstance(told, str) and told in _FORMATS,
    "pattern": lambda told: isinstance(told, str) and not _ELABORATE.search(told),
    "enum": lambda told: isinstance(told, list) and all(isinstance(e, _SIMPLE) for e in told),
}
"""Members of which Messages take some values."""


def _described(description: object, unknown: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(description, str):
        yield description
    told = (f"{name}: {orjson.dumps(value).decode()}" for name, value in unknown.items())
    yield f"{{{', '.join(told)}}}"


def _member(name: str, told: Any, field: str) -> Any:
    if name in _BY_NAME and isinstance(told, dict):
        return {each: accepted(inner, field) for each, inner in told.items()}
    return accepted(told, field) if name in _SCHEMAS else told


def _is_open(schema: dict[str, Any], field: str) -> bool:
    named = schema.get("type")
    if named != "object" and not (isinstance(named, list) and "object" in named):
        return False
    more = schema.get("additionalProperties")
    if isinstance(more, dict) or ("properties" not in schema and more is not False):
        remedy = "Messages want the members of every object named; use 'properties'"
        raise unsaid(field, remedy)
    return more is not False
