"""Seals on thoughts: how a simulated model seals them, and which ones it refuses.

As with real providers, a seal is valid only for the model that made it and for that very thought, and a
request that contains another one is refused.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from router.providers.simulated.errors import invalid
from router.wire.dialects.dialect import Dialect

JsonObject = Mapping[str, Any]


def seal(model: str, thought: str) -> str:
    """The proof that `model` had the thought."""
    return b64encode(sha256(f"{model}\0{thought}".encode()).digest()).decode()


def check_thoughts(body: JsonObject, dialect: Dialect, model: str) -> None:
    """Raise Refused for a thought in the history that `model` did not have."""
    thoughts = _in_messages(body) if dialect is Dialect.MESSAGES else _in_responses(body)
    for place, thought, proof in thoughts:
        if proof != seal(model, thought):
            raise invalid(place, _WORDS[dialect].format(place=place), _CODES[dialect])


_WORDS: Mapping[Dialect, str] = {
    Dialect.MESSAGES: "{place}: Invalid `signature` in `thinking` block",
    Dialect.RESPONSES: "The encrypted content of {place} could not be verified.",
}
_CODES: Mapping[Dialect, str | None] = {
    Dialect.MESSAGES: None,
    Dialect.RESPONSES: "invalid_encrypted_content",
}


def _in_messages(body: JsonObject) -> Iterator[tuple[str, str, str]]:
    for at, message in enumerate(_objects(body.get("messages"))):
        for index, block in enumerate(_objects(message.get("content"))):
            if block.get("type") == "thinking":
                thought, proof = str(block.get("thinking")), str(block.get("signature"))
                yield f"messages.{at}.content.{index}", thought, proof


def _in_responses(body: JsonObject) -> Iterator[tuple[str, str, str]]:
    for at, item in enumerate(_objects(body.get("input"))):
        if item.get("type") == "reasoning" and item.get("encrypted_content"):
            told = "".join(str(each.get("text")) for each in _objects(item.get("summary")))
            yield f"input[{at}]", told, str(item["encrypted_content"])


def _objects(value: object) -> list[Any]:
    """The items of a list, with an empty object for each that is not one."""
    listed = value if isinstance(value, list) else []
    return [each if isinstance(each, dict) else {} for each in listed]
