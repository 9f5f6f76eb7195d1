"""`/v1/embeddings`: a vector that says which words and pieces of words a text has, and no more.

Texts with the same words are near each other, whatever they mean: as good as embeddings, and as bad,
where one word makes the difference.
"""

import math
from collections.abc import Iterator
from typing import Any
from zlib import crc32

import orjson

from router.providers.simulated import tokens
from router.providers.simulated.errors import invalid

DIMENSIONS = 256
_MOST_INPUTS = 2048
_LENGTHS = (3, 4, 5)


def embeddings(body: bytes, models: frozenset[str]) -> bytes:
    """The answer to the request in `body`. Raises Refused for one that OpenAI would refuse."""
    model, texts = _parsed(body, models)
    data = [
        {"object": "embedding", "index": index, "embedding": vector_of(text)}
        for index, text in enumerate(texts)
    ]
    count = sum(map(tokens.count, texts))
    usage = {"prompt_tokens": count, "total_tokens": count}
    return orjson.dumps({"object": "list", "data": data, "model": model, "usage": usage})


def vector_of(text: str) -> list[float]:
    """The vector of `text`, of length 1; the same in every run."""
    vector = [0.0] * DIMENSIONS
    for piece in _pieces(text):
        mark = crc32(piece.encode())
        vector[mark % DIMENSIONS] += 1.0 if mark & DIMENSIONS else -1.0
    length = math.hypot(*vector)
    if not length:
        return [1.0] + [0.0] * (DIMENSIONS - 1)
    return [number / length for number in vector]


def _pieces(text: str) -> Iterator[str]:
    written = f" {' '.join(text.casefold().split())} "
    for length in _LENGTHS:
        for start in range(len(written) - length + 1):
            yield written[start : start + length]


def _parsed(body: bytes, models: frozenset[str]) -> tuple[str, list[str]]:
    try:
        asked: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise invalid(None, "We could not parse the JSON body of your request.") from None
    if not isinstance(asked, dict) or not isinstance(model := asked.get("model"), str):
        raise invalid("model", "you must provide a model parameter")
    if model not in models:
        raise invalid("model", f"The model `{model}` makes no embeddings here.")
    given = asked.get("input")
    texts: list[Any] = given if isinstance(given, list) else [given]
    if not 0 < len(texts) <= _MOST_INPUTS or not all(isinstance(t, str) and t for t in texts):
        raise invalid("input", "'input' must be a text, or a list of texts.")
    return model, texts
