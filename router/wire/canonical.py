"""One spelling for all requests that mean the same, from which the cache key is made.

Clients write one request in many ways: keys in another order, 0 for 0.0, a field at its default or
left out or null. All of these become the same bytes here; anything that could change the answer
becomes other bytes. The form is JSON with sorted keys, in which no text can pass for a boundary.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

import orjson

_MEANS_NOTHING = frozenset(
    {
        "farthing",
        "metadata",
        "model",
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


_AT_ONCE = 256
"""How many messages, parts of one or tools are written in one go; that takes well below a millisecond."""


def canonical(body: Mapping[str, Any]) -> bytes | None:
    """The canonical bytes of `body`, the same for all requests that ask for the same answer.

    None when the request is nested too deeply to be written.
    """
    try:
        return b"".join(canonical_parts(body))
    except (orjson.JSONEncodeError, RecursionError):
        return None


def canonical_parts(body: Mapping[str, Any], at_once: int = _AT_ONCE) -> Iterator[bytes]:
    """The bytes of `canonical`, in several parts if there are more than `at_once` messages, or parts of one, or tools.

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
        messages = []
    lists = chain(wanted.values(), _contents(messages))
    if any(isinstance(value, list) and len(value) > at_once for value in lists):
        yield from _object(wanted, at_once, _messages)
    elif messages:
        yield _written({**wanted, "messages": [_message(each) for each in messages]})
    else:
        yield _written(wanted)


def _contents(messages: list[Any]) -> Iterator[object]:
    return (each.get("content") for each in messages if isinstance(each, dict))


def _is_long(value: object, at_once: int) -> bool:
    return isinstance(value, list) and len(value) > at_once


def _object(
    members: Mapping[str, Any], at_once: int, messages: Callable[[Any, int], Iterator[bytes]]
) -> Iterator[bytes]:
    """The same bytes as if `members` were written at once; those of its member `messages` are made by `messages`."""
    opening = b"{"
    for name in sorted(members):
        yield opening + orjson.dumps(name) + b":"
        opening = b","
        yield from (messages if name == "messages" else _value)(members[name], at_once)
    yield b"}" if members else b"{}"


def _value(value: Any, at_once: int) -> Iterator[bytes]:
    if not _is_long(value, at_once):
        yield _written(value)
        return
    for start in range(0, len(value), at_once):
        yield (b"," if start else b"[") + _written(value[start : start + at_once])[1:-1]
    yield b"]"


def _messages(messages: Any, at_once: int) -> Iterator[bytes]:
    if not isinstance(messages, list):
        yield _written(messages)
        return
    yield b"["
    for start in range(0, len(messages), at_once):
        part = [_message(each) for each in messages[start : start + at_once]]
        yield b"," if start else b""
        if not any(_is_long(content, at_once) for content in _contents(part)):
            yield _written(part)[1:-1]
            continue
        for place, each in enumerate(part):
            yield b"," if place else b""
            yield from (
                _object(each, at_once, _value) if isinstance(each, dict) else (_written(each),)
            )
    yield b"]"


def _written(value: Any) -> bytes:
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
