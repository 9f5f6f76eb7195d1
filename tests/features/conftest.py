"""One real tokenizer for this room: building it takes a good part of a second."""

import pytest

from router.config.prices.price_map import cl100k_ranks
from router.features.tokenizer import Tokenizer, cl100k
from router.features.tokens import TokenCounter


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return cl100k(cl100k_ranks())


@pytest.fixture(scope="session")
def counter(tokenizer: Tokenizer) -> TokenCounter:
    return TokenCounter(tokenizer)
