"""What a short sentence adds to the question that it repeats: of "The capital of Norway is Oslo", Oslo.

A side of the verb is left out only if all of it is in the question, and nothing of the other side is: in "Ann is
older" no word may be new, so it stays as it is. A negated sentence stays whole, too.
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
    """The side of the only verb that is not in the question; "" if the text does not have that form."""
    verbs = [match for match in _WORD.finditer(lowered(text)) if match[0] in VERBS]
    if len(verbs) != 1 or question.asks_several or question.is_about_code:
        return ""
    left, right = text[: verbs[0].start()].strip(), text[verbs[0].end() :].strip()
    asked = frozenset(_WORD.findall(question.text)) - NEGATIONS
    if _is_repeated(left, asked) and _is_new(right, asked):
        return right
    return left if _is_repeated(right, asked) and _is_new(left, asked) else ""


def _is_repeated(side: str, asked: frozenset[str]) -> bool:
    """Whether a side has words that matter, and all of them are in the question."""
    words = _words(side)
    return not words <= ARTICLES and words - ARTICLES <= asked


def _is_new(side: str, asked: frozenset[str]) -> bool:
    """Whether a side has words that matter, none of them is in the question, and none negates."""
    words = _words(side)
    return not words <= _NOTHING_NEW and not words & NEGATIONS and not (words - ARTICLES) & asked


def _words(side: str) -> frozenset[str]:
    return frozenset(_WORD.findall(lowered(side)))
