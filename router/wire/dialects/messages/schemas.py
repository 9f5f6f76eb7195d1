"""Schemas as Messages accept them, for answers and for tools that are strict.

An object may have no members but those that its schema names, no schema may contain itself, `allOf` may not refer to
anything, and of the limits on numbers, texts and arrays there are few. See
https://platform.claude.com/docs/en/build-with-claude/structured-outputs, "JSON Schema limitations". Limits become words
in the description, as in Anthropic's own clients: a model may keep to them, but need not.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import orjson

from router.domain.errors import ApiError
from router.wire.dialects.messages.all_of import together
from router.wire.dialects.shape import unsaid

_CLOSED = {"additionalProperties": False}
_BY_NAME = ("properties", "$defs", "definitions")
"""Members that are schemas by names, which may be any words."""
_SCHEMAS = ("items", "anyOf", "additionalProperties")
"""Those that are a schema, or a list of some."""
_AS_THEY_ARE = ("type", "title", "description", "required", "$ref", "const", "default")
_FORMATS = frozenset(
    ("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid")
)
_ELABORATE = re.compile(r"\(\?[^:]|\\[bB1-9]")
"""What Anthropic's patterns lack: lookaround, boundaries of words, references back."""
_SAYS_NOTHING = "$schema"
_SIMPLE = (str, int, float, bool, type(None))
_WITHIN_REACH = ("", *_BY_NAME, "items")
"""Where a reference may begin to point: what is elsewhere is put otherwise."""
_MOST_PARTS = 10_000
"""Anthropic refuses smaller ones as too complex. References are followed, and may point to the same over and over."""


def accepted(schema: Mapping[str, Any], field: str, whose: str = "") -> dict[str, Any]:
    """A schema as Messages accept it: what it allows may be less for objects, and more for others.

    Raises ApiError 400, which names `field`, the place in the schema, and `whose` it is, for one that contains itself,
    and for objects of which it does not name the members: closed, they would have none.
    """
    return _Accepting(schema, field, whose).whole(dict(schema))


class _Accepting:
    """One whole schema, on its way to Messages. Places are JSON pointers."""

    def __init__(self, root: Mapping[str, Any], field: str, whose: str) -> None:
        self._root, self._field, self._whose = root, field, whose
        self._followed, self._following = set[str](), list[str]()
        self._parts = 0

    def whole(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The whole schema, as Messages accept it."""
        return self._written(schema, "#")

    def schema(self, schema: Any, place: str) -> Any:
        """A schema, or a list of some, as Messages accept it."""
        match schema:
            case list():
                return [self.schema(each, f"{place}/{index}") for index, each in enumerate(schema)]
            case dict():
                return self._written(schema, place)
            case _:
                return schema

    def _written(self, schema: dict[str, Any], place: str) -> dict[str, Any]:
        self._count(place)
        schema = _typed(_with_any_of(self._at_once(schema, place)))
        self._follow(schema, place)
        told = {name: each for name, each in schema.items() if name != _SAYS_NOTHING}
        unknown = {name: each for name, each in told.items() if not _is_known(name, each)}
        known = {
            name: self._member(name, each, f"{place}/{name}")
            for name, each in told.items()
            if name not in unknown
        }
        if isinstance(known.get("type"), list) and ("enum" in known or "const" in known):
            del known["type"]  # a value of an enum must be of its only type, Anthropic says
        if unknown:
            known["description"] = "\n\n".join(_described(schema.get("description"), unknown))
        return {**known, **_CLOSED} if self._is_open(schema, place) else known

    def _member(self, name: str, told: Any, place: str) -> Any:
        if name in _BY_NAME and isinstance(told, dict):
            return {each: self.schema(inner, f"{place}/{each}") for each, inner in told.items()}
        return self.schema(told, place) if name in _SCHEMAS else told

    def _at_once(self, schema: dict[str, Any], place: str) -> dict[str, Any]:
        """The schema with all that `allOf` demands, which is spelt out, as its own members."""
        demanded = schema.get("allOf")
        if not isinstance(demanded, list):
            return schema
        whole = {name: told for name, told in schema.items() if name != "allOf"}
        for index, each in enumerate(demanded):
            where = f"{place}/allOf/{index}"
            clash = together(whole, self._spelt_out(each, where))
            if clash:
                raise self._unsaid(f"no 'allOf' whose parts differ in '{clash}'", where)
        return whole

    def _spelt_out(self, schema: Any, place: str) -> dict[str, Any]:
        self._count(place)
        if not isinstance(schema, dict):
            return {}
        self._follow(schema, place)
        rest = {name: told for name, told in schema.items() if name != "$ref"}
        if isinstance(ref := schema.get("$ref"), str):
            rest = {**self._spelt_out(self._target(ref, place), ref), **rest}
        return self._at_once(rest, place)

    def _follow(self, schema: Mapping[str, Any], place: str) -> None:
        """Go where a schema refers to. Raises ApiError 400 if that is the way it came, or leads nowhere."""
        ref = schema.get("$ref")
        if not isinstance(ref, str) or ref in self._followed:
            return
        if ref in self._following:
            raise self._unsaid("no schema that contains itself: there is a '$ref' to it", place)
        self._following.append(ref)
        self.schema(self._target(ref, place), ref)
        self._followed.add(self._following.pop())

    def _target(self, ref: str, place: str) -> Any:
        start, *steps = unquote(ref).split("/")
        found: Any = self._root
        if start != "#" or "".join(steps[:1]) not in _WITHIN_REACH:
            raise self._unsaid("only a '$ref' to definitions within the schema", place)
        for step in steps:
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, dict) else None
        if found is None:
            raise self._unsaid("only a '$ref' to definitions within the schema", place)
        return found

    def _count(self, place: str) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise self._unsaid("no schema as large as this one", place)

    def _is_open(self, schema: dict[str, Any], place: str) -> bool:
        named = schema.get("type")
        if named != "object" and not (isinstance(named, list) and "object" in named):
            return False
        more = schema.get("additionalProperties")
        is_unnamed = not schema.get("properties") and (more is not False or _PATTERNS in schema)
        if isinstance(more, dict) or is_unnamed:
            raise self._unsaid("only objects whose members are all named in 'properties'", place)
        return more is not False

    def _unsaid(self, known: str, place: str) -> ApiError:
        whose = f" of '{self._whose}'" if self._whose else ""
        return unsaid(self._field, f"Messages know {known} (at '{place}'{whose})")


_PATTERNS = "patternProperties"


def _with_any_of(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with `anyOf` in place of `oneOf`, which Messages do not know."""
    if "oneOf" not in schema or "anyOf" in schema:
        return schema
    return {("anyOf" if name == "oneOf" else name): told for name, told in schema.items()}


def _typed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema as one of objects, if it names members of them and says nothing else that it may be."""
    is_other = any(name in schema for name in ("type", "anyOf", "enum", "const", "$ref"))
    return schema if is_other or "properties" not in schema else {"type": "object", **schema}


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
