"""`POST /v1/embeddings`: the client's bytes in, the upstream's bytes out.

It reads what requests are routed, counted and billed by; `dimensions`, `encoding_format` and anything else
are between client and model.
"""

from typing import Any

import orjson
from msgspec import Struct

from router.domain.errors import ApiError
from router.domain.usage import Usage
from router.wire.answer import MalformedAnswer, PlainAnswer
from router.wire.chat import JsonObject, json_object, require
from router.wire.extension import MEMBER
from router.wire.splice import set_members
from router.wire.usage.terms import stated_cost

_MOST_TOKENS = 10**8
_RIGHT = "a string, a list of strings, a list of token numbers, or a list of such lists"


class EmbeddingsRequest(Struct, frozen=True):
    """A well-formed request: its bytes as they came, how many vectors it wants, and of which text.

    `text` is all texts together, `tokens` the number of tokens in inputs that came as tokens already.
    """

    raw: bytes
    body: JsonObject
    asked: str
    vectors: int
    text: str
    tokens: int


def parse_embeddings(raw: bytes) -> EmbeddingsRequest:
    """The request in `raw`. Raises ApiError 400 that names the field at fault."""
    body = json_object(raw)
    require(body, "model")
    require(body, "input")
    if body.get(MEMBER) is not None:
        raise ApiError.invalid(
            MEMBER, f"Embeddings have no policy to override: leave out '{MEMBER}'."
        )
    asked = body["model"]
    if not isinstance(asked, str) or not asked:
        raise ApiError.invalid("model", "'model' must be the name of an embedding model.")
    vectors, text, tokens = _read(body["input"])
    return EmbeddingsRequest(raw, body, asked, vectors, text, tokens)


def _read(given: Any) -> tuple[int, str, int]:
    """How many vectors are wanted, of which text, and how many tokens came as such."""
    match given:
        case str():
            return 1, given, 0
        case [str(), *_] if all(isinstance(each, str) for each in given):
            return len(given), "\n".join(given), 0
        case [int(), *_] if _are_tokens(given):
            return 1, "", len(given)
        case [list(), *_] if all(isinstance(each, list) and _are_tokens(each) for each in given):
            return len(given), "", sum(map(len, given))
    raise ApiError.invalid("input", f"'input' must be {_RIGHT}; none of them may be empty.")


def _are_tokens(given: list[Any]) -> bool:
    return bool(given) and all(type(each) is int for each in given)


def upstream_bytes(request: EmbeddingsRequest, model_name: str) -> bytes:
    """The client's bytes with the model's name replaced, and nothing else rewritten."""
    if model_name == request.asked:
        return request.raw
    return set_members(request.raw, request.body, {"model": model_name})


def read_vectors(raw: bytes, vectors: int) -> PlainAnswer:
    """What an answer with that many `vectors` says of itself. Raises MalformedAnswer if it is none."""
    try:
        answer = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise MalformedAnswer("the upstream's answer is not JSON") from None
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, list) or len(data) != vectors:
        raise MalformedAnswer(
            f"the upstream's answer does not have the {vectors} vectors asked for"
        )
    used = answer.get("usage")
    return PlainAnswer(
        vectors_usage(used),
        output_chars=0,
        finish_reasons=frozenset(),
        calls_tools=False,
        id=answer.get("id"),
        stated_cost=stated_cost(used),
    )


def vectors_usage(told: object) -> Usage | None:
    """What a usage object says that was used for vectors; None if it does not say, or if that makes no sense."""
    if not isinstance(told, dict):
        return None
    counts = (told.get(name) for name in ("prompt_tokens", "total_tokens"))
    count = next((each for each in counts if type(each) is int), -1)
    return Usage(count) if 0 <= count <= _MOST_TOKENS else None
