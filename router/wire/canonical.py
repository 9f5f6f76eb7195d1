"""One spelling for requests that mean the same: what a stored answer is found again by.

Clients write one request in many ways: keys in another order, 0 for 0.0, a field at its default or
left out or null. All of these become the same bytes here; anything that could change the answer
becomes other bytes. The form is JSON with sorted keys, in which no text can pass for a boundary.
"""

import re
from collections.abc import Mapping
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
"""How it is sent, billed, kept or filed: the answer itself is the same. Which model may have written
it is judged apart."""

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
"""By OpenAI's description of the request: to say these is to say nothing."""

_WHOLE_FLOAT = re.compile(rb"[\[:,]-?\d(?:\d*\.0[,\]}]|[\d.]*e)")
"""Where a float that is a whole number may stand (or a text that looks like one): only then is it
worth walking through the whole document in Python."""

_TOO_LARGE = 2.0**63
"""Beyond it JSON's integers cannot be written; a float is then spelt in one way only anyhow."""


def canonical(body: Mapping[str, Any]) -> bytes | None:
    """The bytes that stand for the answer that `body` asks for.

    None when the request is nested too deeply to be written down.
    """
    try:
        wanted = {
            name: value
            for name, value in body.items()
            if name not in _MEANS_NOTHING and not _is_default(name, value)
        }
        if isinstance(stop := wanted.get("stop"), str):
            wanted["stop"] = [stop]
        if isinstance(messages := body.get("messages"), list):
            wanted["messages"] = [_message(each) for each in messages]
        written = orjson.dumps(wanted, option=orjson.OPT_SORT_KEYS)
        if _WHOLE_FLOAT.search(written):
            written = orjson.dumps(plain(wanted), option=orjson.OPT_SORT_KEYS)
        return written
    except (orjson.JSONEncodeError, RecursionError):
        return None


def _is_default(name: str, value: object) -> bool:
    if value is None:
        return True
    # True equals 1 in Python, and is another thing in JSON.
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
