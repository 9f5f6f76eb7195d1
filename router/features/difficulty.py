"""How hard a request looks, from the form of its last question: a line drawn through real outcomes.

Each sign is a count that was fitted to how many of 58 (ZeroEval) and 17 (MMLU-Pro) models failed on
11,973 questions, by ridge regression (`python -m benchmarks.difficulty` fits and judges it). The result
is weak but honest: over all questions its rank correlation with the failures is 0.44 (by 5-fold
validation), within a set of questions that it was not fitted on 0.22 (the median of 18 sets; one is
below 0). Good for a rule that spares obviously small requests, not for more.
"""

import re
from math import log1p

_CHARS = 2000
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_SYMBOL = re.compile(r"[=<>^\\{}∑∫√±×÷≤≥π]|\*\*")
_SENTENCE = re.compile(r"[.?!;:]\s|\n")

Signs = tuple[float, float, float, float, float]

_AT_NONE = 0.0975
_WEIGHTS: Signs = (0.0515, 0.0313, 0.0344, 0.0784, -0.0301)


def difficulty_of(question: str) -> float:
    """The expected share of models that fail on a question that looks like this one, from 0 to 1."""
    signs = signs_of(question)
    share = _AT_NONE + sum(w * sign for w, sign in zip(_WEIGHTS, signs, strict=True))
    return round(min(1.0, max(0.0, share)), 3)


def signs_of(text: str) -> Signs:
    """The inputs of the regression.

    Logarithms of one plus the numbers of words, numbers, mathematical symbols and sentences; and the mean
    length of a word in characters.
    """
    text = text[:_CHARS]
    words = _WORD.findall(text)
    return (
        log1p(len(words)),
        log1p(len(_NUMBER.findall(text))),
        log1p(len(_SYMBOL.findall(text))),
        log1p(len(_SENTENCE.findall(text))),
        sum(map(len, words)) / len(words) if words else 0.0,
    )
