"""Anthropic's API as an upstream, when something goes wrong."""

import asyncio
import gc
import json
import socket
from contextlib import suppress

import pytest

from router.domain.fault import FaultKind
from router.ports import Upstream
from router.wire.answer import EventKind
from router.wire.dialects.dialect import Dialect
from tests.providers.anthropic_api import CLAUDE, AnthropicApi, reaching
from tests.providers.calls import KEY, STREAM, call, fault_of, streamed, whole
from tests.providers.litellm_kit import soon
from tests.wire.dialects.descriptions import check


@STREAM
@pytest.mark.parametrize(
    ("status", "kind", "word"),
    [
        (400, FaultKind.CLIENT, "invalid_request_error"),
        (401, FaultKind.REFUSED, "authentication_error"),
        (403, FaultKind.REFUSED, "permission_error"),
        (404, FaultKind.NOT_FOUND, "not_found_error"),
        (413, FaultKind.CLIENT, "request_too_large"),
        (429, FaultKind.RATE_LIMITED, "rate_limit_error"),
        (500, FaultKind.TRANSIENT, "api_error"),
        (529, FaultKind.TRANSIENT, "overloaded_error"),
    ],
)
async def test_errors_keep_their_words_and_their_retry_after(
    claude: Upstream,
    api: AnthropicApi,
    stream: bool,
    status: int,
    kind: FaultKind,
    word: str,
) -> None:
    api.status, api.headers = status, {"retry-after": "7"}
    api.error = {"type": word, "message": f"Something is wrong with {KEY}."}
    fault = await fault_of(claude, call(CLAUDE, stream=stream))

    told = 503 if status == 529 else status  # OpenAI's clients know no 529
    assert (fault.kind, fault.status, fault.code) == (kind, told, word)
    assert fault.retry_after_s == 7.0
    assert KEY not in repr(fault)
    if kind is FaultKind.REFUSED:
        assert fault.error is None
    else:
        assert fault.error is not None
        assert fault.error["message"] == "Something is wrong with ***."
        check(Dialect.CHAT, "error", {"error": dict(fault.error)})
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("prompt is too long: 210000 tokens > 200000 maximum", FaultKind.CONTEXT),
        (
            "input length and `max_tokens` exceed context limit: 190000 + 64000 > 200000",
            FaultKind.CONTEXT,
        ),
        (
            "Your credit balance is too low to access the Anthropic API.",
            FaultKind.REFUSED,
        ),
        (
            "messages.1.content.0: Invalid `signature` in `thinking` block",
            FaultKind.UNSUITED,
        ),
        (
            "messages.1.content.0: Invalid `data` in `redacted_thinking` block",
            FaultKind.UNSUITED,
        ),
    ],
)
async def test_some_invalid_requests_are_not_the_clients_fault(
    claude: Upstream, api: AnthropicApi, said: str, kind: FaultKind
) -> None:
    api.status, api.error = 400, {"type": "invalid_request_error", "message": said}
    fault = await fault_of(claude, call(CLAUDE))

    assert (fault.kind, fault.status) == (kind, 400)
    assert (fault.error is None) == (kind is FaultKind.REFUSED)


@pytest.mark.parametrize("how", ["cut", "fails_midway"])
async def test_a_stream_that_breaks_off_is_a_failure(
    claude: Upstream, api: AnthropicApi, how: str
) -> None:
    setattr(api, how, True)
    asked = call(CLAUDE, stream=True)
    if how == "cut":
        fault = await fault_of(claude, asked)
        assert (fault.kind, fault.code) == (FaultKind.TRANSIENT, "stream_cut")
        assert fault.reached_model
    else:
        last = (await streamed(claude, asked))[-1]
        assert last.kind is EventKind.ERROR
        assert last.error is not None
        assert last.error["message"] == "Overloaded"


@pytest.mark.parametrize(
    "raw",
    [b"data: {nonsense\n\n", b"data: [1]\n\n", b'data: {"type": "content_block_delta"}\n\n'],
    ids=["no JSON", "no object", "no event"],
)
async def test_a_stream_of_nonsense_fails_after_what_came_before_it(
    claude: Upstream, api: AnthropicApi, raw: bytes
) -> None:
    api.raw = raw
    response = await claude.send(call(CLAUDE, stream=True))
    pieces = response.pieces()
    assert b"assistant" in await anext(pieces)
    await response.close()
    fault = await fault_of(claude, call(CLAUDE, stream=True))

    assert (fault.kind, fault.code) == (FaultKind.TRANSIENT, "malformed_answer")


@pytest.mark.parametrize("raw", [b"<html>", b"[]", b'{"type": "error", "error": {}}'])
async def test_a_plain_answer_that_is_none_is_a_failure(
    claude: Upstream, api: AnthropicApi, raw: bytes
) -> None:
    api.raw = raw
    fault = await fault_of(claude, call(CLAUDE))

    assert (fault.kind, fault.code) == (FaultKind.TRANSIENT, "malformed_answer")
    assert fault.reached_model


@STREAM
async def test_an_upstream_that_is_not_there_is_unreachable(stream: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    to = reaching(f"http://127.0.0.1:{port}")
    fault = await fault_of(to, call(CLAUDE, stream=stream))
    await to.close()

    assert (fault.kind, fault.reached_model) == (FaultKind.UNREACHABLE, False)


@STREAM
async def test_a_client_that_leaves_takes_the_request_along(
    claude: Upstream, api: AnthropicApi, stream: bool
) -> None:
    api.hang = True
    reading = asyncio.create_task(whole(claude, call(CLAUDE, stream=stream)))
    await soon(api.arrived)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    await soon(api.left)


async def test_a_wait_that_is_cancelled_loses_nothing(claude: Upstream, api: AnthropicApi) -> None:
    response = await claude.send(call(CLAUDE, stream=True))
    pieces, told = response.pieces(), b""
    while b"[DONE]" not in told:
        with suppress(TimeoutError):
            async with asyncio.timeout(0):
                told += await anext(pieces)
        await asyncio.sleep(0)
    await response.close()

    text = [json.loads(each[6:]) for each in told.split(b"\n\n") if each.startswith(b"data: {")]
    said = [each["choices"][0]["delta"].get("content") for each in text if each["choices"]]
    assert "".join(filter(None, said)) == "Hello"


@STREAM
async def test_a_client_that_leaves_at_any_moment_leaves_nothing_behind(
    claude: Upstream, api: AnthropicApi, stream: bool
) -> None:
    """Not even a warning, which would fail this test."""
    api.hang = True
    for ticks in range(25):
        task = asyncio.create_task(claude.send(call(CLAUDE, stream=stream)))
        for _ in range(ticks):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await (await task).close()
    gc.collect()
