"""Which schemas Messages are sent for an answer."""

from typing import Any

import pytest

from router.domain.errors import ApiError
from router.wire.dialects.messages.schemas import closed

TEXT = {"type": "string"}
SHUT = {"additionalProperties": False}


def _object(**more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": TEXT}, **more}


def test_all_objects_are_closed_wherever_they_are() -> None:
    places: list[Any] = [
        ("properties", {"default": _object(), "enum": _object()}),
        ("$defs", {"const": _object()}),
        ("items", _object(type=["object", "null"])),
        ("anyOf", [_object(), TEXT]),
    ]

    assert closed(dict(places)) == {
        "properties": {"default": _object(**SHUT), "enum": _object(**SHUT)},
        "$defs": {"const": _object(**SHUT)},
        "items": _object(type=["object", "null"], **SHUT),
        "anyOf": [_object(**SHUT), TEXT],
    }


def test_what_is_closed_or_no_schema_stays_as_it_is() -> None:
    schema = _object(**SHUT, default={"type": "object", "properties": {}}, enum=[_object()])

    assert closed(schema) == schema
    assert closed(_object(additionalProperties=True)) == _object(**SHUT)


@pytest.mark.parametrize("open_object", [{"type": "object"}, _object(additionalProperties=TEXT)])
def test_an_object_that_could_have_no_member_then_is_refused(open_object: dict[str, Any]) -> None:
    with pytest.raises(ApiError, match="members of every object named"):
        closed({"type": "array", "items": open_object})
