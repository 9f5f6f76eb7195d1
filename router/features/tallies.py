"""Token counts of recent texts, so that what stays the same in a conversation is counted once.

An agent's hundredth call repeats ninety-nine that were counted before; most requests repeat the instructions of
the last one. Only numbers are kept, never texts: these are looked up by hash, which differs from process to process.
"""

from typing import NamedTuple

from router.domain.lru_cache import LruCache

Texts = tuple[str, ...]
"""Of a conversation, in its order."""

MOST = 16_384
"""Beginnings of conversations; about 200 bytes each."""
_NEWEST = 8
"""How many texts a call of a conversation may bring that the one before it did not have."""


class TokenCount(NamedTuple):
    """A number of tokens, and whether it is exact."""

    tokens: int
    exact: bool

    def __add__(self, other: "TokenCount") -> "TokenCount":  # type: ignore[override]  # a sum, not a longer tuple
        """Of both together."""
        return TokenCount(self.tokens + other.tokens, self.exact and other.exact)


NOTHING = TokenCount(0, exact=True)


class Tallies:
    """The counts of the last `most` sequences of texts; the least recently used go first."""

    __slots__ = ("_counts",)

    def __init__(self, most: int = MOST) -> None:
        self._counts = LruCache[int, TokenCount](most)

    def __len__(self) -> int:
        return len(self._counts)

    def find(self, texts: Texts) -> TokenCount | None:
        """How many tokens these have together, if that is still known."""
        return self._counts.find(hash(texts))

    def beginning(self, texts: Texts) -> tuple[int, TokenCount]:
        """The longest known beginning that lacks fewer than `_NEWEST` of these texts: its length, and its tokens.

        (0, NOTHING) if there is none.
        """
        for known in range(len(texts), max(0, len(texts) - _NEWEST), -1):
            if found := self.find(texts[:known]):
                return known, found
        return 0, NOTHING

    def keep(self, texts: Texts, count: TokenCount) -> None:
        """Remember the count of these."""
        self._counts.keep(hash(texts), count)
