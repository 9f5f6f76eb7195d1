"""Do two answers say the same? An estimate that would rather find a difference than overlook one.

It compares words, since nothing else is at hand: the same thing said in quite other words counts as
different. So the share of answers that differ is overestimated, the more so the freer the answers are.
"""

import re

from router.features.reading import Words

_WORD = re.compile(r"\d+(?:[.,:/]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)*")
_VERDICTS = frozenset("yes no ja nein oui non sí si true false correct incorrect".split())
_NEGATIONS = frozenset("not no never none cannot nicht kein pas".split())
_SHORT = 30
"""Words: in an answer this short, a single "not" turns everything round."""
_LEAST_IN_COMMON = 0.6
"""As a share of the words in the answer that has fewer of them."""


def agree(one: str, other: str) -> bool:
    """Whether the two answers say the same, as far as their words show."""
    mine, theirs = _words(one), _words(other)
    if mine == theirs:
        return True
    if not mine or not theirs or _verdict(mine) != _verdict(theirs):
        return False
    shorter, longer = sorted((set(mine), set(theirs)), key=len)
    if _numbers(shorter) - longer or _differ_by_a_negation(mine, theirs):
        return False
    return len(shorter & longer) >= _LEAST_IN_COMMON * len(shorter)


def _words(text: str) -> Words:
    return tuple(_WORD.findall(text.casefold()))


def _verdict(words: Words) -> str:
    return words[0] if words[0] in _VERDICTS else ""


def _numbers(words: set[str]) -> set[str]:
    return {word for word in words if word[0].isdigit()}


def _differ_by_a_negation(one: Words, other: Words) -> bool:
    is_short = min(len(one), len(other)) <= _SHORT
    return is_short and _is_negated(one) != _is_negated(other)


def _is_negated(words: Words) -> bool:
    return any(word in _NEGATIONS or word.endswith("n't") for word in words)
