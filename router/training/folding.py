"""Which tokens are one word: the same letters, but for case and a leading space."""

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
