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


@pytest.mark.parametrize("open_object", [{"type": "object"}, _object(additionalProperties=TEXT)])
def test_an_object_that_could_have_no_member_then_is_refused(open_object: dict[str, Any]) -> None:
    with pytest.raises(ApiError, match="members of every object named") as refused:
        accepted({"type": "array", "items": open_object}, "tools")
    assert refused.value.param == "tools"


KNOWN: list[dict[str, Any]] = [
    {"type": ["string", "null"], "description": "A day.", "title": "Day", "format": "date"},
    {"type": "string", "pattern": "^(?:a|b){1,3}[0-9]+$", "default": "a1"},
    {"type": "array", "items": TEXT, "minItems": 1},
    {"enum": ["a", 1, 1.5, True, None]},
    {"anyOf": [TEXT, {"const": 1}], "allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": TEXT}},
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
    schema = {"properties": {"minimum": TEXT, "oneOf": TEXT, "$schema": TEXT}}

    assert accepted(schema, FIELD) == schema


def test_one_of_several_is_any_of_them() -> None:
    assert accepted({"oneOf": [TEXT, _object()]}, FIELD) == {"anyOf": [TEXT, _object(**SHUT)]}
    assert accepted({"oneOf": [TEXT], "anyOf": [TEXT]}, FIELD) == {
        "anyOf": [TEXT],
        "description": '{oneOf: [{"type":"string"}]}',
    }


def test_which_json_schema_it_is_need_not_be_said() -> None:
    assert accepted({"$schema": "https://json-schema.org/draft-07", **TEXT}, FIELD) == TEXT
