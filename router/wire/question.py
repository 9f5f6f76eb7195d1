"""A digest of what a user has asked, by which the same question is known again."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import orjson

from router.wire.chat import ChatRequest

_LONGEST_BYTES = 2**15
"""Of a request: longer conversations are seldom asked again, and cost the most to digest."""


def question_of(request: ChatRequest, *asker: str) -> bytes | None:
    """The digest of a conversation that ends with a user's words, of this asker.

    None for one that ends with something else, as when a tool has brought its results, and for one
    that is very long. Parameters and the model's name are not part of a question; the end user whom
    a client names is.
    """
    if len(request.raw) > _LONGEST_BYTES or request.messages[-1]["role"] != "user":
        return None
    return _digest(request, len(request.messages), asker)


def rejected_question_of(request: ChatRequest, *asker: str) -> bytes | None:
    """The digest of what was asked before, where the user's last words repeat those before the answer.

    None where they say something else: then the conversation just goes on.
    """
    if len(request.raw) > _LONGEST_BYTES or not _repeats(request.messages):
        return None
    return _digest(request, len(request.messages) - 2, asker)


def _repeats(messages: list[Mapping[str, Any]]) -> bool:
    if len(messages) < 3 or messages[-1] != messages[-3]:
        return False
    return (messages[-2]["role"], messages[-1]["role"]) == ("assistant", "user")


def _digest(request: ChatRequest, count: int, asker: tuple[str, ...]) -> bytes | None:
    whose = [*asker, request.body.get("user"), request.body.get("safety_identifier")]
    try:
        said = orjson.dumps([whose, request.messages[:count]])
    except orjson.JSONEncodeError:
        return None  # nested more deeply than can be written
    return sha256(said).digest()
