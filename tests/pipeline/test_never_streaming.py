"""Servers that answer as a whole although a stream is wanted: their clients get a stream all the same."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.pipeline.doors import at, door
from tests.pipeline.messages_provider import SIGNED, TEXT, message
from tests.pipeline.providers import Json, Provider, model, post, provider
from tests.pipeline.responses_provider import SAID, response

COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Oui"},
        }
    ],
    "usage": {"prompt_tokens": 1000, "completion_tokens": 5, "total_tokens": 1005},
}
ASKED: dict[str, Json] = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "Hello"}]},
    "/v1/messages": {
        "messages": [{"role": "user", "content": "Hello"}],
        "max_tokens": 2000,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    },
    "/v1/responses": {"input": "Hello"},
}
ENDS = {
    "/v1/chat/completions": b"data: [DONE]\n\n",
    "/v1/messages": b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    "/v1/responses": b"event: response.completed\n",
}
ANSWERS: dict[str, Json] = {
    "/v1/chat/completions": COMPLETION,
    "/v1/messages": message(SIGNED, TEXT),
    "/v1/responses": response(SAID),
}
KINDS: dict[str, Json] = {
    "/v1/chat/completions": {},
    "/v1/messages": {"kind": "anthropic"},
    "/v1/responses": {"dialect": "responses"},
}


def _upstream(it: Provider, path: str) -> Json:
    told: Json = {**at(it.url), **KINDS[path]}
    return {**told, "base_url": it.url} if told["kind"] == "anthropic" else told


async def _asked(tmp_path: Path, path: str, theirs: str) -> tuple[Any, bytes, Json]:
    async with provider(theirs) as it:
        it.never_streams, it.answer = True, orjson.dumps(ANSWERS[theirs])
        sections = {
            "upstreams": {"home": _upstream(it, theirs)},
            "models": {"m": model("home", "claude-sonnet-4-5")},
        }
        async with door(tmp_path, **sections) as running:
            body = {"model": "m", "stream": True, **ASKED[path]}
            answer, told = await post(running, body, path)
            (row,) = running.rows()
    return answer, told, row


@pytest.mark.parametrize("theirs", ASKED)
@pytest.mark.parametrize("path", ASKED)
async def test_the_client_gets_a_stream(tmp_path: Path, path: str, theirs: str) -> None:
    answer, told, row = await _asked(tmp_path, path, theirs)

    assert answer.status == 200, told
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert b"Oui" in told
    assert ENDS[path] in told.rstrip() + b"\n\n"
    assert (row["outcome"], row["usage_source"]) == ("ok", "upstream")
    assert row["output_tokens"] + row["reasoning_tokens"] == 5
    assert row["first_content_s"] is not None


async def test_thoughts_are_signed_and_named(tmp_path: Path) -> None:
    _, told, _ = await _asked(tmp_path, "/v1/messages", "/v1/messages")

    assert b'"thinking_delta"' in told
    assert b'"signature_delta"' in told


async def test_it_is_stored_and_replayed(tmp_path: Path) -> None:
    path = "/v1/chat/completions"
    async with provider(path) as it:
        it.never_streams, it.answer = True, orjson.dumps(COMPLETION)
        sections = {
            "upstreams": {"home": at(it.url)},
            "models": {"m": model("home", "m")},
        }
        async with door(tmp_path, cache={"url": "memory"}, **sections) as running:
            body = {"model": "m", "stream": True, "temperature": 0, **ASKED[path]}
            for state in ("miss", "hit"):
                answer, told = await post(running, body, path)
                assert answer.headers["x-farthing-cache"] == state
                assert b"Oui" in told
        assert len(it.bodies) == 1


async def test_a_client_that_reads_slowly_gets_all_of_it(tmp_path: Path) -> None:
    """It is a single piece, which takes longer than a client that reads nothing would be waited for."""
    path, long = "/v1/chat/completions", orjson.dumps(COMPLETION).replace(b"Oui", b"x" * 2**25)
    async with provider(path) as it:
        it.never_streams, it.answer = True, long
        sections = {"upstreams": {"home": at(it.url)}, "models": {"m": model("home", "m")}}
        async with door(tmp_path, server={"timeouts": {"write_s": 1}}, **sections) as running:
            body = {"model": "m", "stream": True, **ASKED[path]}
            async with running.client.post(f"{running.url}{path}", json=body) as answer:
                got = 0
                while piece := await answer.content.read(2**16):
                    got += len(piece)
                    with suppress(TimeoutError):
                        await asyncio.wait_for(asyncio.Event().wait(), 0.008)

    assert got > 2**25
