"""litellm against a real server that speaks Anthropic's dialect, and what may be fetched for it."""

import asyncio
import contextlib
import gc
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from openai.types.chat import ChatCompletion

from router.domain.fault import FaultKind
from router.domain.usage import Usage
from router.providers.litellm_upstream import LitellmUpstream
from router.wire.answer import EventKind
from router.wire.dialects.only_json import IN_WORDS
from router.wire.usage import read_usage
from tests.providers.anthropic_api import AnthropicApi, anthropic_api, serving
from tests.providers.calls import whole
from tests.providers.litellm_kit import (
    KEY,
    TOOL,
    call,
    fault_of,
    finish_reasons,
    payload,
    plain,
    pydantics_own,
    soon,
    streamed,
    upstream,
)

pytestmark = pydantics_own

CLAUDE = "claude-sonnet-4-20250514"
STREAM = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])


@pytest.fixture
async def api() -> AsyncIterator[AnthropicApi]:
    async with anthropic_api() as made:
        yield made


@pytest.fixture
async def claude(api: AnthropicApi) -> AsyncIterator[LitellmUpstream]:
    async with upstream("anthropic", api.base_url) as made:
        yield made


async def test_a_conversation_is_translated(claude: LitellmUpstream, api: AnthropicApi) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is 1 + 1?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "t1",
                    "type": "function",
                    "function": {"name": "add", "arguments": '{"a":1}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "t1", "content": "2"},
    ]
    fields: dict[str, Any] = {
        "tools": [TOOL],
        "max_completion_tokens": 77,
        "temperature": 0.5,
        "stop": "END",
    }
    answer = await plain(claude, call(CLAUDE, messages=messages, **fields))

    ChatCompletion.model_validate(answer)
    headers, sent = api.requests[0]
    assert headers["x-api-key"] == KEY
    assert (sent["model"], sent["max_tokens"], sent["temperature"]) == (CLAUDE, 77, 0.5)
    assert sent["system"][0]["text"] == "Be brief."
    assert [message["role"] for message in sent["messages"]] == ["user", "assistant", "user"]
    assert sent["messages"][2]["content"][0]["type"] == "tool_result"
    assert sent["tools"][0]["name"] == "add"
    assert sent["stop_sequences"] == ["END"]
    assert answer["choices"][0]["message"]["content"] == "Hello"


ANY_JSON: dict[str, Any] = {"response_format": {"type": "json_object"}}


async def test_json_of_any_shape_which_litellm_forgets_is_asked_for_in_words(
    claude: LitellmUpstream, api: AnthropicApi
) -> None:
    api.content = [{"type": "text", "text": 'Here:\n```json\n{"a": "}"}\n```'}]
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "JSON!"}]

    answer = await plain(claude, call(CLAUDE, messages=messages, **ANY_JSON))

    assert answer["choices"][0]["message"]["content"] == '{"a": "}"}'
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert [block["text"] for block in api.last_body["system"]] == ["Be brief.", IN_WORDS]
    assert [message["role"] for message in api.last_body["messages"]] == ["user"]


async def test_of_a_stream_only_the_json_is_told(
    claude: LitellmUpstream, api: AnthropicApi
) -> None:
    bits = ["```json", '\n{"a"', ": 1}", "\n```"]
    deltas = [{"type": "text_delta", "text": bit} for bit in bits]
    begun = {"type": "content_block_start", "content_block": {"type": "text", "text": ""}}
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": api.usage}
    api.events = [
        {**begun, "index": 0},
        *({"type": "content_block_delta", "index": 0, "delta": each} for each in deltas),
        {"type": "content_block_stop", "index": 0},
        end,
        {"type": "message_stop"},
    ]

    events = await streamed(claude, call(CLAUDE, stream=True, **ANY_JSON))

    told = [each["choices"][0]["delta"] for each in map(payload, events[:-2])]
    assert "".join(each.get("content") or "" for each in told) == '{"a": 1}'
    assert finish_reasons(events) == {"stop"}


