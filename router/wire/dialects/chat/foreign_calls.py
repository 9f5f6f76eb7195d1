"""Calls that other models have made to tools, adapted to a chat model that accepts only its own.

All chat servers share one form of request, but some have further rules: what the id of a call may look like, and
whether a call has to be signed, or must not be. The model's name shows which rules apply.
"""

import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Self

from msgspec import Struct

from router.wire.dialects.chat.parts import OF_LITELLM, without_thinking
from router.wire.dialects.chat.thoughts import MEMBERS
from router.wire.dialects.shape import JsonObject

_NAMES = r"(?:^|/)(?:ft:)?(?:{})"
"""That of a fine-tuned model begins with its base model's."""
_OPENAIS = re.compile(_NAMES.format(r"gpt-\d|o\d|chatgpt"))
_MISTRALS = re.compile(
    _NAMES.format(r"(?:open-|labs-)?(?:(?:mi|mini|code|dev|magi)stral|(?:mi|pi|vo)xtral)")
)
_GEMINI = re.compile(r"gemini-(\d+)")
_SIGNED_SINCE = 3
"""From this version on, Gemini refuses a call without a signature."""

THOUGHT_IN_PARTS = b'"thinking"'
"""What the bytes of a request contain where a model of Mistral's has thought."""
_THOUGHTS = (*MEMBERS, *OF_LITELLM)
_SIGNATURE = "extra_content"
_SIGNED = b'"extra_content"'
_UNCHECKED = {_SIGNATURE: {"google": {"thought_signature": "skip_thought_signature_validator"}}}
"""What Google accepts as the signature of a call that another model has made
(https://ai.google.dev/gemini-api/docs/thought-signatures)."""


def is_openais(model_name: str) -> bool:
    """Whether the model that a server knows by this name is one of OpenAI's, whoever serves it."""
    return _OPENAIS.search(model_name.lower()) is not None


def is_mistrals(model_name: str) -> bool:
    """Whether it is one of Mistral's."""
    return _MISTRALS.search(model_name.lower()) is not None


IdOf = Callable[[str], str]


def _as_given(call_id: str) -> str:
    return call_id


def _short(call_id: str) -> str:
    """OpenAI accepts 40 characters; vLLM makes 46 (`chatcmpl-tool-` and 32 digits)."""
    return call_id if len(call_id) <= 40 else f"call_{_digest(call_id, 32)}"


def _nine(call_id: str) -> str:
    """Mistral accepts nine letters and digits, "a-z, A-Z, 0-9, with a length of 9"."""
    return call_id if re.fullmatch("[a-zA-Z0-9]{9}", call_id) else _digest(call_id, 9)


def _digest(call_id: str, digits: int) -> str:
    return sha256(call_id.encode("utf-8", "surrogatepass")).hexdigest()[:digits]


_TOO_LONG = re.compile(rb'"tool_call_id"\s*:\s*"[^"]{41}')
_NOT_MISTRALS = re.compile(
    rb'"tool_call_id"\s*:\s*"(?![a-zA-Z0-9]{9}")'
    rb'|"(?:reasoning(?:_content)?|thinking_blocks|provider_specific_fields)"\s*:'
)
"""The id of a result, in bytes, that OpenAI or Mistral would refuse: calls without a result are refused anyway.
Mistral refuses thoughts, too (422, "Extra inputs are not permitted")."""


class Taken(Struct, frozen=True):
    """What a model accepts: which ids of calls, whether it knows signatures and wants them, whether it takes thoughts.

    With `thinks_in_parts` these are parts of its content, which no other model knows. `refused` finds what is
    unacceptable in the bytes of a request: an id, or thoughts.
    """

    id_of: IdOf = _as_given
    refused: re.Pattern[bytes] | None = None
    knows_signatures: bool = False
    wants_signatures: bool = False
    takes_thoughts: bool = True
    thinks_in_parts: bool = False

    @classmethod
    def by(cls, model_name: str) -> Self:
        """What the model that the upstream knows by this name accepts."""
        name = model_name.lower()
        if found := _GEMINI.search(name):
            wants = int(found[1]) >= _SIGNED_SINCE
            return cls(knows_signatures=True, wants_signatures=wants)
        if is_openais(name):
            return cls(_short, _TOO_LONG)
        if is_mistrals(name):
            return cls(_nine, _NOT_MISTRALS, takes_thoughts=False, thinks_in_parts=True)
        return cls(knows_signatures="gemini" in name)

    @classmethod
    def by_litellm(cls, model_name: str) -> Self:
        """What litellm accepts for this model: it sees to ids and signatures itself, but not to thoughts in parts."""
        return cls(knows_signatures=True, thinks_in_parts=is_mistrals(model_name))

    def takes_all_of(self, raw: bytes) -> bool:
        """Whether the bytes of a request already show that nothing has to change."""
        if self.wants_signatures or (not self.knows_signatures and _SIGNED in raw):
            return False
        if not self.thinks_in_parts and THOUGHT_IN_PARTS in raw:
            return False
        return self.refused is None or self.refused.search(raw) is None

    def of(self, body: JsonObject) -> JsonObject:
        """`body` with all calls, and their results, as this model accepts them; itself if they are."""
        told = body.get("messages")
        if not isinstance(told, list):
            return body
        messages = [self._message(each) if isinstance(each, dict) else each for each in told]
        is_same = all(new is old for new, old in zip(messages, told, strict=True))
        return body if is_same else {**body, "messages": messages}

    def _message(self, message: JsonObject) -> JsonObject:
        content = message.get("content")
        is_strange = message.get("role") == "assistant" and not self.thinks_in_parts
        if is_strange and (said := without_thinking(content, list)) is not content:
            message = {**message, "content": said or ""}
        if not self.takes_thoughts and any(name in message for name in _THOUGHTS):
            message = {name: value for name, value in message.items() if name not in _THOUGHTS}
        calls, result = message.get("tool_calls"), message.get("tool_call_id")
        if isinstance(result, str) and self.id_of(result) != result:
            return {**message, "tool_call_id": self.id_of(result)}
        if not isinstance(calls, list) or not all(isinstance(each, dict) for each in calls):
            return message
        taken = [self._call(each, is_first=at == 0) for at, each in enumerate(calls)]
        is_same = all(new is old for new, old in zip(taken, calls, strict=True))
        return message if is_same else {**message, "tool_calls": taken}

    def _call(self, call: dict[str, Any], *, is_first: bool) -> dict[str, Any]:
        given = call.get("id")
        if not self.takes_thoughts and any(name in call for name in OF_LITELLM):
            call = {name: value for name, value in call.items() if name not in OF_LITELLM}
        if isinstance(given, str) and self.id_of(given) != given:
            call = {**call, "id": self.id_of(given)}
        if _SIGNATURE in call and not self.knows_signatures:
            return {name: value for name, value in call.items() if name != _SIGNATURE}
        # Of several calls at once, Gemini signs only the first.
        lacks = self.wants_signatures and is_first and _SIGNATURE not in call
        return {**call, **_UNCHECKED} if lacks else call
