"""Vectors made in this process, from the table of word vectors in the package `wordllama`.

Only two files of the package are read. Its code is not run: importing it sets up logging for the
whole process, and its loader looks for the tokenizer on the network although it is in the package.
"""

import asyncio
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from router.domain.errors import ConfigError, Problem
from router.domain.vector import unit
from router.ports import Embedded

_MISSING = (
    "'local: wordllama' needs packages that are not installed: pip install 'farthing[semantic]'"
)
_OTHER_FILES = "the installed wordllama lacks the files of version 0.4: {}"
_PLACE = "cache.embeddings.local"
_LARGEST_AT_ONCE = 2**12
"""Characters. A question takes a few milliseconds at most, but an answer that a cascade compares may take a second."""


class LocalEmbedder:
    """Implements `router.ports.Embedder`: the mean of the vectors of a text's tokens."""

    name = "wordllama"
    """The name of the package."""

    def __init__(self, table: Any, tokenizer: Any) -> None:
        self._table = table
        self._tokenizer = tokenizer

    async def embed(self, text: str) -> Embedded | None:
        """The vector of `text`, in 30 us for a short one; None for a text without tokens."""
        if len(text) > _LARGEST_AT_ONCE:
            return await asyncio.to_thread(self._embedded, text)
        return self._embedded(text)

    async def close(self) -> None:
        """Nothing to release."""

    def _embedded(self, text: str) -> Embedded | None:
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        if not ids:
            return None
        mean = self._table[ids].mean(axis=0, dtype="float32")
        return Embedded(unit(mean.tolist()))


def load_wordllama() -> LocalEmbedder:
    """The embedder, in about half a second. Raises ConfigError if its packages are not installed."""
    folder = _folder()
    try:
        read, tokenizers = import_module("safetensors.numpy"), import_module("tokenizers")
    except ImportError:
        raise ConfigError((Problem(_PLACE, "", _MISSING),)) from None
    (table,) = read.load_file(_file(folder, "weights/*_256.safetensors")).values()
    path = _file(folder, "tokenizers/*_tokenizer_config.json")
    return LocalEmbedder(table, tokenizers.Tokenizer.from_file(str(path)))


def _folder() -> Path:
    spec = find_spec("wordllama")
    if spec is None or spec.origin is None:
        raise ConfigError((Problem(_PLACE, "", _MISSING),))
    return Path(spec.origin).parent


def _file(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise ConfigError((Problem(_PLACE, "", _OTHER_FILES.format(pattern)),))
    return found[0]
