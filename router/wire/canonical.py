"""One spelling for all requests that mean the same, from which the cache key is made.

Clients write one request in many ways: keys in another order, 0 for 0.0, a field at its default or
left out or null. All of these become the same bytes here; anything that could change the answer
becomes other bytes. The form is JSON with sorted keys, in which no text can pass for a boundary.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

_MEANS_NOTHING = frozenset(
    {
        "farthing",
        "metadata",
        "model",
        "moderation",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "safety_identifier",
        "service_tier",
        "store",
        "stream",
        "stream_options",
        "user",
    }
)
"""How a request is sent, billed, kept or filed: the answer itself is the same. Which model may have
written it is judged elsewhere."""

_DEFAULTS: Mapping[str, Any] = {
    "frequency_penalty": 0,
    "functions": [],
    "logit_bias": {},
    "logprobs": False,
    "modalities": ["text"],
    "n": 1,
    "parallel_tool_calls": True,
    "presence_penalty": 0,
    "response_format": {"type": "text"},
    "stop": [],
    "temperature": 1,
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1,
}
"""The defaults in OpenAI's API reference: stating one of them changes nothing."""

_TOO_LARGE = 2.0**63
"""Integers beyond it cannot be written; a float as large as that has only one spelling anyway."""


_MESSAGES_AT_ONCE = 256
"""How many messages are written in one go; that takes well below a millisecond."""


def canonical(body: Mapping[str, Any]) -> bytes | None:
    """The canonical bytes of `body`, the same for all requests that ask for the same answer.

    None when the request is nested too deeply to be written.
    """
    try:
        return b"".join(canonical_parts(body))
    except (orjson.JSONEncodeError, RecursionError):
        return None


def canonical_parts(body: Mapping[str, Any], at_once: int = _MESSAGES_AT_ONCE) -> Iterator[bytes]:
    """The bytes of `canonical`, in several parts if there are more than `at_once` messages.

    Raises orjson.JSONEncodeError or RecursionError when the request is nested too deeply.
    """
    wanted = {
        name: value
        for name, value in body.items()
        if name not in _MEANS_NOTHING and not _is_default(name, value)
    }
    if isinstance(stop := wanted.get("stop"), str):
        wanted["stop"] = [stop]
    messages = body.get("messages")
    if not isinstance(messages, list):
        yield _written(wanted)
    elif len(messages) <= at_once:
        yield _written({**wanted, "messages": [_message(each) for each in messages]})
    else:
        yield from _around(wanted, messages, at_once)


def _around(wanted: Mapping[str, Any], messages: list[Any], at_once: int) -> Iterator[bytes]:
    """The same bytes as if all was written at once: what sorts before `messages`, these in parts, and the rest."""
    before = _written({name: value for name, value in wanted.items() if name < "messages"})
    behind = _written({name: value for name, value in wanted.items() if name > "messages"})
    yield before[:-1] + (b"," if len(before) > 2 else b"") + b'"messages":['
    for start in range(0, len(messages), at_once):
        part = [_message(each) for each in messages[start : start + at_once]]
        yield (b"," if start else b"") + _written(part)[1:-1]
    yield b"]" + (b"," if len(behind) > 2 else b"") + behind[1:]


def _written(value: dict[str, Any] | list[Any]) -> bytes:
    if _has_whole_float(value):
        value = plain(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _has_whole_float(tree: object) -> bool:
    """Whether any float in `tree` is a whole number: most requests have none, and need no rewriting."""
    waiting = [tree]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
        elif isinstance(each, float) and each.is_integer():
            return True
    return False


def _is_default(name: str, value: object) -> bool:
    if value is None:
        return True
    # True equals 1 in Python, but not in JSON.
    default = _DEFAULTS.get(name)
    return value == default and isinstance(value, bool) == isinstance(default, bool)


def plain(value: Any) -> Any:
    """`value` with whole numbers written as such: 0, 0.0 and -0.0 are one number. Raises RecursionError."""
    match value:
        case float() if value.is_integer() and abs(value) < _TOO_LARGE:
            return int(value)
        case dict():
            return {name: plain(each) for name, each in value.items()}
        case list():
            return [plain(each) for each in value]
        case _:
            return value


def _message(message: Any) -> Any:
    """A message without members that are null: `"name": null` says that there is none."""
    if not isinstance(message, dict):
        return message
    return {name: value for name, value in message.items() if value is not None}
