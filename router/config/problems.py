"""Pydantic's complaints in our own words: the place, what is wrong, and what would be right.

Values are never repeated in a message: one of them might be a secret in the wrong place.
"""

import copy
import re
from collections.abc import Iterable
from functools import partial
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from router.config.yaml_file import Place, YamlFile
from router.domain.errors import Problem
from router.domain.nearest import nearest

S = TypeVar("S", bound=BaseModel)


def validated_partly(
    schema: type[S], file: YamlFile
) -> tuple[S | None, tuple[Problem, ...], YamlFile]:
    """The sound part of the file's data, everything that is wrong with the rest, and the file without that.

    Whatever is wrong is left out and the remainder validated again, so that one mistake does not
    hide others. None is returned if something indispensable had to be left out.
    """
    data, found = file.data, dict[Place, Problem]()
    if not isinstance(data, dict):
        return None, (Problem(file.name, "", "must be a mapping of keys to values"),), file
    for _ in range(_MOST_ROUNDS):
        try:
            return schema.model_validate(data), tuple(found.values()), file.without(found)
        except ValidationError as error:
            wrong = sorted(
                error.errors(include_url=False, include_input=False), key=partial(_order, data)
            )
        _tell(wrong, schema, file, found)
        data = _without(data, [_place_of(each, data) for each in wrong])
    return None, tuple(found.values()), file


def _tell(
    wrong: Iterable[ErrorDetails],
    schema: type[BaseModel],
    file: YamlFile,
    found: dict[Place, Problem],
) -> None:
    """Add to `found` what is `wrong`, one problem for each place: what all members of a union say as one."""
    kinds = dict[Place, str]()
    for each in wrong:
        place = _place_of(each, file.data)
        message = _message(each, schema) + _hint(each, place, file.data)
        if place in kinds and _is_kind(each):
            message = f"{kinds[place]}, or {message.removeprefix('must be ')}"
        elif _is_consequence(place, found):
            continue
        if _is_kind(each):
            kinds[place] = message
        found[place] = file.problem(place, message)


_MOST_ROUNDS = 3
_ENTRY_DEPTH = 2
"""`models.x` is left out entirely if something in it is wrong: half a model is of no use."""


def _without(data: dict[str, Any], places: Iterable[Place]) -> dict[str, Any]:
    """A copy of `data` without the entries at `places`."""
    rest = copy.deepcopy(data)
    for place in places:
        _leave_out(rest, place)
    return {
        name: [item for item in value if item is not _LEFT_OUT]
        if isinstance(value, list)
        else value
        for name, value in rest.items()
    }


_LEFT_OUT = object()


def _leave_out(data: Any, place: Place) -> None:
    *way, last = place[:_ENTRY_DEPTH]
    for step in way:
        data = data.get(step) if isinstance(data, dict) else None
    if isinstance(data, dict):
        data.pop(last, None)
    elif isinstance(data, list) and isinstance(last, int) and last < len(data):
        data[last] = _LEFT_OUT


def _is_consequence(place: Place, found: Iterable[Place]) -> bool:
    """Whether something at `place`, or within it, was already wrong: its lack is no second mistake."""
    return any(known[: len(place)] == place for known in found)


def _message(error: ErrorDetails, schema: type[BaseModel]) -> str:
    context, last = error.get("ctx", {}), str(error["loc"][-1])
    match error["type"]:
        case "extra_forbidden":
            return f"unknown key{nearest(last, _keys_beside(error['loc'], schema))}"
        case "missing":
            return "is missing"
        case "union_tag_not_found":
            return f"needs a kind: {context.get('discriminator', '')} is missing"
        case "union_tag_invalid":
            return f"there is no kind '{context.get('tag')}'; available: {context.get('expected_tags')}"
        case "value_error":
            return str(context.get("error"))
        case kind:
            said = error["msg"].replace("Input should", "must").replace("String should", "must")
            return _WORDS[kind].format(**context) if kind in _WORDS else said


def _hint(error: ErrorDetails, place: Place, data: Any) -> str:
    """What somebody who is new to YAML most often meant; "" if nothing suggests itself."""
    if error["type"] in _OF_MAPPINGS and _found_at(place, data) is None:
        return "; it is empty: the lines that belong to it are indented further than it is"
    is_glued = error["type"] == "extra_forbidden" and re.search(r"\w:\w", str(place[-1]))
    return "; a colon needs a space after it" if is_glued else ""


