"""A JSON value that satisfies a schema, filled from a question.

It understands what structured answers and tools use: types, const, enum, properties and required,
additionalProperties, items, prefixItems and their counts, bounds and multiples of numbers, lengths
and common formats of strings, anyOf, oneOf, allOf and $ref within the same schema, even to itself.
`not`, `if`, `pattern` and rarer keywords are ignored. Deep inside a schema the shallowest way out is
taken, so that a tree ends.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import count
from typing import Any, TypeAlias

from router.providers.simulated.answering import words
from router.providers.simulated.answering.chance import Chance
from router.providers.simulated.answering.hints import Hints
from router.providers.simulated.answering.schema_numbers import fraction, is_within, number_within
from router.providers.simulated.answering.schema_parts import (
    NESTED,
    Schema,
    is_null,
    kinds,
    merged,
    weight,
    without,
)

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_SHALLOW_FROM = 4
_DEEPEST = 40
_MOST_TRIES = 50
_MOST_STEPS = 20_000
_FORMATS: Mapping[str, str] = {
    "date": "2024-05-17",
    "date-time": "2024-05-17T09:30:00Z",
    "time": "09:30:00Z",
    "duration": "PT15M",
    "email": "someone@example.com",
    "hostname": "www.example.com",
    "ipv4": "192.0.2.7",
    "ipv6": "2001:db8::7",
    "uri": "https://example.com/",
    "uuid": "3f2b8c9e-5d1a-4c7b-9e0f-6a1d2c3b4e5f",
}

_READ_FORMATS: Mapping[str, Callable[[str], list[str]]] = {
    "date": words.dates,
    "email": words.emails,
}


class Unsatisfiable(ValueError):
    """No value was found for the schema; the message says where."""


def fill(schema: Schema | bool, hints: Hints, chance: Chance) -> Json:
    """A value for `schema`. Raises Unsatisfiable if there is none, or none was found."""
    try:
        return _Filler(schema, hints).value(schema, Place("$", "", 0, chance))
    except (TypeError, AttributeError, KeyError) as error:
        # Schemas come from clients, and a keyword may be of any type: that shows only in use.
        raise Unsatisfiable(f"the schema is not well-formed: {error}") from error


class Place:
    """Where in the value we are: its path, the name of its field, its depth and its chance."""

    __slots__ = ("chance", "depth", "is_retry", "name", "path")

    def __init__(self, path: str, name: str, depth: int, chance: Chance) -> None:
        self.path, self.name, self.depth, self.chance = path, name, depth, chance
        self.is_retry = False

    def again(self, attempt: int) -> "Place":
        """The same place, for a different value than the most natural one."""
        place = Place(self.path, self.name, self.depth, self.chance.at("again", attempt))
        place.is_retry = True
        return place

    def inside(self, step: str | int) -> "Place":
        """A place one level down; an item of an array keeps the array's name."""
        name = step if isinstance(step, str) else self.name
        return Place(f"{self.path}.{step}", name, self.depth + 1, self.chance.at(step))

    @property
    def is_deep(self) -> bool:
        """Whether it is time to come to an end."""
        return self.depth >= _SHALLOW_FROM


