"""Numbers, dates and amounts: in digits or in words, with their signs and units."""

import re
from collections.abc import Iterator

from router.features.reading import Reading, Words

_BELOW_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_OTHERS = frozenset(
    """
    hundred thousand million billion trillion dozen half halves quarter third pair couple double
    triple single once twice thrice first second fourth fifth sixth seventh eighth ninth tenth last
    """.split()
)
_VALUES = {word: str(value) for value, word in enumerate(_BELOW_TWENTY)} | {
    word: str(value * 10) for value, word in enumerate(_TENS, start=2)
}
_AMOUNT = re.compile(r"[^\w\s.,;:!?()'\"]?\s?\d[\d.,:/]*[^\s.,;:!?()'\"]*(?:\s?[^\W\d_]{1,3}\b)?")


def reads(reading: Reading) -> Words:
    """Every number in order, and every amount as it is written."""
    amounts = (found[0].replace(" ", "").casefold() for found in _AMOUNT.finditer(reading.prose))
    return (*_values(reading.words), "|", *(amount.rstrip(".,:/") for amount in amounts))


def _values(words: Words) -> Iterator[str]:
    for word in words:
        if word in _VALUES:
            yield _VALUES[word]
        elif word in _OTHERS or word[0].isdigit():
            yield word
