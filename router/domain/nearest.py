"""The nearest right word for a wrong one, worded the same in every message."""

from collections.abc import Iterable
from difflib import get_close_matches

from router.domain.few import few


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the known word that is most like `word`, or the first of all known ones."""
    names = sorted(known)
    if close := get_close_matches(word, names, n=1, cutoff=0.5):
        return f"; did you mean '{close[0]}'?"
    return f"; available: {few(names)}" if names else ""
