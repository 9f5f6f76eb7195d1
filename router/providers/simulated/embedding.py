"""`/v1/embeddings`: a vector that says which words and pieces of words a text has, and no more.

Texts with the same words are near each other, whatever they mean: like real embeddings, also in failing
when one word makes the difference.
"""

import math
import struct
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    asked, inputs = _parsed(body, models)
    written = _WRITTEN[asked.get("encoding_format") or "float"]
    dimensions = asked.get("dimensions") or DIMENSIONS
    data = [
        {"object": "embedding", "index": index, "embedding": written(_short(given, dimensions))}
        for index, given in enumerate(inputs)
    ]
    count = sum(map(_tokens, inputs))
    usage = {"prompt_tokens": count, "total_tokens": count}
    return orjson.dumps({"object": "list", "data": data, "model": asked["model"], "usage": usage})


def _short(given: str | list[int], dimensions: int) -> list[float]:
    """The vector of an input, cut to `dimensions` and normalised to length 1 again."""
    text = given if isinstance(given, str) else " ".join(map(str, given))
    vector = vector_of(text)[:dimensions]
    length = math.hypot(*vector) or 1.0
    return vector if len(vector) == DIMENSIONS else [number / length for number in vector]


def _base64(vector: list[float]) -> str:
    """The vector in OpenAI's encoding: little-endian 32-bit floats."""
    return b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


_WRITTEN: Mapping[str, Callable[[list[float]], object]] = {"float": list, "base64": _base64}


def _tokens(given: str | list[int]) -> int:
    return tokens.count(given) if isinstance(given, str) else len(given)


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


def _parsed(
    body: bytes, models: frozenset[str]
) -> tuple[dict[str, Any], Sequence[str | list[int]]]:
    try:
        asked: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise invalid(None, "We could not parse the JSON body of your request.") from None
    if not isinstance(asked, dict) or not isinstance(model := asked.get("model"), str):
        raise invalid("model", "you must provide a model parameter")
    if model not in models:
        raise invalid("model", f"The model `{model}` makes no embeddings here.")
    if (asked.get("encoding_format") or "float") not in _WRITTEN:
        raise invalid("encoding_format", "'encoding_format' must be 'float' or 'base64'.")
    dimensions = asked.get("dimensions") or DIMENSIONS
    if type(dimensions) is not int or not 0 < dimensions <= DIMENSIONS:
        raise invalid("dimensions", f"'dimensions' must be a number from 1 to {DIMENSIONS}.")
    return asked, _inputs(asked.get("input"))


def _inputs(given: Any) -> Sequence[str | list[int]]:
    """The inputs, texts or lists of tokens, each of which gets a vector."""
    is_one = isinstance(given, str) or _are_tokens(given)
    inputs: list[Any] = [given] if is_one or not isinstance(given, list) else given
    if 0 < len(inputs) <= _MOST_INPUTS and all(map(_is_input, inputs)):
        return inputs
    raise invalid("input", "'input' must be a text, or a list of texts.")


def _is_input(given: Any) -> bool:
    return _are_tokens(given) or (isinstance(given, str) and bool(given))


def _are_tokens(given: Any) -> bool:
    return isinstance(given, list) and bool(given) and all(type(each) is int for each in given)
