"""Which schemas Messages are sent for an answer."""

from copy import deepcopy
from typing import Any

import pytest

from router.domain.errors import ApiError
from router.wire.dialects.messages.schemas import accepted

TEXT = {"type": "string"}
SHUT = {"additionalProperties": False}


FIELD = "response_format"


def _object(**more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": TEXT}, **more}


def test_all_objects_are_closed_wherever_they_are() -> None:
    places: list[Any] = [
        ("properties", {"default": _object(), "enum": _object()}),
        ("$defs", {"const": _object()}),
        ("items", _object(type=["object", "null"])),
        ("anyOf", [_object(), TEXT]),
    ]

    assert accepted(dict(places), FIELD) == {
        "properties": {"default": _object(**SHUT), "enum": _object(**SHUT)},
        "$defs": {"const": _object(**SHUT)},
        "items": _object(type=["object", "null"], **SHUT),
        "anyOf": [_object(**SHUT), TEXT],
    }


def test_what_is_closed_or_no_schema_stays_as_it_is() -> None:
    schema = _object(**SHUT, default={"type": "object", "properties": {}}, const=_object())

    assert accepted(schema, FIELD) == schema
    assert accepted(_object(additionalProperties=True), FIELD) == _object(**SHUT)


@pytest.mark.parametrize(
    "open_object",
    [
        {"type": "object"},
        {"type": "object", "properties": {}},
        {"type": "object", "additionalProperties": True, "properties": {}},
        {"type": "object", "additionalProperties": False, "patternProperties": {"^a": TEXT}},
        _object(additionalProperties=TEXT),
    ],
)
def test_an_object_that_could_have_no_member_then_is_refused(open_object: dict[str, Any]) -> None:
    said = r"members are all named in 'properties' \(at '#/items' of 'f'\)"
    with pytest.raises(ApiError, match=said) as refused:
        accepted({"type": "array", "items": open_object}, "tools", "f")
    assert refused.value.param == "tools"


def test_an_object_without_members_may_be_meant() -> None:
    assert accepted({"type": "object", **SHUT}, FIELD) == {"type": "object", **SHUT}
    assert accepted({"properties": {"a": TEXT}}, FIELD) == {**_object(), **SHUT}


KNOWN: list[dict[str, Any]] = [
    {"type": ["string", "null"], "description": "A day.", "title": "Day", "format": "date"},
    {"type": "string", "pattern": "^(?:a|b){1,3}[0-9]+$", "default": "a1"},
    {"type": "array", "items": TEXT, "minItems": 1},
    {"enum": ["a", 1, 1.5, True, None]},
    {"anyOf": [TEXT, {"$ref": "#/$defs/a"}], "$defs": {"a": {"const": 1}}},
    {
        "properties": {"a": {"$ref": "#/definitions/b~1c%20"}},
        "definitions": {"b/c ": TEXT},
        "type": "object",
        **SHUT,
    },
]


@pytest.mark.parametrize("schema", KNOWN)
def test_what_messages_know_stays_as_it_is(schema: dict[str, Any]) -> None:
    assert accepted(schema, FIELD) == schema


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"minimum": 1, "exclusiveMaximum": 9.5}, "{minimum: 1, exclusiveMaximum: 9.5}"),
        ({"minLength": 1, "maxLength": 3}, "{minLength: 1, maxLength: 3}"),
        ({"minItems": 2, "uniqueItems": True}, "{minItems: 2, uniqueItems: true}"),
        ({"pattern": "^(?!x)"}, '{pattern: "^(?!x)"}'),
        ({"pattern": r"\bx"}, r'{pattern: "\\bx"}'),
        ({"format": "int32"}, '{format: "int32"}'),
        ({"enum": [{"a": 1}]}, '{enum: [{"a":1}]}'),
        ({"not": {"type": "null"}}, '{not: {"type":"null"}}'),
        ({"a_word_of_tomorrow": None}, "{a_word_of_tomorrow: null}"),
    ],
)
def test_what_messages_do_not_know_is_said_in_words(limits: dict[str, Any], words: str) -> None:
    plain, described = {"type": "string", **limits}, {"description": "Say it.", **limits}
    before = deepcopy(described)

    assert accepted(plain, FIELD) == {"type": "string", "description": words}
    assert accepted({"items": described}, FIELD) == {
        "items": {"description": f"Say it.\n\n{words}"}
    }
    assert described == before  # the answer is held to all of it


def test_names_of_members_may_be_any_words() -> None:
    named = {"minimum": TEXT, "oneOf": TEXT, "$schema": TEXT}
    schema = {**_object(properties=named), **SHUT}

    assert accepted(schema, FIELD) == schema


def test_one_of_several_is_any_of_them() -> None:
    assert accepted({"oneOf": [TEXT, _object()]}, FIELD) == {"anyOf": [TEXT, _object(**SHUT)]}
    assert accepted({"oneOf": [TEXT], "anyOf": [TEXT]}, FIELD) == {
        "anyOf": [TEXT],
        "description": '{oneOf: [{"type":"string"}]}',
    }


def test_what_may_be_null_or_one_of_several_has_no_type_beside_its_values() -> None:
    colour = {"type": ["string", "null"], "enum": ["red", "blue", None]}

    assert accepted({"items": colour}, FIELD) == {"items": {"enum": ["red", "blue", None]}}
    assert accepted({"type": "string", "enum": ["red"]}, FIELD) == {
        "type": "string",
        "enum": ["red"],
    }


