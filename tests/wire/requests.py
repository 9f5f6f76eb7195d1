"""Chat requests as no client should send them: any field of any type, nested to any depth."""

from typing import Any

import orjson
from hypothesis import strategies as st

from tests.wire.documents import TREES

USUAL: dict[str, Any] = {"model": "auto", "messages": [{"role": "user", "content": "Hello!"}]}

FIELDS = (
    "model messages stream stream_options n max_tokens max_completion_tokens temperature top_p tools"
    " functions response_format metadata logprobs modalities tool_choice stop user seed audio"
).split()

_COUNTS = st.none() | st.integers(1, 9) | st.integers(1, 2**63)
_ROLES = st.sampled_from(["user", "system", "assistant", "tool", "developer", "🦉"])
_KINDS = st.sampled_from(["text", "image_url", "input_image", "input_audio", "file", "refusal"])


@st.composite
def _objects(
    draw: st.DrawFn,
    checked: dict[str, st.SearchStrategy[Any]],
    unchecked: dict[str, st.SearchStrategy[Any]],
) -> dict[str, Any]:
    """An object with everything that is checked, and some that is not, each in any shape or the usual one."""
    optional = {name: draw(st.sampled_from([usual, TREES])) for name, usual in unchecked.items()}
    return draw(st.fixed_dictionaries(checked, optional=optional))


_FUNCTIONS = _objects({}, {"name": st.sampled_from(["search", "bash"]), "arguments": st.text()})
_CALLS = _objects({}, {"id": st.text(), "function": _FUNCTIONS})
_PARTS = _objects({"type": _KINDS}, {"text": st.text(), "image_url": TREES})
_CONTENTS = st.none() | st.text() | st.lists(_PARTS, max_size=3)
_CALL_LISTS = st.lists(_CALLS | TREES, max_size=2)
_MESSAGES = _objects({"role": _ROLES, "content": _CONTENTS}, {"tool_calls": _CALL_LISTS})

_CHECKED: dict[str, st.SearchStrategy[Any]] = {
    "model": st.sampled_from(["auto", "auto:cheap", "gpt-6"]),
    "messages": st.lists(_MESSAGES, min_size=1, max_size=3),
}
_CHECKED_IF_THERE: dict[str, st.SearchStrategy[Any]] = {
    "stream": st.none() | st.booleans(),
    "stream_options": st.sampled_from([None, {}, {"include_usage": True}, {"include_usage": "x"}]),
    "n": _COUNTS,
    "max_tokens": _COUNTS,
    "max_completion_tokens": _COUNTS,
    "temperature": st.none() | st.floats(0, 2),
    "tools": st.none() | st.lists(_CALLS, max_size=2),
    "response_format": _objects({}, {"type": st.sampled_from(["json_schema", "json_object"])}),
    "logprobs": st.none() | st.booleans(),
}
_UNCHECKED = {
    "functions": st.lists(TREES, max_size=2),
    "modalities": st.lists(st.just("audio") | TREES, max_size=2),
    "seed": st.integers(-(2**63), 2**64 - 1),
}


@st.composite
def accepted_requests(draw: st.DrawFn) -> dict[str, Any]:
    """A request that is right in all that is checked, and odd wherever nobody looks."""
    there = draw(st.fixed_dictionaries({}, optional=_CHECKED_IF_THERE))
    return {**draw(_objects(_CHECKED, _UNCHECKED)), **there}


@st.composite
def odd_requests(draw: st.DrawFn) -> dict[str, Any]:
    """A request with a few fields of any shape at all."""
    odd = draw(st.dictionaries(st.sampled_from(FIELDS), TREES, min_size=1, max_size=3))
    return {**draw(accepted_requests()), **odd}


def nested(depth: int) -> bytes:
    """An array in an array in ..., written without building it."""
    return b"[" * depth + b"]" * depth


def request_with(field: str, value: bytes) -> bytes:
    """A usual request with one more field, whose value is given as written."""
    return orjson.dumps(USUAL)[:-1] + b',"' + field.encode() + b'":' + value + b"}"
