"""What a text itself states as its answer: in boxes, between tags, and after cues like "the answer is"."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from router.acceptance.finding.asked import Question
from router.acceptance.finding.found import SHARP, AnswerKind, Final, Found, NotFound, agree
from router.acceptance.finding.statements import (
    Statement,
    boxed,
    cued,
    last_bold,
    lowered,
    tagged,
)
from router.acceptance.finding.values import value_of
from router.acceptance.words.cues import CORRECTIONS, VACUOUS

_BEGINNING = 60
_END = 400
"""Characters at a long text's end: words that follow a cue elsewhere may be about something else."""

_TWO_BOXES = NotFound("two different answers are boxed")
_TWO_CLAIMS = NotFound("two different answers are named")


class _Named(NamedTuple):
    statement: Statement
    value: Found


def stated(window: str, question: Question) -> Final | None:
    """What is stated last; NotFound if it contradicts what was stated before, None if nothing is stated."""
    boxes = boxed(window)
    if len({value_of(box.text, question) or box.text for box in boxes}) > 1:
        return _TWO_BOXES
    statements = [*boxes, *tagged(window), *cued(window)]
    latest_first = sorted(statements, key=lambda each: each.at, reverse=True)
    named = list(_named(latest_first, window, question))
    if not named:
        return None
    return _TWO_CLAIMS if _contradicts(named, window) else named[0].value


def _named(statements: Sequence[Statement], window: str, question: Question) -> Iterator[_Named]:
    for statement in statements:
        value = _valued(statement.text, question)
        if value and (statement.is_marked or _may_be_meant(statement, value, window)):
            yield _Named(statement, value)


def _valued(statement: str, question: Question) -> Found | None:
    """The value of a statement, or of its bold beginning, as in "**Paris**, the capital"."""
    boxes = boxed(statement)
    if boxes:
        return value_of(boxes[-1].text, question)
    bold = last_bold(statement) if statement.startswith("**") else ""
    return value_of(statement, question) or (value_of(bold, question) if bold else None)


def _may_be_meant(statement: Statement, value: Found, window: str) -> bool:
    """Whether words after a cue are the answer, rather than said in passing, or a remark about the answer."""
    if value.kind is not AnswerKind.TEXT:
        return True
    is_near = statement.at <= _BEGINNING or len(window) - statement.at <= _END
    return is_near and value.value.lower() not in VACUOUS


def _contradicts(named: Sequence[_Named], window: str) -> bool:
    """Whether the last claim differs from an earlier one that was not taken back."""
    last = named[0]
    others = [each for each in named[1:] if each.statement.is_claim and each.value.kind in SHARP]
    return last.statement.is_claim and any(
        not agree(last.value, other.value) and not _is_taken_back(other, last, window)
        for other in others
    )


def _is_taken_back(one: _Named, later: _Named, window: str) -> bool:
    between = lowered(window[one.statement.at : later.statement.at])
    return any(word in between for word in CORRECTIONS)
