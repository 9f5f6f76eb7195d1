"""Whatever the border lets in is understood: no shape of a request makes this room stumble."""

from typing import Any

import orjson
import pytest
from hypothesis import given

from router.domain.errors import ApiError
from router.domain.features import Features
from router.features.extract import Reader, features_of
from router.features.needs import needs_of
from router.features.tokens import TokenCounter
from router.wire.cached import cache_key
from router.wire.chat import ChatRequest, parse_chat
from tests.wire.requests import FIELDS, accepted_requests, nested, odd_requests, request_with


def accepted(raw: bytes) -> ChatRequest | None:
    try:
        return parse_chat(raw)
    except ApiError:
        return None


def understood(request: ChatRequest, counter: TokenCounter) -> Features:
    """The features, after everything else that reads a request has read it."""
    cache_key(request.body, ("key", ""))
    features = features_of(request.body, Reader(counter))
    assert needs_of(request.body) == features.needs
    return features


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [{}]},
        {"tools": [{"function": None}]},
        {"tools": [{"type": "function", "function": "search"}]},
        {"tools": [{"function": ["search"]}]},
        {"tools": [{"function": {"name": {"a": 1}}}]},
        {"tools": []},
        {"functions": "search"},
        {"functions": ["search", None, {"name": 5}]},
        {"function_call": {"name": ["search"]}},
        {"tool_choice": ["none"]},
        {"response_format": {"type": "json_schema", "json_schema": "any"}},
        {"messages": [{"role": "assistant", "function_call": "x"}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"custom": 5, "function": None}]}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"custom": {"input": ["x"]}}]}]},
        {"modalities": "audio"},
        {"modalities": [["audio"], {}]},
        {"response_format": {}},
        {"response_format": {"type": ["json_object"]}},
        {"messages": [{"role": "assistant", "tool_calls": None}]},
        {"messages": [{"role": "assistant", "tool_calls": 5}]},
        {"messages": [{"role": "assistant", "tool_calls": True}]},
        {"messages": [{"role": "assistant", "tool_calls": {"function": {"arguments": "x"}}}]},
        {"messages": [{"role": "assistant", "tool_calls": ["x", None, {"function": 5}]}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": {}}}]}]},
        {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": ["x"]}]}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
        {"messages": [{"role": "user", "content": []}]},
        {"messages": [{"role": "user"}]},
        {"messages": [{"role": "🦉", "content": "\x00"}]},
        {"max_tokens": 2**63, "n": 2**63},
    ],
)
def test_a_shape_that_nobody_checks_is_understood(
    fields: dict[str, Any], counter: TokenCounter
) -> None:
    usual = {"model": "auto", "messages": [{"role": "user", "content": "Hello!"}]}
    request = parse_chat(orjson.dumps({**usual, **fields}))

    assert understood(request, counter).prompt_tokens > 0


@pytest.mark.parametrize("depth", [200, 254, 255, 256, 500, 900, 1000, 1020])
@pytest.mark.parametrize("field", [*FIELDS, "x"])
def test_depth_that_is_let_in_is_understood(field: str, depth: int, counter: TokenCounter) -> None:
    deep = nested(depth)
    shapes = (
        deep,
        b'{"type": ' + deep + b"}",
        b'[{"function": ' + deep + b"}]",
        b'[{"function": {"name": ' + deep + b', "arguments": ' + deep + b"}}]",
        b'[{"role": "user", "tool_calls": ' + deep + b"}]",
        b'[{"role": "user", "content": [{"type": "text", "text": ' + deep + b"}]}]",
    )
    for shape in shapes:
        if request := accepted(request_with(field, shape)):
            understood(request, counter)


@given(body=accepted_requests())
def test_what_is_right_where_it_is_checked_is_understood(
    body: dict[str, Any], counter: TokenCounter
) -> None:
    request = parse_chat(orjson.dumps(body))
    features = understood(request, counter)

    assert features.choices == request.choices
    assert features.max_output_tokens == request.max_output_tokens


@given(body=odd_requests())
def test_whatever_is_let_in_is_understood(body: dict[str, Any], counter: TokenCounter) -> None:
    if request := accepted(orjson.dumps(body)):
        understood(request, counter)


@pytest.mark.parametrize(
    ("fields", "vary"),
    [
        ({}, True),
        ({"temperature": 0}, False),
        ({"temperature": 0.0}, False),
        ({"temperature": 0.01, "top_p": 0.9, "top_k": 40}, True),
        ({"temperature": None, "top_p": None, "top_k": None, "seed": None}, True),
        ({"top_p": 0}, False),
        ({"top_k": 1}, False),
        ({"top_k": [1]}, True),
        ({"seed": 0}, False),
        ({"seed": 7, "temperature": 1}, False),
    ],
)
def test_a_second_answer_differs_only_where_the_settings_let_it(
    counter: TokenCounter, fields: dict[str, Any], vary: bool
) -> None:
    asked = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **fields}
    request = parse_chat(orjson.dumps(asked))

    assert features_of(request.body, Reader(counter)).answers_vary is vary
