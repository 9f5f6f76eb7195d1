"""What a statement comes to: an option, yes or no, a number with its unit, or a short text."""

import re
from collections.abc import Iterator
from fractions import Fraction

from router.acceptance.finding.asked import Question
from router.acceptance.finding.cleaning import cleaned
from router.acceptance.finding.found import AnswerKind, Found, NotFound, agree
from router.acceptance.finding.literals import literal
from router.acceptance.finding.numbers import Unit, number_at, unit_of
from router.acceptance.finding.options import option_in
from router.acceptance.words.articles import ARTICLES
from router.acceptance.words.cues import HEDGES
from router.acceptance.words.verdicts import VERDICTS

_MOST_WORDS = 12
_SHORTEST_NOUN = 3
"""Letters of a noun that may be counted: "is" is no unit."""
_LONGEST = 160
"""Characters: in scripts without spaces, words cannot be counted."""
_PLAIN = re.compile(r"(?!\.)[\w\s.,!?'\"-]*")
"""A text without characters that may carry its meaning, as in C++ and -x."""
_MATHS = re.compile(r"[\w\s.,+\-*/^=<>≤≥≠±()√π∞|]*")
"""A text in which spaces mean nothing, as in x + 1."""
_LOOSE_DASH = re.compile(r"(?<!\w)-|-(?!\w)")
_WORD = re.compile(r"\w++(?:(?:['.-]|(?<=\d),(?=\d))\w++)*")
_EQUALS = re.compile(r"(?<![<>!=:])=(?!=)|[≈≃]")
_SEVERAL = re.compile(r"\d[^=]*,\s|[;\n]|\b(?:or|and|oder|und|ou|et|o|y|e)\b")
"""What stands between several equations, as in x = 3, y = 4."""
_ENDS_A_NUMBER = re.compile(
    r"[ ]?\([^\d()]*\)$|[,;][ ](?:[^\W\d_]+[ ]){2}\D*$"
    r"|,?[ ](?:because|since|as|which|weil|da|porque|car|perché)\b"
)
"""What may follow a number and its unit without being part of them: an aside, a clause, a reason."""
_NO_UNIT = re.compile(r"\s*[-+*/^=<>:±,;(]|.*(?<![\^m])\d", re.DOTALL)
"""A sum, a range, another number; but m2 and m^2 are units."""
_NOTHING = NotFound("no value")


def value_of(statement: str, question: Question) -> Found | None:
    """The final answer in a statement; None if there is none, or one that is too long.

    If there are options, a statement is one of them, a number, or nothing.
    """
    text = cleaned(statement)
    if not text:
        return None
    if question.options:
        return _option(text, question)
    return _bare(text, question)


def _sharp(text: str, question: Question) -> Found | None:
    """The verdict or the number that a clean statement is."""
    if verdict := VERDICTS.get(text.lower()):
        return Found(AnswerKind.VERDICT, verdict)
    return next(filter(None, (_number(each, question) for each in _sides(text))), None)


def _option(text: str, question: Question) -> Found | None:
    """The option that is named by its letter or its text; or a number, which need not be any of the options."""
    letters = option_in(text, question.options)
    if letters:
        return Found(AnswerKind.OPTION, letters)
    mine = _bare(text, question) or _NOTHING
    same = [
        letter
        for letter, option in question.options.items()
        if agree(mine, _bare(cleaned(option), question) or _NOTHING)
    ]
    if len(same) == 1:
        return Found(AnswerKind.OPTION, same[0])
    return mine if isinstance(mine, Found) and mine.kind is AnswerKind.NUMBER else None


def _bare(text: str, question: Question) -> Found | None:
    return _sharp(text, question) or literal(text) or _short(text, question)


# ---------------------------------------------------------------------------------- numbers


def _sides(text: str) -> Iterator[str]:
    """The statement, and what it equals in the end: for "x = 42", 42. Several equations have no such end."""
    yield text
    sides = _EQUALS.split(text)
    if len(sides) > 1 and not _SEVERAL.search(" ".join(sides[:-1])):
        yield sides[-1].strip()


def _number(text: str, question: Question) -> Found | None:
    number = number_at(_without_hedges(text))
    if number is None:
        return None
    rest = _ENDS_A_NUMBER.split(number.rest, maxsplit=1)[0]
    unit = None if _NO_UNIT.match(rest) else unit_of(rest, number.currency)
    return None if unit is None else _found(number.value, unit, question)


def _found(value: Fraction, unit: Unit, question: Question) -> Found:
    value *= unit.scale
    if unit.name == "%" and question.wants_percents:
        return Found(AnswerKind.NUMBER, str(value))
    if unit.is_known and unit.name != "%":
        return Found(AnswerKind.NUMBER, str(value), unit.name)
    counted = unit.name.partition(" ")[0].lower().rstrip("s")
    if not unit.is_known and len(counted) >= _SHORTEST_NOUN and question.mentions(counted):
        return Found(AnswerKind.NUMBER, str(value))  # what was counted, as in "7 continents"
    return Found(AnswerKind.NUMBER, f"{value} {unit.name}".strip())


def _without_hedges(text: str) -> str:
    lower = text.lower()
    hedge = next((each for each in HEDGES if lower.startswith(each)), "")
    rest = text[len(hedge) :]
    return rest.lstrip() if hedge and rest[:1] and not rest[0].isalpha() else text


# ------------------------------------------------------------------------------- short texts


def _short(text: str, question: Question) -> Found | None:
    """A text of few words: in lower case, without articles, and without punctuation unless that may matter."""
    if len(text) > _LONGEST or len(text.split()) > _MOST_WORDS:
        return None
    if question.is_about_code:
        return Found(AnswerKind.TEXT, text)
    folded = " ".join(map(_folded, text.split()))
    if not _PLAIN.fullmatch(folded) or _LOOSE_DASH.search(folded):
        is_maths = _MATHS.fullmatch(folded) is not None
        return Found(AnswerKind.TEXT, folded.replace(" ", "") if is_maths else folded)
    words = _WORD.findall(folded)
    kept = words[1:] if len(words) > 1 and words[0] in ARTICLES else words
    return Found(AnswerKind.TEXT, " ".join(kept)) if kept else None


def _folded(word: str) -> str:
    """A word in lower case, if only its first letter is not: the case of aBc or ABC may matter."""
    return word.casefold() if word[1:].islower() or len(word) == 1 else word
