"""How good an answer is, by a rule: a score from 0 to 1, or None if the rule does not apply."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from msgspec import Struct

from router.domain.errors import FarthingError
from router.wire.chunks import text_in
from router.wire.json_schema import Unchecked, keeps

Body = Mapping[str, Any]

JUDGE = "judge:"
_RULE = "rule:"
_FENCE = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?```\s*", re.DOTALL)
HELP = (
    "exact (equal to the expected answer), contains (contains it as whole words), rule:REGEX (matches),"
    " schema (JSON as the request's response_format requires), judge:MODEL (0 to 10 by a model of the"
    " config)"
)


class ScoringRule(Struct, frozen=True):
    """A rule with its name. `score` takes the request, what was expected ("" for nothing) and the answer."""

    name: str
    score: Callable[[Body, str, str], float | None]
    needs_expected: bool = False


def scorer_of(written: str) -> ScoringRule:
    """The rule in its written form. Raises FarthingError that lists the possible ones."""
    if written.startswith(_RULE):
        return ScoringRule(written, _matches(written.removeprefix(_RULE)))
    if written not in _SCORERS:
        raise FarthingError(f"--score {written}: choose from {HELP}")
    return _SCORERS[written]


def text_of(answer: Body) -> str | None:
    """The text of a chat completion; None if it has nothing that could be scored, such as only tool calls."""
    choices = answer.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else {}
    message = first.get("message") if isinstance(first, dict) else None
    content = message.get("content") if isinstance(message, dict) else None
    return text_in(content) if isinstance(content, str | list) else None


def _exact(_: Body, expected: str, answer: str) -> float | None:
    return float(_plain(answer) == _plain(expected)) if expected else None


def _contains(_: Body, expected: str, answer: str) -> float | None:
    """Whether it contains the expected answer as whole words and numbers: 12 is not in 312, nor in 12.5."""
    if not expected:
        return None
    wanted = re.escape(_plain(expected))
    found = re.search(rf"(?<![\w])(?<!\d[.,]){wanted}(?![\w])(?![.,]\d)", _plain(answer))
    return float(found is not None)


def _matches(pattern: str) -> Callable[[Body, str, str], float | None]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise FarthingError(
            f"--score rule:{pattern}: is not a regular expression: {error}"
        ) from None

    def score(_: Body, __: str, answer: str) -> float | None:
        return float(compiled.search(answer) is not None)

    return score


def _as_schema(request: Body, _: str, answer: str) -> float | None:
    """Whether it conforms; None if the request wants no JSON, or its schema is unusable."""
    wanted = request.get("response_format")
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind not in ("json_object", "json_schema"):
        return None
    named = wanted.get("json_schema") if isinstance(wanted, dict) else None
    schema = {"type": "object"} if kind == "json_object" else (named or {}).get("schema")
    try:
        return float(keeps(_unfenced(answer), schema))
    except orjson.JSONDecodeError:
        return 0.0
    except Unchecked:
        return None


def _unfenced(answer: str) -> str:
    """The content of a code fence, if an answer is nothing else; clients usually accept that."""
    found = _FENCE.fullmatch(answer)
    return found[1] if found else answer


def _plain(text: str) -> str:
    """Lower case, single spaces, no full stop at the end."""
    return " ".join(text.casefold().split()).rstrip(".")


_SCORERS: Mapping[str, ScoringRule] = {
    "exact": ScoringRule("exact", _exact, needs_expected=True),
    "contains": ScoringRule("contains", _contains, needs_expected=True),
    "schema": ScoringRule("schema", _as_schema),
}