@STREAM
async def test_words_where_json_was_asked_for_are_a_failure(
    claude: LitellmUpstream, stream: bool
) -> None:
    fault = await fault_of(claude, call(CLAUDE, stream=stream, **ANY_JSON))

    assert (fault.kind, fault.code) == (FaultKind.UNSUITED, "malformed_answer")
    assert fault.reached_model
    assert (fault.usage is None) is stream  # a stream tells it after its end


@STREAM
async def test_claudes_usage_falls_into_exclusive_buckets(
    claude: LitellmUpstream, stream: bool
) -> None:
    if stream:
        events = await streamed(claude, call(CLAUDE, stream=True))
        usage = next(event.usage for event in events if event.kind is EventKind.USAGE)
    else:
        usage = read_usage((await plain(claude, call(CLAUDE)))["usage"])

    assert usage == Usage(
        uncached_input_tokens=10, cache_read_tokens=30, cache_write_tokens=20, output_tokens=5
    )


@STREAM
async def test_a_tool_call_is_translated_back(
    claude: LitellmUpstream, api: AnthropicApi, stream: bool
) -> None:
    api.calls_tool = True
    asked = call(CLAUDE, stream=stream, tools=[TOOL])
    if stream:
        events = await streamed(claude, asked)
        deltas = [payload(event)["choices"][0]["delta"] for event in events[:-2]]
        calls = [part for delta in deltas for part in delta.get("tool_calls", ())]
        name, arguments = (
            calls[0]["function"]["name"],
            "".join(part["function"]["arguments"] for part in calls),
        )
        reasons = finish_reasons(events)
        assert calls[0]["id"] == "toolu_1"
    else:
        choice = (await plain(claude, asked))["choices"][0]
        function = choice["message"]["tool_calls"][0]["function"]
        name, arguments = function["name"], function["arguments"]
        reasons = frozenset({choice["finish_reason"]})

    assert (name, json.loads(arguments)) == ("add", {"a": 1})
    assert reasons == {"tool_calls"}


@STREAM
@pytest.mark.parametrize(
    ("status", "kind", "word"),
    [
        (400, FaultKind.CLIENT, "invalid_request_error"),
        (401, FaultKind.REFUSED, "authentication_error"),
        (404, FaultKind.NOT_FOUND, "not_found_error"),
        (429, FaultKind.RATE_LIMITED, "rate_limit_error"),
        (500, FaultKind.TRANSIENT, "api_error"),
        (529, FaultKind.TRANSIENT, "overloaded_error"),
    ],
)
async def test_claudes_errors_keep_status_words_and_retry_after(
    claude: LitellmUpstream,
    api: AnthropicApi,
    stream: bool,
    status: int,
    kind: FaultKind,
    word: str,
) -> None:
    api.status, api.headers = status, {"retry-after": "7"}
    api.error = {"type": word, "message": "Something is wrong."}
    fault = await fault_of(claude, call(CLAUDE, stream=stream))

    assert (fault.kind, fault.status) == (kind, status)
    shown = None if kind is FaultKind.REFUSED else {"message": "Something is wrong.", "type": word}
    assert fault.error == shown
    if kind in (FaultKind.RATE_LIMITED, FaultKind.TRANSIENT):
        assert fault.retry_after_s == 7.0
    assert len(api.requests) == 1


@STREAM
async def test_claudes_way_of_saying_that_a_prompt_is_too_long(
    claude: LitellmUpstream, api: AnthropicApi, stream: bool
) -> None:
    api.status = 400
    said = "prompt is too long: 210000 tokens > 200000 maximum"
    api.error = {"type": "invalid_request_error", "message": said}
    fault = await fault_of(claude, call(CLAUDE, stream=stream))

    assert (fault.kind, fault.status) == (FaultKind.CONTEXT, 400)
    assert fault.error == {
        "message": said,
        "type": "invalid_request_error",
        "code": "context_length_exceeded",
    }


async def test_closing_a_stream_of_claude_midway_hangs_up(
    claude: LitellmUpstream, api: AnthropicApi
) -> None:
    api.hang = True
    response = await claude.send(call(CLAUDE, stream=True))
    pieces = response.pieces()
    assert b"Hel" in await anext(pieces)
    await response.close()

    await soon(api.left)


