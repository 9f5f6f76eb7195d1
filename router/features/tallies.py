"""How many tokens texts had that were counted lately, so that what stays of a conversation is counted once.

An agent's hundredth call brings ninety-nine that were counted before; most requests bring the instructions of
the last one. Numbers are kept, never a text: it is known by its hash, which differs from process to process.
"""

from collections import OrderedDict
from typing import NamedTuple

MOST = 16_384
"""Texts; about 200 bytes each."""


class TokenCount(NamedTuple):
    """A number of tokens, and whether each was counted."""

    tokens: int
    exact: bool


class Tallies:
    """The counts of the last so many texts; the one that was not asked for longest goes first."""

    __slots__ = ("_counts", "_most")

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._counts: OrderedDict[int, TokenCount] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counts)

    def find(self, key: int) -> TokenCount | None:
        """The count of the text with this key, if it is still known."""
        if (found := self._counts.get(key)) is not None:
            self._counts.move_to_end(key)
        return found

    def keep(self, key: int, count: TokenCount) -> None:
        """Remember the count of a text."""
        self._counts[key] = count
        if len(self._counts) > self._most:
            self._counts.popitem(last=False)
