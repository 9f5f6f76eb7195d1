"""The members of a frozen value, be it a msgspec struct or a dataclass.

What is made for every request is a struct, since making one takes a tenth of the time (docs/adr/0035-structs.md).
"""

import dataclasses
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import NODEFAULT, Struct, structs

__all__ = ["NO_DEFAULT", "is_value", "members_of", "replace"]

NO_DEFAULT = object()
"""The default of a member that has to be stated."""

if TYPE_CHECKING:
    from dataclasses import replace  # noqa: TID251 - by this one mypy knows the members of both
else:

    def replace(value, /, **changes):
        """The same value with other members, which are checked as those of a new one are."""
        other = structs.replace if isinstance(value, Struct) else dataclasses.replace  # noqa: TID251 - here is where
        return other(value, **changes)


def is_value(candidate: object) -> bool:
    """Whether `members_of` can be asked about its type."""
    return isinstance(candidate, Struct) or dataclasses.is_dataclass(candidate)


@cache
def members_of(kind: Any) -> tuple[tuple[str, object], ...]:
    """The names of the members of a type, in their order, and their defaults; `NO_DEFAULT` if there is none."""
    if issubclass(kind, Struct):
        return tuple((each.name, _default(each, NODEFAULT)) for each in structs.fields(kind))
    return tuple(
        (each.name, _default(each, dataclasses.MISSING)) for each in dataclasses.fields(kind)
    )


def _default(member: Any, missing: object) -> object:
    if member.default_factory is not missing:
        return member.default_factory()
    return NO_DEFAULT if member.default is missing else member.default
