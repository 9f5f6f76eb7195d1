"""litellm's answers as the JSON that an OpenAI client expects.

litellm has a name for everything that any provider ever said, and most of these are empty; if
a provider reported no usage, litellm reports zero tokens; and it puts its own idea of the cost
into the usage. None of this is passed on. What a provider itself states of the cost is.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from router.wire.sse import event_of


def plain_body(answer: Mapping[str, Any], *, states_cost: bool = False) -> bytes:
    """A chat completion, from what `ModelResponse.model_dump` gave.

    With `states_cost` a cost that is a number is the provider's own, too.
    """
    said = _said(answer, states_cost=states_cost)
    return orjson.dumps({**said, "choices": list(map(_choice, answer["choices"]))})


def chunk_event(chunk: Mapping[str, Any], *, states_cost: bool = False) -> bytes:
    """One event of a stream, from what `ModelResponseStream.model_dump` gave; b"" for none.

    The chunk with the usage has no choices, as with OpenAI, so that the whole event can be hidden from a
    client that did not ask for usage.
    """
    said = _said(chunk, states_cost=states_cost)
    if "usage" in said:
        return event_of(orjson.dumps({**said, "choices": []}))
    if chunk.get("usage"):
        return b""
    return event_of(orjson.dumps({**said, "choices": list(map(_delta, chunk["choices"]))}))


def _said(answer: Mapping[str, Any], *, states_cost: bool) -> dict[str, Any]:
    """Everything but the choices, and but a usage that nobody reported: no prompt has zero tokens."""
    said: dict[str, Any] = _stripped({k: v for k, v in answer.items() if k != "choices"})
    usage = said.pop("usage", {})
    if usage.get("prompt_tokens"):
        own = usage if states_cost else _without_litellms_cost(usage)
        said["usage"] = _as_billed(own, str(said.get("model")))
    return said


def _without_litellms_cost(usage: Mapping[str, Any]) -> dict[str, Any]:
    """The usage without litellm's idea of its cost, which is a number where Perplexity's own has parts."""
    return {n: v for n, v in usage.items() if n != "cost" or isinstance(v, dict)}


def _as_billed(usage: Mapping[str, Any], model: str) -> dict[str, Any]:
    """The usage with as many searches as are billed."""
    used = dict(usage)
    details = used.get("prompt_tokens_details") or {}
    if details.get("web_search_requests") and _BILLED_BY_PROMPT.match(model):
        used["prompt_tokens_details"] = {**details, "web_search_requests": 1}
    return used


def _choice(choice: Mapping[str, Any]) -> dict[str, Any]:
    stripped: dict[str, Any] = _stripped(choice)
    message = {"content": None, **stripped.pop("message", {})}
    return {"index": 0, "finish_reason": None, **stripped, "message": message}


def _delta(choice: Mapping[str, Any]) -> dict[str, Any]:
    return {"index": 0, "delta": {}, "finish_reason": None, **_stripped(choice)}


def _stripped(value: Any) -> Any:
    """`value` without Nones, and without litellm's own containers if they are empty."""
    match value:
        case dict():
            kept = {k: _stripped(v) for k, v in value.items() if v is not None}
            return {k: v for k, v in kept.items() if v or not _is_own_box(k)}
        case list():
            return [_stripped(item) for item in value]
    return value


def _is_own_box(name: str) -> bool:
    return name in _OWN_BOXES or name.startswith("vertex_ai_")


_BILLED_BY_PROMPT = re.compile(r"gemini-[12]\b")
"""Gemini models that search as often as they like for one fee, unlike later ones (https://ai.google.dev/pricing)."""
_OWN_BOXES = frozenset({"provider_specific_fields", "thinking_blocks", "images"})
