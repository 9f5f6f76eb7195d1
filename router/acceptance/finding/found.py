"""What an answer comes to in the end, or why that cannot be told."""

from enum import StrEnum

from msgspec import Struct


class AnswerKind(StrEnum):
    """What a final answer is; only answers of one kind can be the same."""

    CALLS = "calls"
    JSON = "JSON"
    CODE = "code"
    OPTION = "option"
    NUMBER = "number"
    VERDICT = "yes or no"
    TEXT = "short text"


SHARP = frozenset({AnswerKind.NUMBER, AnswerKind.VERDICT, AnswerKind.OPTION})
"""Kinds in which even a small difference is a complete one."""


class Found(Struct, frozen=True):
    """A final answer in its normal form. `unit` is a unit that may also be left out, "" for none."""

    kind: AnswerKind
    value: str
    unit: str = ""


class NotFound(Struct, frozen=True):
    """No final answer can be made out, with the reason as a clause that quotes nothing."""

    why: str


Final = Found | NotFound


def agree(one: Final, other: Final) -> bool:
    """Whether both were found and are the same; a unit that only one of them states is no difference."""
    if not (isinstance(one, Found) and isinstance(other, Found)):
        return False
    if (one.kind, one.value) != (other.kind, other.value):
        return False
    return not (one.unit and other.unit) or one.unit == other.unit
