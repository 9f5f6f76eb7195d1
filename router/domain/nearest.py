"""The nearest right word for a wrong one, worded the same in every message."""

from collections.abc import Iterable
from difflib import get_close_matches

from router.domain.few import few

_ALL = 40
"""Up to so many are named whole: conditions, categories, the keys of a section. Only models and the like are more."""


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the known word that is most like `word`, or all known ones, of hundreds the first."""
    names = sorted(known)
    if close := get_close_matches(word, names, n=1, cutoff=0.5):
        return f"; did you mean '{close[0]}'?"
    told = ", ".join(names) if len(names) <= _ALL else few(names)
    return f"; available: {told}" if names else ""
