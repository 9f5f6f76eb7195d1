"""What a short sentence adds to the question that it repeats: of "The capital of Norway is Oslo", Oslo.

A side of the verb is left out only if all of it was asked already, and the other side was not: "Ann is
older" says nothing new but by its form, and stays as it is. What is denied stays whole, too.
"""

import re

from router.acceptance.finding.asked import Question
from router.acceptance.finding.statements import lowered
from router.acceptance.words.articles import ARTICLES
from router.acceptance.words.cues import NEGATIONS
from router.acceptance.words.verbs import VERBS

_WORD = re.compile(r"[^\W_]++(?:['’.-][^\W_]++)*")
_NOTHING_NEW = frozenset({*ARTICLES, *VERBS, *NEGATIONS})


def beyond_question(text: str, question: Question) -> str:
    """The side of the only verb that the question does not name; "" where the text is not of that form."""
    verbs = [match for match in _WORD.finditer(lowered(text)) if match[0] in VERBS]
    if len(verbs) != 1 or question.asks_several or question.is_about_code:
        return ""
    left, right = text[: verbs[0].start()].strip(), text[verbs[0].end() :].strip()
    asked = frozenset(_WORD.findall(question.text)) - NEGATIONS
    if _is_repeated(left, asked) and _is_new(right, asked):
        return right
    return left if _is_repeated(right, asked) and _is_new(left, asked) else ""


def _is_repeated(side: str, asked: frozenset[str]) -> bool:
    """Whether a side has words that matter, and all of them stand in the question."""
    words = _words(side)
    return not words <= ARTICLES and words - ARTICLES <= asked


def _is_new(side: str, asked: frozenset[str]) -> bool:
    """Whether no word that matters stands in the question: what is chosen from it is no repetition."""
    words = _words(side)
    return not words <= _NOTHING_NEW and not words & NEGATIONS and not (words - ARTICLES) & asked


def _words(side: str) -> frozenset[str]:
    return frozenset(_WORD.findall(lowered(side)))
