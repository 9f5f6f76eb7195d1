"""Whether a question is a bare sum, which is maths whatever its numbers.

Each number is a word of its own to a classifier of words, and most of them it has never seen.
"""

import re

_LONGEST = 100
_NUMBER = r"[-+√$€£(\s]*\d[\d.,]*(?:\s*%)?[)\s]*"
_OPERATOR = r"(?:[-+*/^×÷·]|\*\*|x|of|plus|minus|times|divided by|mod)"
_LEAD = (
    "what is|what's|whats|how much is|calculate|compute|evaluate|solve|work out|was ist|was sind|wie viel ist|berechne|"
    "combien font|combien fait|calcule|cuánto es|cuanto es|quanto fa|quanto é|calcola|hoeveel is|bereken|ile to jest|"
    "ile to|oblicz|сколько будет|посчитай|vad är|räkna ut|hesapla"
)
_SUM = re.compile(
    rf"(?:(?:{_LEAD})\s*:?\s+)?{_NUMBER}(?:{_OPERATOR}{_NUMBER})+=?[\s?\uff1f.!]*", re.IGNORECASE
)
_DATE_OR_TELEPHONE = re.compile(r"\s*\+?\d+(?:\s*[-/]\s*\d+){2,}\s*")


def is_bare_sum(question: str) -> bool:
    """Whether it is numbers and operators only, but for "what is" or the like; dates and telephone numbers are none."""
    if len(question) > _LONGEST or not _SUM.fullmatch(question):
        return False
    return not _DATE_OR_TELEPHONE.fullmatch(question)
