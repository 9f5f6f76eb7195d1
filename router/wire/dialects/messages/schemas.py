"""Schemas of answers as Messages demand them: an object may have no members but those that its schema names."""

from typing import Any

from router.wire.dialects.shape import unsaid

_CLOSED = {"additionalProperties": False}
_VALUES = ("enum", "const", "default", "examples")
"""Members of a schema that are no schemas."""
_BY_NAME = ("properties", "$defs", "definitions")
"""Those that are schemas by names, which may be any words."""


def closed(schema: Any) -> Any:
    """A schema, or a list of some, with all objects closed. What it allows is a part of what it allowed.

    Raises ApiError 400 for objects of which it does not name the members: closed, they would have none.
    See https://platform.claude.com/docs/en/build-with-claude/structured-outputs.
    """
    match schema:
        case list():
            return [closed(each) for each in schema]
        case dict():
            inner = {name: _member(name, each) for name, each in schema.items()}
            return {**inner, **_CLOSED} if _is_open(schema) else inner
        case _:
            return schema


def _member(name: str, told: Any) -> Any:
    if name in _BY_NAME and isinstance(told, dict):
        return {each: closed(inner) for each, inner in told.items()}
    return told if name in _VALUES else closed(told)


def _is_open(schema: dict[str, Any]) -> bool:
    named = schema.get("type")
    if named != "object" and not (isinstance(named, list) and "object" in named):
        return False
    more = schema.get("additionalProperties")
    if isinstance(more, dict) or ("properties" not in schema and more is not False):
        remedy = "Messages want the members of every object named; use 'properties'"
        raise unsaid("response_format", remedy)
    return more is not False
