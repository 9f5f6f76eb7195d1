"""Token ids and pairs of neighbouring ones, hashed into a fixed number of buckets.

Tables of what was learnt of words are looked up by bucket, so their size does not grow with the
vocabulary: feature hashing, Weinberger et al. 2009, https://arxiv.org/abs/0902.2206.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.uint32]

_OF_ONE, _OF_FIRST, _OF_SECOND = np.uint32(2654435761), np.uint32(2246822519), np.uint32(3266489917)
"""Odd multipliers (Knuth's golden ratio; two primes of xxHash): the product's high bits are well mixed."""


_FIRST = np.ones(1, dtype=np.bool_)


def buckets_of(tokens: Sequence[int] | Ids, bits: int) -> Ids:
    """The distinct buckets, below 2 ** `bits`, of the tokens and of their neighbouring pairs, ascending."""
    ids = np.asarray(tokens, dtype=np.uint32)
    pairs = ids[:-1] * _OF_FIRST ^ ids[1:] * _OF_SECOND
    mixed: Ids = np.concatenate((ids, pairs)) * _OF_ONE >> np.uint32(32 - bits)
    mixed.sort()
    # The same as np.unique, in a third of the time.
    distinct: Ids = mixed[np.concatenate((_FIRST[: mixed.size], mixed[1:] != mixed[:-1]))]
    return distinct
