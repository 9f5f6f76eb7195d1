"""Token ids and pairs of neighbouring ones, thrown into a fixed number of buckets.

What a table learnt of words is looked up by these numbers, so its size does not grow with the
vocabulary: feature hashing, Weinberger et al. 2009, https://arxiv.org/abs/0902.2206.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_OF_ONE, _OF_FIRST, _OF_SECOND = np.uint32(2654435761), np.uint32(2246822519), np.uint32(3266489917)
"""Odd multipliers (Knuth's golden ratio; two primes of xxHash): the product's high bits are well mixed."""


def buckets_of(tokens: Sequence[int], bits: int) -> NDArray[np.uint32]:
    """The distinct buckets, below 2 ** `bits`, of the tokens and of their neighbouring pairs, ascending."""
    ids = np.asarray(tokens, dtype=np.uint32)
    pairs = ids[:-1] * _OF_FIRST ^ ids[1:] * _OF_SECOND
    mixed = np.concatenate((ids, pairs)) * _OF_ONE
    return np.unique(mixed >> np.uint32(32 - bits))
