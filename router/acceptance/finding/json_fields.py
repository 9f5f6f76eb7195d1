"""The final answer among the fields of a JSON object, or all of the object except its reasoning."""

from collections.abc import Mapping
from typing import Any

from router.acceptance.finding.asked import Question
from router.acceptance.finding.found import AnswerKind, Final, Found, NotFound
from router.acceptance.finding.json_value import canonical
from router.acceptance.finding.values import value_of
from router.acceptance.words.fields import ANSWERS, ASIDES

_TOO_DEEP = NotFound("the JSON is nested too deeply")
_NOT_SHORT = NotFound("the answer in the JSON is not short")


def final_of_json(value: Any, question: Question) -> Final:
    """What JSON comes to: its only answer if the rest is reasoning, else everything but the reasoning."""
    rest = _without_asides(value) if isinstance(value, dict) else value
    if isinstance(rest, dict) and len(rest) == 1 and _bare(next(iter(rest))) in ANSWERS:
        return _of_field(next(iter(rest.values())), question)
    return _exact(rest)


def _exact(value: Any) -> Final:
    written = canonical(value)
    return _TOO_DEEP if written is None else Found(AnswerKind.JSON, written)


def _of_field(value: Any, question: Question) -> Final:
    """A field with a short answer counts as if it had been said in words."""
    if isinstance(value, dict | list):
        return _exact(value)
    return value_of("" if value is None else str(value), question) or _NOT_SHORT


def _without_asides(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields that are not reasoning; all of them if there is nothing else."""
    kept = {name: each for name, each in value.items() if _bare(name) not in ASIDES}
    return kept or value


def _bare(name: str) -> str:
    return "".join(name.lower().split()).replace("_", "").replace("-", "")
