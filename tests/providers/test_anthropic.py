"""Anthropic's API as a direct upstream, against a server that speaks it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from router.domain.fault import FaultKind
from router.domain.usage import Usage
from router.ports import Upstream
from router.wire.answer import EventKind, read_plain
from router.wire.dialects.dialect import Dialect
from router.wire.usage import read_usage
from tests.providers.anthropic_api import CLAUDE, NOW_S, AnthropicApi, reaching
from tests.providers.calls import (
    KEY,
    QUESTION,
    STREAM,
    TOOL,
    call,
    chunks,
    fault_of,
    finish_reasons,
    plain,
    streamed,
)
from tests.providers.litellm_kit import soon
from tests.wire.dialects.descriptions import check

# ------------------------------------------------------------ what is asked


async def test_a_request_is_asked_as_anthropic_wants_it(
    claude: Upstream, api: AnthropicApi
) -> None:
    await plain(claude, call(CLAUDE, temperature=0.5, stop="END", tools=[TOOL]))

    headers, body = api.requests[0]
    assert (headers["x-api-key"], headers["anthropic-version"]) == (KEY, "2023-06-01")
    assert "Authorization" not in headers
    check(Dialect.MESSAGES, "request", body)
    assert (body["model"], body["max_tokens"], body["temperature"]) == (CLAUDE, 4096, 0.5)
    assert body["stop_sequences"] == ["END"]


async def test_the_clients_own_limit_goes_before_the_models(
    claude: Upstream, api: AnthropicApi
) -> None:
    await plain(claude, call(CLAUDE, max_completion_tokens=7))

    assert api.last_body["max_tokens"] == 7


async def test_an_address_may_end_in_v1_or_not(api: AnthropicApi) -> None:
    for base_url in (api.base_url, f"{api.base_url}/", f"{api.base_url}/v1"):
        to = reaching(base_url)
        assert await plain(to, call(CLAUDE))
        await to.close()


async def test_uploaded_files_are_asked_for_by_their_beta_beside_the_operators_own(
    api: AnthropicApi,
) -> None:
    to = reaching(api.base_url, {"anthropic-beta": "context-1m"})
    part = {"type": "file", "file": {"file_id": "file_1"}}
    await plain(to, call(CLAUDE))
    await plain(to, call(CLAUDE, messages=[{"role": "user", "content": [part]}]))
    await to.close()

    betas = [headers["anthropic-beta"] for headers, _ in api.requests]
    assert betas == ["context-1m", "context-1m,files-api-2025-04-14"]


async def test_what_messages_cannot_say_is_told_before_anything_is_sent(
    claude: Upstream, api: AnthropicApi
) -> None:
    fault = await fault_of(claude, call(CLAUDE, presence_penalty=1))

    assert (fault.kind, fault.status, fault.code) == (FaultKind.UNSUITED, 400, "untranslatable")
    assert fault.error is not None
    assert fault.error["param"] == "presence_penalty"
    assert api.requests == []


async def test_a_request_that_is_nested_too_deeply_is_not_sent(
    claude: Upstream, api: AnthropicApi
) -> None:
    deep: dict[str, Any] = {}
    for _ in range(300):
        deep = {"type": "object", "properties": {"a": deep}}
    asked = call(CLAUDE)
    function = {"name": "f", "parameters": deep}
    fields = {**asked.fields, "tools": [{"type": "function", "function": function}]}
    fault = await fault_of(claude, type(asked)(asked.model, b"", fields, stream=False))

    assert (fault.kind, api.requests) == (FaultKind.UNSUITED, [])


# ------------------------------------------------------------ what is answered


async def test_a_plain_answer_is_what_openais_client_expects(claude: Upstream) -> None:
    answer = await plain(claude, call(CLAUDE))

    completion = ChatCompletion.model_validate(answer)
    assert (completion.id, completion.created) == ("chatcmpl-1", NOW_S)
    assert completion.choices[0].message.content == "Hello"
    assert completion.choices[0].finish_reason == "stop"
    assert read_plain(json.dumps(answer).encode()).finish_reasons == {"stop"}


@STREAM
async def test_words_where_json_was_asked_for_are_a_failure_before_anything_is_told(
    claude: Upstream, stream: bool
) -> None:
    asked = call(CLAUDE, stream=stream, response_format={"type": "json_object"})

    fault = await fault_of(claude, asked)

    assert (fault.kind, fault.code) == (FaultKind.UNSUITED, "malformed_answer")
    assert fault.message == "the model was asked for a JSON object, and did not answer with one"
    assert fault.reached_model
    assert fault.usage is not None
    assert (fault.usage.input_tokens, fault.usage.output_tokens) == (60, 5)


async def test_a_stream_is_events_then_usage_then_done(claude: Upstream) -> None:
    events = await streamed(claude, call(CLAUDE, stream=True))

    kinds = [event.kind for event in events]
    assert kinds[-3:] == [EventKind.CONTENT, EventKind.USAGE, EventKind.DONE]
    assert kinds.count(EventKind.USAGE) == 1
    told = chunks(events)
    assert all(ChatCompletionChunk.model_validate(chunk) for chunk in told)
    texts = [each["choices"][0]["delta"].get("content") for each in told if each["choices"]]
    assert "".join(filter(None, texts)) == "Hello"
    assert finish_reasons(events) == {"stop"}


async def test_a_stream_comes_as_it_is_told_and_not_at_its_end(
    claude: Upstream, api: AnthropicApi
) -> None:
    api.hang = True
    response = await claude.send(call(CLAUDE, stream=True))
    told = b""
    async for piece in response.pieces():
        told += piece
        if b"Hel" in told:
            break
    await response.close()

    await soon(api.left)


@STREAM
async def test_every_bucket_of_tokens_is_kept_apart(
    claude: Upstream, api: AnthropicApi, stream: bool
) -> None:
    api.usage = {
        "input_tokens": 10,
        "cache_read_input_tokens": 30,
        "cache_creation_input_tokens": 25,
        "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 5},
        "output_tokens": 5,
        "output_tokens_details": {"thinking_tokens": 2},
        "service_tier": "priority",
    }
    usage = Usage(10, 30, 20, 3, 2, cache_write_1h_tokens=5)
    if stream:
        events = await streamed(claude, call(CLAUDE, stream=True))
        assert [event.usage for event in events if event.usage] == [usage]
        assert {event.service_tier for event in events} >= {"priority"}
    else:
        answer = await plain(claude, call(CLAUDE))
        assert read_usage(answer["usage"]) == usage
        assert answer["service_tier"] == "priority"


@STREAM
async def test_a_tool_call_is_translated_back(
    claude: Upstream, api: AnthropicApi, stream: bool
) -> None:
    api.calls_tool = True
    asked = call(CLAUDE, stream=stream, tools=[TOOL])
    if stream:
        events = await streamed(claude, asked)
        deltas = [each["choices"][0]["delta"] for each in chunks(events) if each["choices"]]
        calls = [part for delta in deltas for part in delta.get("tool_calls", ())]
        arguments = "".join(part["function"]["arguments"] for part in calls)
        reasons = finish_reasons(events)
    else:
        choice = (await plain(claude, asked))["choices"][0]
        calls = choice["message"]["tool_calls"]
        arguments = calls[0]["function"]["arguments"]
        reasons = frozenset({choice["finish_reason"]})

    assert (calls[0]["id"], calls[0]["function"]["name"]) == ("toolu_1", "add")
    assert json.loads(arguments) == {"a": 1}
    assert reasons == {"tool_calls"}


async def test_a_ping_is_heard_as_a_sign_of_life(claude: Upstream, api: AnthropicApi) -> None:
    api.raw = b'event: ping\ndata: {"type": "ping"}\n\n'
    api.goes_on.clear()
    response = await claude.send(call(CLAUDE, stream=True))
    pieces = response.pieces()
    assert b"assistant" in await anext(pieces)
    api.goes_on.set()
    alive = await anext(pieces)
    await response.close()

    assert alive.startswith(b": ")
    assert alive.endswith(b"\n\n")


# ------------------------------------------------------------ thoughts


THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "c2VhbA=="}


async def test_a_thought_goes_back_to_the_model_that_had_it_and_to_no_other(
    claude: Upstream, api: AnthropicApi
) -> None:
    api.content = [THOUGHT, {"type": "text", "text": "Yes"}]
    said = (await plain(claude, call(CLAUDE)))["choices"][0]["message"]
    assert said["reasoning_content"] == "Hm."
    history = [{"role": "user", "content": "?"}, said, {"role": "user", "content": "Sure?"}]
    for name in (CLAUDE, "claude-sonnet-4-6"):
        await plain(claude, call(name, messages=history))

    own, other = (body["messages"][1]["content"] for _, body in api.requests[1:])
    assert own == [THOUGHT, {"type": "text", "text": "Yes"}]
    assert other == "Yes"
    assert [body["messages"][::2] for _, body in api.requests[1:]] == [history[::2]] * 2


async def test_a_thought_that_no_longer_stands_where_it_stood_is_not_to_fail_the_request(
    claude: Upstream, api: AnthropicApi
) -> None:
    api.content = [THOUGHT, {"type": "text", "text": "Yes"}]
    for name, binds in (("claude-opus-4-8", False), ("claude-opus-5-5", True)):
        said = (await plain(claude, call(name)))["choices"][0]["message"]
        await plain(claude, call(name, messages=[said, *QUESTION]))
        headers, body = api.requests[-1]
        assert body["messages"][0]["content"][0] == THOUGHT
        assert (headers.get("anthropic-beta") == "thinking-binding-controls-2026-08-01") is binds
        assert ("thinking" in body) is binds
    binding = {"prefix_mismatch_behavior": "drop_block"}
    assert api.last_body["thinking"] == {"type": "adaptive", "block_binding": binding}


async def test_a_model_that_is_not_to_think_gets_no_thoughts(
    claude: Upstream, api: AnthropicApi
) -> None:
    api.content = [THOUGHT, {"type": "text", "text": "Yes"}]
    said = (await plain(claude, call("claude-haiku-5-5")))["choices"][0]["message"]
    history = [said, *QUESTION]
    await plain(claude, call("claude-haiku-5-5", messages=history, reasoning_effort="none"))

    assert api.last_body["messages"][0]["content"] == "Yes"
    assert api.last_body["thinking"] == {"type": "disabled"}


async def test_a_streamed_thought_has_its_seal_as_well(claude: Upstream, api: AnthropicApi) -> None:
    block = {"type": "thinking", "thinking": "", "signature": ""}
    deltas = [
        {"type": "thinking_delta", "thinking": "Hm."},
        {"type": "signature_delta", "signature": THOUGHT["signature"]},
    ]
    api.events = [
        {"type": "content_block_start", "index": 0, "content_block": block},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {}},
        {"type": "message_stop"},
    ]
    told = chunks(await streamed(claude, call(CLAUDE, stream=True)))

    details = [
        detail
        for each in told
        if each["choices"]
        for detail in each["choices"][0]["delta"].get("reasoning_details", ())
    ]
    assert [each.get("text") for each in details] == ["Hm.", ""]
    assert details[-1]["signature"] == THOUGHT["signature"]
    # Clients join what they are told twice, so whose it is comes once.
    assert [each.get("format") for each in details] == [f"up/{CLAUDE}", None]


# ------------------------------------------------------------ what models refuse

AMID = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello"},
    {"role": "developer", "content": "Speak French."},
]


TOLD = {"type": "adaptive", "display": "summarized"}


@pytest.mark.parametrize(
    ("name", "fields", "sent"),
    [
        ("claude-haiku-4-5-20251001", {"temperature": 0.5}, {"temperature": 0.5}),
        ("claude-opus-4-7", {"temperature": 0.5, "top_p": 0.9}, {"temperature": None}),
        (
            "claude-opus-4-1",
            {"temperature": 0.5, "top_p": 0.9},
            {"temperature": 0.5, "top_p": None},
        ),
        ("claude-sonnet-4-5", {"temperature": None, "top_p": 0.9}, {"top_p": 0.9}),
        (
            "claude-sonnet-4-0",
            {"temperature": 0.5, "top_p": 0.9},
            {"temperature": 0.5, "top_p": 0.9},
        ),
        ("claude-sonnet-4-20250514", {"reasoning_effort": "low"}, {"output_config": None}),
        ("claude-opus-4-6", {"reasoning_effort": "xhigh"}, {"output_config": {"effort": "high"}}),
        ("claude-opus-4-7", {"reasoning_effort": "xhigh"}, {"output_config": {"effort": "xhigh"}}),
        ("claude-opus-4-6", {"reasoning_effort": "low"}, {"thinking": {"type": "adaptive"}}),
        ("claude-opus-4-7", {"reasoning_effort": "low"}, {"thinking": TOLD}),
        ("claude-fable-5", {"reasoning_effort": "low"}, {"thinking": TOLD}),
        ("claude-haiku-4-5", {"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}),
        ("claude-haiku-5-5", {"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}),
        ("claude-opus-5-5", {"reasoning_effort": "none"}, {"output_config": {"effort": "low"}}),
        ("claude-fable-5-1", {"reasoning_effort": "none"}, {"output_config": {"effort": "low"}}),
        ("claude-haiku-5-5", {"tools": [TOOL], "tool_choice": "required"}, {}),
    ],
)
async def test_a_request_is_worded_for_the_model_that_answers(
    claude: Upstream,
    api: AnthropicApi,
    name: str,
    fields: Mapping[str, Any],
    sent: Mapping[str, Any],
) -> None:
    await plain(claude, call(name, **fields))

    check(Dialect.MESSAGES, "request", api.last_body)
    assert {key: api.last_body.get(key) for key in sent} == sent


async def test_models_before_adaptive_thinking_get_a_budget(
    claude: Upstream, api: AnthropicApi
) -> None:
    await plain(claude, call("claude-sonnet-4-5", reasoning_effort="low"))

    assert api.last_body["thinking"] == {"type": "enabled", "budget_tokens": 2048}


@pytest.mark.parametrize(
    ("name", "roles"),
    [("claude-opus-4-7", ["user", "assistant", "user"]), ("claude-opus-4-8", None)],
)
async def test_a_system_amid_the_conversation_is_told_as_the_users_where_none_is_heard(
    claude: Upstream, api: AnthropicApi, name: str, roles: list[str] | None
) -> None:
    await plain(claude, call(name, messages=AMID))

    assert api.last_body["system"] == "Be brief."
    told = [each["role"] for each in api.last_body["messages"]]
    assert told == (roles or ["user", "assistant", "system"])


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "add"}}])
async def test_a_model_that_is_not_to_be_forced_to_call_is_not_asked_to(
    claude: Upstream, api: AnthropicApi, choice: Any
) -> None:
    fault = await fault_of(claude, call("claude-opus-5-5", tools=[TOOL], tool_choice=choice))

    assert (fault.kind, fault.code, api.requests) == (FaultKind.UNSUITED, "untranslatable", [])


async def test_an_answer_that_is_begun_goes_to_models_that_go_on_with_it(
    claude: Upstream, api: AnthropicApi
) -> None:
    begun = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "{"}]

    await plain(claude, call("claude-haiku-4-5", messages=begun))
    fault = await fault_of(claude, call("claude-opus-4-6", messages=begun))

    assert api.last_body["messages"] == begun
    assert (fault.kind, fault.code, len(api.requests)) == (
        FaultKind.UNSUITED,
        "untranslatable",
        1,
    )


@pytest.mark.parametrize("content", ["", " \n", [], None])
async def test_an_answer_that_no_words_begin_is_not_begun(
    claude: Upstream, api: AnthropicApi, content: Any
) -> None:
    asked = {"role": "user", "content": "Hi"}

    await plain(
        claude, call("claude-opus-4-6", messages=[asked, {"role": "assistant", "content": content}])
    )

    assert api.last_body["messages"] == [asked]
