"""Thoughts in chat, which OpenAI does not have.

What many servers agree on is `reasoning_content`, a text (https://api-docs.deepseek.com); for seals and
their origins there is OpenRouter's `reasoning_details`
(https://openrouter.ai/docs/use-cases/reasoning-tokens). Mistral's models think in parts of the content
(https://docs.mistral.ai/capabilities/reasoning).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from router.wire.dialects.chat.parts import thinking_in
from router.wire.dialects.parts import Thinking, ToolCall
from router.wire.dialects.seals import Seal
from router.wire.dialects.shape import JsonObject, objects_in, text_of, written

NATIVE = "chat"
TOLD_ONCE = ("format", "id")
"""Members of a detail that only the first one of its thought has in a stream."""
MEMBERS = ("reasoning_details", "reasoning_content", "reasoning")

_FORMATS: Mapping[str, str] = {
    "messages": "anthropic-claude-v1",
    "responses": "openai-responses-v1",
}
_ORIGINS = {name: origin for origin, name in _FORMATS.items()}


def read_thoughts(message: JsonObject, place: str, origin: str = NATIVE) -> Iterator[Thinking]:
    """The thoughts in a message; those without a seal are attributed to `origin`."""
    if message.get("reasoning_details"):
        for where, detail in objects_in(message["reasoning_details"], f"{place}.reasoning_details"):
            yield read_detail(detail, where, origin)
        return
    text = thought_in(message, place)
    if text:
        yield Thinking(text, Seal(origin))


def thought_in(message: JsonObject, place: str) -> str:
    """The text of a message's thoughts, by either name or among the parts of its content. Raises ApiError 400."""
    named = text_of(message, "reasoning_content", place) or text_of(message, "reasoning", place)
    return named or thinking_in(message.get("content"), f"{place}.content")


def read_detail(detail: JsonObject, place: str, origin: str = NATIVE) -> Thinking:
    """One item of `reasoning_details`. Raises ApiError 400."""
    given = text_of(detail, "format", place)
    whose = _ORIGINS.get(given, given).replace(":", "-") or origin
    item = text_of(detail, "id", place).replace(":", "-")
    if detail.get("type") == "reasoning.encrypted":
        return Thinking("", Seal(whose, text_of(detail, "data", place), item), is_hidden=True)
    text = text_of(detail, "text", place) or text_of(detail, "summary", place)
    return Thinking(text, Seal(whose, text_of(detail, "signature", place), item))


def read_signature(call: JsonObject, origin: str = NATIVE) -> Iterator[Thinking]:
    """The thought behind a call, of which Gemini only gives a signature.

    It comes with the call as `extra_content`, and has to be sent back with it
    (https://ai.google.dev/gemini-api/docs/thought-signatures).
    """
    if call.get("extra_content"):
        value = written(call["extra_content"], "extra_content")
        yield Thinking("", Seal(origin, value, _key(str(call.get("id")))), is_hidden=True)


def _key(given: str) -> str:
    """The id of a call, as the id of the thought behind it."""
    return given.replace(":", "-")


def signed(call: ToolCall, thoughts: list[Thinking]) -> dict[str, Any]:
    """The member of a call that carries its signature, if one of the `thoughts` is behind it."""
    behind = [each for each in thoughts if is_behind(each, call)]
    return {"extra_content": orjson.loads(behind[0].seal.value)} if behind else {}


def is_behind(thought: Thinking, call: ToolCall) -> bool:
    """Whether this is the thought that `call` was signed with."""
    signature = thought.seal.value
    return thought.seal.item_id == _key(call.id) and _is_object(signature)


def _is_object(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False


def written_detail(thought: Thinking, index: int) -> dict[str, Any]:
    """One item of `reasoning_details`."""
    seal = thought.seal
    tail = {"format": _FORMATS.get(seal.origin, seal.origin), "index": index}
    if seal.item_id:
        tail["id"] = seal.item_id
    if thought.is_hidden:
        return {"type": "reasoning.encrypted", "data": seal.value, **tail}
    signature = {"signature": seal.value} if seal.value else {}
    return {"type": "reasoning.text", "text": thought.text, **signature, **tail}


def written_thoughts(thoughts: list[Thinking]) -> dict[str, Any]:
    """The members of a message that carry its thoughts."""
    if not thoughts:
        return {}
    text = "".join(thought.text for thought in thoughts)
    named = {"reasoning_content": text} if text else {}
    if all(thought.seal == Seal(NATIVE) for thought in thoughts):
        return named
    details = [written_detail(thought, index) for index, thought in enumerate(thoughts)]
    return {**named, "reasoning_details": details}
