"""A first look at whether JSON has the shape that a schema asks for.

Not a validator: it knows the outermost `type`, `required`, and the `type` of each property. That is
where a weak model fails when it is asked for a schema, and checking it costs no import of 0.2 s.
"""

from collections.abc import Callable, Mapping
from typing import Any


def misshaped(value: object, schema: object) -> str | None:
    """What is wrong with `value` by `schema`, as a clause; None if nothing is seen to be wrong."""
    if not isinstance(schema, dict):
        return None
    if not _is_of(value, schema):
        return "its JSON is of another type than the schema requires"
    if not isinstance(value, dict):
        return None
    required, properties = schema.get("required"), schema.get("properties")
    if isinstance(required, list) and any(name not in value for name in _names(required)):
        return "its JSON lacks a member that the schema requires"
    if isinstance(properties, dict) and not all(
        _is_of(value[name], part) for name, part in properties.items() if name in value
    ):
        return "its JSON has a member of another type than the schema requires"
    return None


def _names(required: list[Any]) -> list[str]:
    return [name for name in required if isinstance(name, str)]


def _is_of(value: object, schema: object) -> bool:
    """Whether `value` is of one of the types that `schema` names, or `schema` names a type that is unknown or none."""
    named = schema.get("type") if isinstance(schema, dict) else None
    types = named if isinstance(named, list) else [named]
    checks = [_TYPES.get(name) if isinstance(name, str) else None for name in types]
    return any(check is None or check(value) for check in checks)


def is_number(value: object) -> bool:
    """Whether JSON has `value` as a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: object) -> bool:
    return is_number(value) and value == int(value)  # type: ignore[call-overload]  # it is a number


_TYPES: Mapping[str, Callable[[object], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": is_number,
    "integer": _is_integer,
}
