"""Reading and merging JSON schemas, without filling them."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

NESTED = ("object", "array")
_IMPLIED = (
    ("object", ("properties", "required", "additionalProperties", "minProperties")),
    ("array", ("items", "prefixItems", "minItems", "maxItems")),
    ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
)


def kinds(schema: Schema) -> list[str]:
    """The types that the schema allows, or the one that its keywords imply."""
    named = schema.get("type")
    if named is None:
        return [
            next((kind for kind, marks in _IMPLIED if any(m in schema for m in marks)), "string")
        ]
    return [named] if isinstance(named, str) else list(named)


def is_null(schema: Schema | bool) -> bool:
    """Whether the schema allows null and nothing else."""
    return isinstance(schema, Mapping) and schema.get("type") == "null"


def weight(schema: Schema | bool) -> int:
    """How much a schema may hold: 0 for a plain value, 1 for an array, 2 for objects."""
    if isinstance(schema, bool):
        return 0
    if any(name in schema for name in ("$ref", "properties", "anyOf", "oneOf", "allOf")):
        return 2
    return max(2 if kind == "object" else int(kind == "array") for kind in kinds(schema))


def without(schema: Schema, *names: str) -> Schema:
    """The schema without these keywords."""
    return {name: value for name, value in schema.items() if name not in names}


def merged(first: Schema | bool, second: Schema) -> Schema:
    """Both schemas combined; where both set a bound, the stricter one."""
    if isinstance(first, bool):
        return second if first else {"enum": []}
    joined = {**first, **second}
    for name in first.keys() & second.keys():
        joined[name] = _both(name, first[name], second[name])
    return joined


def _both(name: str, first: Any, second: Any) -> Any:
    join = _JOINS.get(name)
    return join(first, second) if join else second


def _common_kinds(first: str | list[str], second: str | list[str]) -> str | list[str]:
    """The types that both allow; if numbers meet integers, integers."""
    both = [kind for kind in _listed(first) if kind in _listed(second)]
    return both or (second if "integer" in _listed(second) else first)


def _listed(named: str | list[str]) -> list[str]:
    return [named] if isinstance(named, str) else named


def _all_of(first: list[str], second: list[str]) -> list[str]:
    return [*first, *(name for name in second if name not in first)]


_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_JOINS: Mapping[str, Callable[[Any, Any], Any]] = {
    "properties": lambda first, second: {**first, **second},
    "$defs": lambda first, second: {**first, **second},
    "required": _all_of,
    "enum": lambda first, second: [option for option in first if option in second],
    "type": _common_kinds,
    **dict.fromkeys(_LOWER_BOUNDS, max),
    **dict.fromkeys(_UPPER_BOUNDS, min),
}