_OF_MAPPINGS = frozenset({"model_type", "dict_type", "model_attributes_type"})
_WORDS = {
    "model_type": "must be a mapping of keys to values",
    "dict_type": "must be a mapping of keys to values",
    "list_type": "must be a list",
    "too_short": "must be a list of {min_length} or more",
    "too_long": "must be a list of at most {max_length}",
    "tuple_type": "must be a list",
    "string_type": "must be text, in quotes if it looks like something else",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "date_type": "must be a date such as 2027-01-31",
    "date_from_datetime_parsing": "must be a date such as 2027-01-31",
    "date_from_datetime_inexact": "must be a date such as 2027-01-31",
    "datetime_type": "must be a date and time such as 2027-01-31T12:00:00Z",
    "timezone_aware": "must be a date and time with its time zone, such as 2027-01-31T12:00:00Z",
    "model_attributes_type": "must be a mapping of keys to values",
    "datetime_from_date_parsing": "must be a date and time such as 2027-01-31T12:00:00Z",
}
"""What would be right, for errors in which pydantic would describe its own internals."""


_KIND = "_type"
"""The suffix of pydantic's errors about values of the wrong kind: text for a number, a number for a mapping."""


def _place_of(error: ErrorDetails, data: Any) -> Place:
    """The place of an error in the file; a value of the wrong kind for a union has no members itself."""
    place = _in_file(error["loc"], data)
    if error["type"].endswith(_KIND) and not _is_in(place, data):
        return place[:-1]
    return place


def _is_in(place: Place, data: Any) -> bool:
    """Whether there is something at `place`, of which at most the last step may be missing."""
    *way, last = place
    holder = _found_at(tuple(way), data)
    return last in holder if isinstance(holder, dict) else isinstance(holder, list)


_KEY = "[key]"


def _is_kind(error: ErrorDetails) -> bool:
    """Whether the value is of the wrong kind, or none of certain words."""
    return error["type"].endswith(_KIND) or error["type"] in ("enum", "literal_error")


def _order(data: Any, error: ErrorDetails) -> tuple[bool, bool]:
    """A sort key: of what is wrong with a union, that says most which found a member to be meant."""
    return (is_member := _is_of_member(error, data)), is_member and _is_kind(error)


def _is_of_member(error: ErrorDetails, data: Any) -> bool:
    """Whether a union member as a whole does not fit: what is wrong within one says more, and comes first."""
    last = error["loc"][-1]
    if _is_label(last):
        return last != _KEY
    return error["type"].endswith(_KIND) and not _is_in(_in_file(error["loc"], data), data)


def _is_label(step: str | int) -> bool:
    """Whether that is pydantic's word for a member or a key, as in `literal['a','b']`; no key of ours has brackets."""
    return isinstance(step, str) and step.endswith("]") and "[" in step


def _found_at(place: Place, data: Any) -> Any:
    for step in place:
        data = data[step]
    return data


def _in_file(location: tuple[str | int, ...], data: Any) -> Place:
    """A pydantic location as a place in the file: without the names of union members and keys."""
    if location and _is_label(location[-1]):
        return _in_file(location[:-1], data)
    place: list[str | int] = []
    for index, step in enumerate(location):
        is_last = index == len(location) - 1
        inside = isinstance(data, dict) and step in data
        if inside or (isinstance(step, int) and isinstance(data, list)):
            data = data[step]
        elif not is_last:
            continue
        place.append(step)
    return tuple(place)


_UNIONS = (Union, UnionType)
"""Both are `X | Y`: from Python 3.14 on always the first, before that where a Literal or Annotated is in it."""


def _keys_beside(location: tuple[str | int, ...], schema: type[BaseModel]) -> list[str]:
    """The keys that would be right instead of the last step of `location`."""
    found: Any = schema
    for step in location[:-1]:
        found = found if _is_label(step) else _step(found, step)
    members = get_args(found) if get_origin(found) in _UNIONS else [found]
    return [key for member in members if _is_model(member) for key in member.model_fields]


def _step(annotation: Any, step: str | int) -> Any:
    """The type one step further into `annotation`; in unions, that of a matching member."""
    if _is_model(annotation):
        field = annotation.model_fields.get(str(step))
        return field.annotation if field else _tagged(annotation, step)
    if get_origin(annotation) is Annotated:
        return _step(get_args(annotation)[0], step)
    if get_origin(annotation) in _UNIONS:
        members = [member for member in get_args(annotation) if member is not type(None)]
        fitting = [member for member in members if _tagged(member, step)]
        return (fitting or [_step(members[0], step)])[0]
    if get_origin(annotation) in (list, tuple):
        return get_args(annotation)[0]
    return get_args(annotation)[-1] if get_origin(annotation) is dict else None


def _tagged(model: Any, tag: str | int) -> Any:
    """`model` itself if it is the union member of kind `tag`."""
    kind = model.model_fields.get("kind") if _is_model(model) else None
    return model if kind and tag in get_args(kind.annotation) else None


def _is_model(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, BaseModel)