class _Filler:
    """Fills one schema; uses each text in turn, so that fields differ if they can."""

    def __init__(self, root: Schema | bool, hints: Hints) -> None:
        self._root = root
        self._hints = hints
        self._texts = hints.stream()
        self._numbers = iter(hints.numbers)
        self._steps = 0

    def value(self, schema: Schema | bool, place: Place) -> Json:
        self._steps += 1
        if schema is False or place.depth > _DEEPEST or self._steps > _MOST_STEPS:
            raise Unsatisfiable(f"nothing satisfies the schema at {place.path}")
        schema = self._flat({} if schema is True else schema)
        if "const" in schema:
            constant: Json = schema["const"]
            return constant
        if "enum" in schema:
            return self._one_of(schema["enum"], place)
        if options := [*schema.get("anyOf", ()), *schema.get("oneOf", ())]:
            return self._first(schema, options, place)
        return self._typed(schema, place)

    def _flat(self, schema: Schema) -> Schema:
        """The schema with its references and allOf merged in."""
        for _ in range(_DEEPEST):
            if "$ref" in schema:
                schema = merged(self._referred(schema["$ref"]), without(schema, "$ref"))
            elif "allOf" in schema:
                parts = [self._flat({} if part is True else part) for part in schema["allOf"]]
                schema = without(schema, "allOf")
                for part in parts:
                    schema = merged(part, schema)
            else:
                return schema
        raise Unsatisfiable("the schema refers to itself without an end")

    def _referred(self, reference: str) -> Schema:
        found: Any = self._root
        if not reference.startswith("#"):
            raise Unsatisfiable(f"{reference} is outside the schema")
        for step in reference.lstrip("#").split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
        if not isinstance(found, Mapping):
            raise Unsatisfiable(f"{reference} is not in the schema")
        return found

    def _one_of(self, options: Sequence[Json], place: Place) -> Json:
        if not options:
            raise Unsatisfiable(f"the enum at {place.path} is empty")
        said = self._hints.said([option for option in options if isinstance(option, str)])
        found: Json = said[0] if said and not place.is_retry else place.chance.pick(options, "enum")  # type: ignore[assignment]
        return found

    def _first(self, schema: Schema, options: Sequence[Schema], place: Place) -> Json:
        """The value of the first option that has one; null is tried last, and deep down simple ones first."""
        common = without(schema, "anyOf", "oneOf")
        ordered = sorted(options, key=weight if place.is_deep else is_null)
        failures = []
        for option in ordered:
            try:
                return self.value(merged(option, common), place)
            except Unsatisfiable as failure:
                failures.append(str(failure))
        raise Unsatisfiable("; ".join(failures))

    def _typed(self, schema: Schema, place: Place) -> Json:
        allowed = kinds(schema)
        others = [kind for kind in allowed if kind != "null"]
        if not others or (place.is_deep and "null" in allowed):
            return None
        if place.is_deep:
            others.sort(key=NESTED.__contains__)
        if others[0] not in _MAKERS:
            raise Unsatisfiable(f"{others[0]!r} at {place.path} is no type")
        return _MAKERS[others[0]](self, schema, place)

    def object(self, schema: Schema, place: Place) -> dict[str, Json]:
        properties: Schema = schema.get("properties", {})
        required = list(schema.get("required", ()))
        made: dict[str, Json] = {}
        for name in [*properties, *(name for name in required if name not in properties)]:
            if name in required or (not place.is_deep and place.chance.share(name) < 0.5):
                described = properties.get(name, schema.get("additionalProperties", True))
                made[name] = self.value(described, place.inside(name))
        self._add_others(schema, made, place)
        return made

    def _add_others(self, schema: Schema, made: dict[str, Json], place: Place) -> None:
        """Entries of a mapping: one if the schema names none, and as many as minProperties asks for."""
        others = schema.get("additionalProperties", True)
        is_mapping = isinstance(others, Mapping) and not schema.get("properties")
        wanted = max(schema.get("minProperties", 0), int(is_mapping and not place.is_deep))
        optional = iter([name for name in schema.get("properties", {}) if name not in made])
        for number in count():
            if len(made) >= wanted:
                return
            name = next(optional, None)
            described = schema["properties"][name] if name else others
            name = name or f"{next(self._texts).lower()}{number or ''}"
            made[name] = self.value(described, place.inside(name))

    def array(self, schema: Schema, place: Place) -> list[Json]:
        first: Sequence[Schema] = schema.get("prefixItems", ())
        least = schema.get("minItems", 0)
        wanted = max(least, 0 if place.is_deep else max(2, len(first)))
        made: list[Json] = []
        for index in range(min(wanted, schema.get("maxItems", wanted))):
            described = first[index] if index < len(first) else schema.get("items", True)
            if described is False and index >= least:
                break
            item = self._item(described, schema, made, place.inside(index))
            if item is not _NOTHING:
                made.append(item)
        if len(made) < least:
            raise Unsatisfiable(f"{place.path} needs {least} different items")
        return made

    def _item(
        self, described: Schema | bool, schema: Schema, made: list[Json], place: Place
    ) -> Any:
        """An item, different from the others if they must differ; _NOTHING if none is found."""
        for attempt in range(_MOST_TRIES if schema.get("uniqueItems") else 1):
            item = self.value(described, place.again(attempt) if attempt else place)
            if not schema.get("uniqueItems") or not any(_same(item, other) for other in made):
                return item
        return _NOTHING

    def string(self, schema: Schema, place: Place) -> str:
        if text := self._formatted(schema.get("format"), place):
            return text
        text = self._hints.answer_for(place.name) or next(self._texts)
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        text = text + "".join(" " + text for _ in range(-(-(least - len(text)) // (len(text) + 1))))
        return text if most is None else text[:most]

    def _formatted(self, kind: str | None, place: Place) -> str | None:
        if kind == "uuid":
            digits = place.chance.hex(32, "uuid")
            return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"
        read = _READ_FORMATS.get(kind or "")
        found = read(self._hints.text) if read else []
        return found[0] if found else _FORMATS.get(kind or "")

    def integer(self, schema: Schema, place: Place) -> int:
        step = Fraction(str(schema.get("multipleOf", 1)))
        # A whole number that is a multiple of p/q, in lowest terms, is a multiple of p.
        return int(self._number(schema, place, Fraction(step.numerator)))

    def number(self, schema: Schema, place: Place) -> float | int:
        multiple = schema.get("multipleOf")
        found = self._number(schema, place, Fraction(str(multiple)) if multiple else None)
        return int(found) if found.denominator == 1 else float(found)

    def _number(self, schema: Schema, place: Place, step: Fraction | None) -> Fraction:
        said = self._hints.answer_for(place.name) or next(self._numbers, "")
        found = fraction(said)
        if found is None or not is_within(found, schema, step):
            found = number_within(schema, step, place.chance)
        if found is None:
            raise Unsatisfiable(f"no number at {place.path} is within its bounds")
        return found

    def boolean(self, schema: Schema, place: Place) -> bool:  # noqa: ARG002  as every maker
        return place.chance.share("boolean") < 0.5


_MAKERS: Mapping[str, Callable[[_Filler, Schema, Place], Json]] = {
    "object": _Filler.object,
    "array": _Filler.array,
    "string": _Filler.string,
    "integer": _Filler.integer,
    "number": _Filler.number,
    "boolean": _Filler.boolean,
}
_NOTHING = object()


def _same(first: Json, second: Json) -> bool:
    """Equality as in JSON, where true is not 1."""
    return first == second and isinstance(first, bool) == isinstance(second, bool)
