"""JSON of unknown shape, taken apart; anything malformed is reported with its place."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import orjson

from router.domain.errors import ApiError
from router.wire.chat import shown

JsonObject = Mapping[str, Any]


def an_object(value: object, place: str) -> JsonObject:
    """`value`, an object. Raises ApiError 400."""
    if not isinstance(value, dict):
        raise _misshaped(place, "an object", value)
    return value


def a_text(value: object, place: str) -> str:
    """`value`, a string. Raises ApiError 400."""
    if not isinstance(value, str):
        raise _misshaped(place, "a string", value)
    return value


def text_of(holder: JsonObject, name: str, place: str) -> str:
    """A member that is a string; "" if it is missing or null. Raises ApiError 400."""
    value = holder.get(name)
    return "" if value is None else a_text(value, f"{place}.{name}" if place else name)


def written(value: object, place: str) -> str:
    """`value` as JSON. Raises ApiError 400 if it is nested too deeply to be written."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        message = f"'{place}' is nested too deeply."
        raise ApiError(400, message, code="invalid_value", param=place) from None


def objects_in(value: object, place: str) -> Iterator[tuple[str, JsonObject]]:
    """Each object of a list, with its place; nothing for null. Raises ApiError 400."""
    if value is None:
        return
    if not isinstance(value, list):
        raise _misshaped(place, "an array", value)
    for index, item in enumerate(value):
        where = f"{place}[{index}]"
        yield where, an_object(item, where)


def number_of(holder: JsonObject, name: str) -> float | None:
    """A member that is a number, or None if it is missing or null. Raises ApiError 400."""
    value = holder.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _misshaped(name, "a number", value)
    return value


def count_of(holder: JsonObject, name: str, place: str = "") -> int | None:
    """A member that is a whole number >= 0, or None if it is missing or null. Raises ApiError 400."""
    value = holder.get(name)
    if value is None:
        return None
    if type(value) is not int or value < 0:
        raise _misshaped(f"{place}{name}", "a whole number >= 0", value)
    return value


def time_of(holder: JsonObject, name: str) -> int | None:
    """A member that is a Unix time, in whole seconds; None if it is anything else: nothing depends on it."""
    value = holder.get(name)
    return int(value) if isinstance(value, int | float) and 0 <= value < _LATEST_S else None


_LATEST_S = 2**53
"""Larger numbers are no times, and not all of them could be written."""


def flag_of(holder: JsonObject, name: str, place: str = "") -> bool | None:
    """A member that is true or false, or None if it is missing or null. Raises ApiError 400."""
    value = holder.get(name)
    if value is not None and not isinstance(value, bool):
        raise _misshaped(f"{place}{name}", "true or false", value)
    return value


def only(holder: JsonObject, names: Collection[str], place: str) -> None:
    """Refuse an object with other members than `names`: what they mean would be lost.

    Raises ApiError 400.
    """
    for name, value in holder.items():
        if value is not None and name not in names:
            raise unsaid(f"{place}.{name}", "leave it out, or use a model that speaks your API")


def known(holder: JsonObject, names: Collection[str]) -> JsonObject:
    """`holder` without other members than `names`: what an upstream says besides is no reason to refuse its answer."""
    return {name: value for name, value in holder.items() if name in names}


def unsaid(place: str, remedy: str) -> ApiError:
    """400: the API of the model that would answer cannot express what is at `place`."""
    return ApiError(
        400,
        f"'{place}' cannot be translated for the model that would answer: {remedy}.",
        code="untranslatable",
        param=place,
    )


def plain(**members: Any) -> dict[str, Any]:
    """An object with those members that are neither None nor empty."""
    return {
        name: value
        for name, value in members.items()
        if value is not None and value not in ("", ())
    }


def _misshaped(place: str, expected: str, value: object) -> ApiError:
    return ApiError.invalid(place, f"'{place}' must be {expected}, not {shown(value)}.")
