"""The words among tokens."""

import re
from collections.abc import Mapping

_WORD = re.compile(rb" ([a-z]{3,12})")
_COMMON = 40_000


def words_of(ranks: Mapping[bytes, int]) -> tuple[str, ...]:
    """Common words in small letters: the tokens that were merged early and stand after a space."""
    found = ((rank, _WORD.fullmatch(token)) for token, rank in ranks.items() if rank < _COMMON)
    return tuple(word[1].decode() for _, word in sorted(found, key=lambda row: row[0]) if word)
