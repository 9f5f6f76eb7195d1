"""Lists in messages, of which nobody reads hundreds."""

from collections.abc import Iterable
from itertools import islice

MOST = 8


def few(words: Iterable[str], between: str = ", ") -> str:
    """`a, b and 480 more`: the first eight of the words, and how many others there are."""
    rest = iter(words)
    shown = list(islice(rest, MOST))
    more = sum(1 for _ in rest)
    return between.join(shown) + (f" and {more} more" if more else "")
