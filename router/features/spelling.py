"""Words as they are compared: short forms written out, British spelling as American."""

import re
from collections.abc import Iterator, Mapping

_SHORT_FORMS: Mapping[str, str] = {
    "can't": "can not",
    "cannot": "can not",
    "shan't": "shall not",
    "won't": "will not",
    "let's": "let us",
    "i'm": "i am",
}
_ENDINGS: Mapping[str, str] = {
    "n't": " not",
    "'re": " are",
    "'ve": " have",
    "'ll": " will",
    "'d": " would",
}
_BEFORE_IS = frozenset("what who where when why how that there here it he she".split())
"""After any other word, 's is a possessive."""

_AMERICAN: Mapping[str, str] = {
    "aluminium": "aluminum",
    "analogue": "analog",
    "calibre": "caliber",
    "catalogue": "catalog",
    "centre": "center",
    "defence": "defense",
    "dialogue": "dialog",
    "fibre": "fiber",
    "grey": "gray",
    "licence": "license",
    "litre": "liter",
    "metre": "meter",
    "offence": "offense",
    "practise": "practice",
    "theatre": "theater",
}
_OUR = re.compile(r"(?<=\w{3})our(?=(?:s|ed|ful|able|ite|ites)?\Z)")
_ISE = re.compile(r"(?<=\w{3})(i|y)s(?=(?:e|es|ed|er|ers|ing|ation|ations)\Z)")
_SHORTEST_IN_OUR = 6
"""Shorter ones are other words: four, hour, tour."""


def spelt(word: str) -> Iterator[str]:
    """`word`, in lower case, as the words that it stands for."""
    for part in _written_out(word).split():
        yield _american(part)


def _written_out(word: str) -> str:
    if whole := _SHORT_FORMS.get(word):
        return whole
    stem, mark, ending = word.partition("'")
    if mark and ending == "s" and stem in _BEFORE_IS:
        return f"{stem} is"
    for short, long in _ENDINGS.items():
        if word.endswith(short):
            return word.removesuffix(short) + long
    return word


def _american(word: str) -> str:
    if known := _AMERICAN.get(word):
        return known
    if len(word) >= _SHORTEST_IN_OUR:
        word = _OUR.sub("or", word)
    return _ISE.sub(r"\1z", word)
