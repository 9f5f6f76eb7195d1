"""Token ids, pairs of neighbouring ones, and runs of bytes, hashed into a fixed number of buckets.

Tables of what was learnt of words are looked up by bucket, so their size does not grow with the
vocabulary: feature hashing, Weinberger et al. 2009, https://arxiv.org/abs/0902.2206.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.uint32]

_OF_ONE, _OF_FIRST, _OF_SECOND = np.uint32(2654435761), np.uint32(2246822519), np.uint32(3266489917)
"""Odd multipliers (Knuth's golden ratio; two primes of xxHash): the product's high bits are well mixed."""
_RUN_BYTES = 4


def buckets_of(tokens: Sequence[int] | Ids, bits: int) -> Ids:
    """The distinct buckets, below 2 ** `bits`, of the tokens and of their neighbouring pairs, ascending."""
    ids = np.asarray(tokens, dtype=np.uint32)
    pairs = ids[:-1] * _OF_FIRST
    pairs ^= ids[1:] * _OF_SECOND
    return _distinct(np.concatenate((ids, pairs)), bits)


def runs_of(text: str, bits: int) -> Ids:
    """The distinct buckets, below 2 ** `bits`, of every four neighbouring bytes of `text` in UTF-8, ascending."""
    written = text.encode("utf-8", "replace")
    runs: Ids = np.ndarray(max(0, len(written) - _RUN_BYTES + 1), "<u4", written, strides=1)
    mixed = runs * _OF_FIRST
    mixed ^= mixed >> np.uint32(15)
    return _distinct(mixed, bits)


def _distinct(mixed: Ids, bits: int) -> Ids:
    """The buckets of these numbers, without repetition: as np.unique, in a third of the time. Overwrites `mixed`."""
    mixed *= _OF_ONE
    mixed >>= np.uint32(32 - bits)
    mixed.sort()
    is_new = np.ones(mixed.size, dtype=np.bool_)
    np.not_equal(mixed[1:], mixed[:-1], out=is_new[1:])
    distinct: Ids = mixed[is_new]
    return distinct