@STREAM
async def test_a_client_that_leaves_takes_the_request_along(
    claude: LitellmUpstream, api: AnthropicApi, stream: bool
) -> None:
    api.hang = True
    reading = asyncio.create_task(whole(claude, call(CLAUDE, stream=stream)))
    await soon(api.arrived)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    await soon(api.left)


@STREAM
async def test_a_client_that_leaves_at_any_moment_leaves_nothing_behind(
    claude: LitellmUpstream, api: AnthropicApi, stream: bool
) -> None:
    """Not even a warning, which would fail this test."""
    api.hang = True
    await claude.warm()
    for ticks in range(25):
        task = asyncio.create_task(claude.send(call(CLAUDE, stream=stream)))
        for _ in range(ticks):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await (await task).close()
    gc.collect()


@pytest.mark.parametrize("how", ["cut", "fails_midway"])
async def test_a_stream_of_claude_that_breaks_off_is_a_failure(
    claude: LitellmUpstream, api: AnthropicApi, how: str
) -> None:
    setattr(api, how, True)
    fault = await fault_of(claude, call(CLAUDE, stream=True))

    assert (fault.kind, fault.reached_model) == (FaultKind.TRANSIENT, True)


async def test_hints_that_claude_does_not_know_are_left_out(
    claude: LitellmUpstream, api: AnthropicApi
) -> None:
    await plain(
        claude,
        call(CLAUDE, seed=1, presence_penalty=1, service_tier="flex", n=1, logprobs=False, top_k=5),
    )

    assert api.last_body.keys() == {"model", "messages", "max_tokens", "top_k"}
    assert api.last_body["top_k"] == 5


async def test_what_claude_cannot_do_is_refused_and_not_left_out(
    claude: LitellmUpstream, api: AnthropicApi
) -> None:
    fault = await fault_of(claude, call(CLAUDE, n=2))

    assert (fault.kind, fault.code) == (FaultKind.UNSUITED, "unsupported_parameter")
    assert fault.error is not None
    assert "'n'" in str(fault.error["message"])
    assert "litellm" not in str(fault.error["message"])
    assert api.requests == []


# ------------------------------------------------------------ addresses


async def test_a_picture_travels_as_bytes_or_as_a_public_address(
    claude: LitellmUpstream, api: AnthropicApi
) -> None:
    urls = ["data:image/png;base64,iVBORw0KGgo=", "https://pictures.example.com/cat.png"]
    await plain(claude, call(CLAUDE, messages=_showing(*urls)))

    sources = [part["source"] for part in api.last_body["messages"][0]["content"]]
    assert sources[0] == {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    assert sources[1] == {"type": "url", "url": urls[1]}


async def test_an_address_in_our_own_network_is_refused_unvisited(
    claude: LitellmUpstream, api: AnthropicApi
) -> None:
    visits: list[str] = []

    async def secret(request: web.Request) -> web.Response:
        visits.append(request.path)
        return web.Response(body=b"secret", content_type="image/png")

    async with serving(secret) as inside:
        fault = await fault_of(claude, call(CLAUDE, messages=_showing(f"{inside}/x.png")))

    assert (fault.kind, fault.status) == (FaultKind.CLIENT, 400)
    assert fault.error is not None
    assert fault.error["param"] == "messages[0].content[0].image_url.url"
    assert (visits, api.requests) == ([], [])


async def test_a_public_name_that_means_our_own_network_is_not_visited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For Gemini litellm downloads pictures; its own guard looks at what the name resolves to."""
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.setblocking(False)
        port = inside.getsockname()[1]
        here = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [here])
        url = f"https://pictures.example.com:{port}/cat.png"
        async with upstream("gemini", f"http://127.0.0.1:{port}") as to:
            fault = await fault_of(to, call("gemini-2.5-flash", messages=_showing(url)))

        with pytest.raises(BlockingIOError):
            inside.accept()
    assert (fault.kind, fault.code) == (FaultKind.CLIENT, "invalid_image_url")


def _showing(*urls: str) -> list[dict[str, Any]]:
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [{"role": "user", "content": parts}]