def test_which_json_schema_it_is_need_not_be_said() -> None:
    assert accepted({"$schema": "https://json-schema.org/draft-07", **TEXT}, FIELD) == TEXT


# ------------------------------------------------------------------------------- references


NODE = _object(properties={"next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}})
LOOPS: list[dict[str, Any]] = [
    _object(properties={"child": {"$ref": "#"}}),
    {"$ref": "#/$defs/node", "$defs": {"node": NODE}},
    _object(properties={"a": {"type": "array", "items": {"$ref": "#/properties/a"}}}),
    {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
    {"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}},
]


@pytest.mark.parametrize("schema", LOOPS)
def test_a_schema_that_contains_itself_is_refused_with_the_place_of_the_reference(
    schema: dict[str, Any],
) -> None:
    with pytest.raises(
        ApiError, match=r"contains itself: there is a '\$ref' to it \(at '#"
    ) as refused:
        accepted(schema, FIELD)
    assert (refused.value.param, refused.value.code) == (FIELD, "untranslatable")


@pytest.mark.parametrize(
    "ref",
    ["http://a/b", "other.json", "#anchor", "#/$defs/none", "#/components/schemas/a", "#/oneOf/0"],
)
def test_a_reference_to_what_messages_are_not_told_is_refused(ref: str) -> None:
    schema = {
        "components": {"schemas": {"a": TEXT}},
        "oneOf": [TEXT],
        "$defs": {},
        "items": {"$ref": ref},
    }
    with pytest.raises(ApiError, match=r"only a '\$ref' to definitions .* \(at '#/items'\)"):
        accepted(schema, FIELD)


def test_one_definition_may_be_referred_to_often() -> None:
    places = {name: {"$ref": "#/$defs/a"} for name in "abc"}
    schema = {**_object(properties=places), **SHUT, "$defs": {"a": {**_object(), **SHUT}}}

    assert accepted(schema, FIELD) == schema


def test_names_of_members_are_no_references() -> None:
    schema = {**_object(properties={"$ref": TEXT, "allOf": TEXT}), **SHUT}

    assert accepted(schema, FIELD) == schema


# ------------------------------------------------------------------------ all of several schemas


def test_all_of_several_objects_is_one_object_with_all_their_members() -> None:
    base = _object(required=["a"], description="A base.")
    schema = {
        "allOf": [{"$ref": "#/$defs/base"}, _object(properties={"b": TEXT}, required=["b", "a"])],
        "description": "Both.",
        "$defs": {"base": base},
    }

    assert accepted(schema, FIELD) == {
        "type": "object",
        "properties": {"a": TEXT, "b": TEXT},
        "required": ["a", "b"],
        "description": "Both.",
        "$defs": {"base": {**base, **SHUT}},
        **SHUT,
    }


def test_all_of_one_reference_is_what_it_refers_to() -> None:
    place = {"allOf": [{"$ref": "#/$defs/colour"}], "title": "Its colour"}
    colour = {"enum": ["red", "blue"], "title": "Colour"}

    told = accepted({"items": place, "$defs": {"colour": colour}}, FIELD)

    assert told["items"] == {"enum": ["red", "blue"], "title": "Its colour"}


def test_what_both_say_of_one_member_is_demanded_together() -> None:
    first = _object(properties={"a": {"type": "array", "items": _object()}})
    other = _object(properties={"a": {"items": _object(properties={"b": TEXT})}}, **SHUT)

    told = accepted({"allOf": [first, other]}, FIELD)

    members = {"a": TEXT, "b": TEXT}
    inner = {"type": "object", "properties": members, **SHUT}
    assert told == {
        "type": "object",
        "properties": {"a": {"type": "array", "items": inner}},
        **SHUT,
    }


def test_limits_that_cannot_be_told_at_once_become_words() -> None:
    schema = {"allOf": [{"type": "string", "pattern": "^a"}, {"pattern": "b$"}]}

    assert accepted(schema, FIELD) == {
        "type": "string",
        "pattern": "^a",
        "description": '{allOf: [{"pattern":"b$"}]}',
    }


def test_all_of_what_excludes_each_other_is_refused() -> None:
    with pytest.raises(ApiError, match=r"differ in 'type' \(at '#/items/allOf/1'\)"):
        accepted({"items": {"allOf": [TEXT, _object()]}}, FIELD)


@pytest.mark.parametrize("in_members", [False, True])
def test_definitions_that_unfold_without_bounds_are_refused_soon(in_members: bool) -> None:
    demand = _in_two_members if in_members else _twice
    refs = [{"$ref": f"#/$defs/d{depth}"} for depth in range(60)]
    defs = {f"d{depth}": demand(refs[depth - 1]) for depth in range(1, 60)}

    with pytest.raises(ApiError, match="as large as this one"):
        accepted({"allOf": [refs[-1]], "$defs": {"d0": _object(), **defs}}, FIELD)


def _twice(ref: Any) -> dict[str, Any]:
    return {"allOf": [ref, ref]}


def _in_two_members(ref: Any) -> dict[str, Any]:
    return _object(properties={"a": {"allOf": [ref]}, "b": {"allOf": [ref]}})
