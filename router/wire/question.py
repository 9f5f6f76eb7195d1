"""A digest of what a user has asked, by which the same question is recognised."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import orjson

from router.wire.chat import ChatRequest
from router.wire.native.stored import previous_in

_LONGEST_BYTES = 2**15
"""Of a request: longer conversations are seldom repeated, and cost the most to digest."""


def question_of(request: ChatRequest, *asker: str) -> bytes | None:
    """The digest of this asker's conversation, if it ends with a user's words.

    None for one that ends with anything else, such as a tool's results, for one that is very long, and for one whose
    beginning only its provider knows. Parameters and the model's name are not part of a question; the end user that a
    client names is, and the answer that it names as the previous one.
    """
    if len(request.raw) > _LONGEST_BYTES or request.messages[-1]["role"] != "user":
        return None
    return _digest(request, len(request.messages), asker)


def rejected_question_of(request: ChatRequest, *asker: str) -> bytes | None:
    """The digest of what was asked before, if the user's last words repeat those before the answer.

    None if they say something else: then the conversation just goes on.
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
    original = request.original
    if original is not None:
        if original.body.get("conversation"):  # it grows with every answer, and keeps its name
            return None
        whose += [previous_in(original), original.body.get("prompt")]
    try:
        said = orjson.dumps([whose, request.messages[:count]])
    except orjson.JSONEncodeError:
        return None  # nested more deeply than can be written
    return sha256(said).digest()
