"""The words among tokens, and which tokens are one word: but for case and a leading space."""

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


def folds_of(ranks: Mapping[bytes, int]) -> NDArray[np.uint32]:
    """For each token id of a merge table the id of its small form, else its own."""
    folds = np.arange(max(ranks.values()) + 1, dtype=np.uint32)
    for token, rank in ranks.items():
        folds[rank] = _folded(token, ranks)
    return folds


def _folded(token: bytes, ranks: Mapping[bytes, int]) -> int:
    try:
        word = token.decode().strip().lower().encode()
    except UnicodeDecodeError:  # a piece of a character
        return ranks[token]
    if not word:
        return ranks[token]
    return ranks.get(word, ranks.get(b" " + word, ranks[token]))


_WORD = re.compile(rb" ([a-z]{3,12})")
_COMMON = 40_000


def words_of(ranks: Mapping[bytes, int]) -> tuple[str, ...]:
    """Common words in small letters: the tokens that were merged early and stand after a space."""
    found = ((rank, _WORD.fullmatch(token)) for token, rank in ranks.items() if rank < _COMMON)
    return tuple(word[1].decode() for _, word in sorted(found, key=lambda row: row[0]) if word)
