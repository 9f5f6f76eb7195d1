"""What ships is the same for every server of a run, and is read once: that takes longer than most tests do."""

import os
from collections.abc import Mapping
from functools import cache

import pytest

from router.config.evidence.priors import Priors
from router.config.prices import price_map
from router.features import tokenizer
from router.features.tokenizer import Tokenizer


def keep_what_ships(patch: pytest.MonkeyPatch) -> None:
    """From now on, everything that asks for the tokenizer or the priors, by whatever name, gets the same ones.

    A server makes the tokenizer from a hundred thousand merges, in 160 ms; hundreds run in the tests' own processes.
    """
    ranks, make = cache(price_map.cl100k_ranks), tokenizer.cl100k
    shared = cache(lambda: make(ranks()))

    def cl100k(given: Mapping[bytes, int]) -> Tokenizer:
        return shared() if given is ranks() else make(given)

    patch.setattr(price_map, "cl100k_ranks", ranks)
    patch.setattr(tokenizer, "cl100k", cl100k)
    patch.setattr(Priors, "shipped", staticmethod(cache(Priors.shipped)))
    # Every client of OpenAI's would read all certificates of the world, for servers that have none.
    patch.setenv("SSL_CERT_DIR", os.devnull)
