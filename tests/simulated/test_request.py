"""Requests that OpenAI's API would refuse are refused, with the field named; others are read."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.providers.simulated import RunningSimulator
from router.providers.simulated.errors import Refused
from router.providers.simulated.request import ToolChoice, parse

GOOD: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
TOOL = {"type": "function", "function": {"name": "f"}}


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"model": None}, "model"),
        ({"model": 5}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "Hello"}, "messages"),
        ({"messages": [5]}, "messages[0]"),
        ({"messages": [{}]}, "messages[0].role"),
        ({"messages": [{"role": "king", "content": ""}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [5]}]}, "messages[0].content[0].type"),
        (
            {"messages": [{"role": "user", "content": [{"type": "x"}]}]},
            "messages[0].content[0].type",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "messages[0].content[0].text",
        ),
        ({"messages": [{"role": "assistant", "tool_calls": 5}]}, "messages[0].tool_calls"),
        ({"n": 0}, "n"),
        ({"n": 129}, "n"),
        ({"n": 1.5}, "n"),
        ({"n": True}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": "5"}, "max_completion_tokens"),
        ({"stop": 5}, "stop"),
        ({"stop": ["a", 5]}, "stop"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": []}, "stream_options"),
        ({"logprobs": 1}, "logprobs"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"tools": {}}, "tools"),
        ({"tools": [5]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tools": [TOOL], "tool_choice": "perhaps"}, "tool_choice"),
        ({"tools": [TOOL], "tool_choice": {"type": "function"}}, "tool_choice"),
        (
            {
                "tools": [TOOL],
                "tool_choice": {
                    "type": "allowed_tools",
                    "allowed_tools": {"mode": "none", "tools": []},
                },
            },
            "tool_choice.allowed_tools.mode",
        ),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"metadata": {"simulate": 5}}, "metadata.simulate"),
        ({"seed": "x"}, "seed"),
    ],
)
def test_what_is_wrong_is_a_400_that_names_the_field(change: dict[str, Any], param: str) -> None:
    with pytest.raises(Refused) as raised:
        parse(json.dumps({**GOOD, **change}).encode())
    assert raised.value.refusal.status == 400
    assert raised.value.refusal.param == param


def test_tools_that_are_nested_too_deeply_to_be_counted_are_a_400() -> None:
    nested = '{"items":' * 300 + "{}" + "}" * 300
    tool = f'{{"type": "function", "function": {{"name": "f", "parameters": {nested}}}}}'
    with pytest.raises(Refused) as raised:
        parse(f'{json.dumps(GOOD)[:-1]}, "tools": [{tool}]}}'.encode())
    assert (raised.value.refusal.status, raised.value.refusal.param) == (400, "tools")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"\xff", b"[" * 5000])
def test_what_is_no_json_object_is_a_400(body: bytes) -> None:
    with pytest.raises(Refused) as raised:
        parse(body)
    assert raised.value.refusal.status == 400


def test_unknown_fields_and_nulls_are_passed_over() -> None:
    extra = {"n": None, "stop": None, "tools": None, "stream": None, "new_field": {"a": 1}}
    assert parse(json.dumps({**GOOD, **extra}).encode()) == parse(json.dumps(GOOD).encode())


def test_choices_of_tools_are_read() -> None:
    def choice(value: Any) -> ToolChoice:
        body = {**GOOD, "tools": [TOOL, {"type": "custom", "custom": {}}], "tool_choice": value}
        return parse(json.dumps(body).encode()).tool_choice

    assert choice("none") == ToolChoice("none")
    assert choice(None) == ToolChoice("auto")
    assert choice({"type": "function", "function": {"name": "f"}}) == ToolChoice("required", "f")
    only = {"mode": "required", "tools": [{"type": "function", "function": {"name": "f"}}]}
    allowed = choice({"type": "allowed_tools", "allowed_tools": only})
    assert allowed == ToolChoice("required", allowed=frozenset({"f"}))


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=5)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(["type", "role", "content", "text", "function", "name"]), inner
            ),
        ),
        max_leaves=8,
    ),
    st.sampled_from(
        ["messages", "tools", "stop", "tool_choice", "response_format", "metadata", "n"]
    ),
)
def test_any_value_in_any_field_is_read_or_refused(value: Any, field: str) -> None:
    with suppress(Refused):
        parse(json.dumps({**GOOD, field: value}).encode())


@pytest.mark.parametrize(
    "change",
    [
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "g"}}},
        {
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "x"}}}],
            "tool_choice": "required",
        },
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "n", "schema": {"enum": []}},
            }
        },
    ],
)
async def test_the_impossible_is_refused(upstream: RunningSimulator, change: Any) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{upstream.base_url}/chat/completions", json={**GOOD, **change, "model": "sim-mid"}
        ) as answer,
    ):
        assert answer.status == 400
        assert (await answer.json())["error"]["type"] == "invalid_request_error"
    assert upstream.counters["sim-mid"].refused == 1


async def test_a_stream_over_http_1_0_is_refused_and_a_plain_answer_is_not(
    upstream: RunningSimulator,
) -> None:
    host, port = upstream.url.removeprefix("http://").split(":")
    for stream, status in ((True, b"400"), (False, b"200")):
        reader, writer = await asyncio.open_connection(host, int(port))
        body = json.dumps({**GOOD, "model": "sim-mid", "stream": stream}).encode()
        head = f"POST /v1/chat/completions HTTP/1.0\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        assert (await reader.read()).split(b" ", 2)[1] == status
        writer.close()


async def test_health_is_told(upstream: RunningSimulator) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{upstream.url}/healthz") as answer,
    ):
        assert answer.status == 200
