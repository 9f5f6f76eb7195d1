"""The final answer of a text: what it last states as its answer, as far as rules can tell."""

import re

from router.acceptance.finding.asked import Question
from router.acceptance.finding.cleaning import plain_signs
from router.acceptance.finding.found import SHARP, AnswerKind, Final, Found, NotFound
from router.acceptance.finding.repeated import beyond_question
from router.acceptance.finding.stated import stated
from router.acceptance.finding.statements import (
    LONGEST,
    after_verb,
    concluded,
    cued,
    first_line,
    last_bold,
    last_line,
)
from router.acceptance.finding.values import value_of
from router.acceptance.words.verdicts import OPPOSITES, VERDICTS

_WINDOW = 16_384
"""Characters at the end of a text that are searched, since its final answer stands there."""
_MOST_WORDS = 12
_LONGEST_LINE = 160
"""Characters of a last line whose only number may be the answer; a longer one is a text."""
_NUMBERS = re.compile(r"(?:(?<![\w)])-)?[$€£¥₹]?\d++(?:[.,]\d++)*(?:\s?%|\b)")
_LETTERED = re.compile(r"(?:^|\n)[ \t*_#>-]{0,6}[(\[]?([A-J])[)\].:]")
_ITEM = re.compile(r"[ \t*_]{0,4}(?:[-*•]|[(]?[0-9a-z]{1,2}[.)])[ \t]")
"""What a line of a list begins with."""
_VARIABLE = re.compile(r"(?:^|\n)\W{0,6}([A-Za-z]\w?)\W{0,3}=")
"""The variable whose value a line gives: two variables are two answers."""
_PAUSED = re.compile(r"\W{0,6}\w+[*_]{0,3}[,.:;!]")
"""The beginning of a text whose first word stands by itself: of "No, it is not", and not of "No idea"."""
_LAST_WORD = re.compile(r"(\w+)\W*\Z")
_CONTRADICTIONS = tuple(frozenset(each) for each in OPPOSITES)

_FREE = NotFound("free text has no final answer that a rule can find")
_NO_OPTION = NotFound("no option is named")


def final_of_text(text: str, question: Question) -> Final:
    """What a text comes to; NotFound if it is free text, names no option, or contradicts itself."""
    window = text[-_WINDOW:]
    found = stated(window, question) or _unstated(text, window, question)
    return found or (_NO_OPTION if question.options else _FREE)


def says_more(text: str, question: Question) -> bool:
    """Whether a text states its own final answer, in a box or after a cue."""
    return stated(text[-_WINDOW:], question) is not None


# ------------------------------------------------------------- what nothing names as the answer


def _unstated(text: str, window: str, question: Question) -> Found | None:
    """The answer of a short text, or one on a separate line."""
    if len(text) <= LONGEST and len(text.split()) <= _MOST_WORDS and "\n" not in text:
        return _of_few_words(text, question)
    if question.options:
        return _lettered(window, question)
    if question.asks_several or len(set(_VARIABLE.findall(window[-LONGEST:]))) > 1:
        return None
    return _opening(text, question) or _last_line(last_line(window), question)


def _last_line(line: str, question: Question) -> Found | None:
    """What the last line comes to, unless it may be just the last of several answers."""
    if _ITEM.match(line):
        return None
    own = (line, concluded(line), last_bold(line))
    sharp = (_sharp(each, question) for each in own)
    return next(filter(None, sharp), None) or _asked_for(line, question)


def _of_few_words(text: str, question: Question) -> Found | None:
    """The whole text, or what follows its verb; nothing if there is a cue that could not be read."""
    sharp = _sharp(text, question) or _asked_for(text, question) or _explained(text, question)
    named = sharp or (None if question.asks_several else _sharp(after_verb(text), question))
    if named or any(cued(text)):
        return named
    return value_of(beyond_question(text, question) or text, question)


def _explained(text: str, question: Question) -> Found | None:
    """The yes or no that a few words begin with: "No, it is not". There is none in "No. Well, yes"."""
    is_one = not (question.options or question.asks_several) and _PAUSED.match(text)
    found = _opening(text, question) if is_one else None
    last = _LAST_WORD.search(text)
    ends = {found.value, VERDICTS.get(last[1].lower())} if found and last else set()
    return None if ends in _CONTRADICTIONS else found


def _sharp(statement: str, question: Question) -> Found | None:
    value = value_of(statement, question) if statement else None
    return value if value and value.kind in SHARP else None


def _lettered(window: str, question: Question) -> Found | None:
    """The option that the first or the last line names, if no other letter begins a line."""
    letters = set(_LETTERED.findall(window))
    lines = (last_line(window), last_bold(last_line(window)), first_line(window))
    named = [_sharp(line, question) for line in lines if line]
    found = [each for each in named if each]
    return found[0] if len(letters) <= 1 and len(set(found)) == 1 else None


def _asked_for(line: str, question: Question) -> Found | None:
    """The only number in a line, if the question asks for one; numbers from the question do not count."""
    is_asked = question.wants_quantity and not (question.options or question.asks_several)
    if not is_asked or len(line) > _LONGEST_LINE:
        return None
    plain = plain_signs(line)
    found = list(_NUMBERS.finditer(plain))
    new = [each for each in found if each[0] not in question.numbers] or found
    if len(new) != 1:
        return None
    with_unit = " ".join(plain[new[0].start() :].split(maxsplit=2)[:2])
    value = _sharp(with_unit, question)
    is_known = value is not None and (" " not in value.value or value.value.endswith("%"))
    return value if is_known else _sharp(new[0][0], question)


def _opening(text: str, question: Question) -> Found | None:
    """The yes or no that a text begins with, if the question leaves only these two."""
    if not question.wants_verdict:
        return None
    word = re.match(r"[*_\s]{0,6}([^\W\d_]+)[*_]{0,3}(?=[\s,.:;!—–-]|$)", text[:40])
    value = _sharp(word[1], question) if word else None
    return value if value and value.kind is AnswerKind.VERDICT else None
