"""Vectors from a package that carries its own table; without it, an error that says what to do."""

import asyncio
import importlib.util
import logging
import sys

import pytest

from router.domain.errors import ConfigError
from router.domain.vector import cosine
from router.providers.local_embeddings import load_wordllama

INSTALLED = all(map(importlib.util.find_spec, ("wordllama", "safetensors", "numpy")))
needs_wordllama = pytest.mark.skipif(not INSTALLED, reason="farthing[semantic] is not installed")


@needs_wordllama
async def test_what_is_said_in_other_words_is_nearer_than_what_is_something_else() -> None:
    embedder = load_wordllama()
    one, near, far = [
        await embedder.embed(text)
        for text in ("How do I fix a bicycle?", "How can I repair a bike?", "Who wrote Faust?")
    ]

    assert one is not None
    assert near is not None
    assert far is not None
    assert cosine(one.vector, one.vector) == pytest.approx(1)
    assert cosine(one.vector, near.vector) > 0.6 > cosine(one.vector, far.vector)
    assert await embedder.embed("") is None


@needs_wordllama
async def test_others_are_served_while_a_long_answer_is_read() -> None:
    embedder, answer = load_wordllama(), "The harbour is quiet tonight. " * 4_000
    reading = asyncio.create_task(embedder.embed(answer))
    await asyncio.sleep(0)
    assert not reading.done()

    found, short = await reading, await embedder.embed("The harbour is quiet tonight.")
    assert found is not None
    assert short is not None
    assert cosine(found.vector, short.vector) > 0.99


@needs_wordllama
async def test_its_code_is_never_imported_and_logging_stays_as_it_was() -> None:
    before = list(logging.getLogger().handlers)
    load_wordllama()

    assert "wordllama" not in sys.modules
    assert logging.getLogger().handlers == before


@pytest.mark.skipif(INSTALLED, reason="farthing[semantic] is installed")
def test_where_it_is_not_installed_the_error_says_what_to_install() -> None:
    with pytest.raises(ConfigError, match=r"pip install 'farthing\[semantic\]'"):
        load_wordllama()
