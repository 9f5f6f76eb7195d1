"""What upstreams call requests is in the ledger, for those who have to ask their support, or dispute a bill."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from tests.pipeline.doors import door, upstream
from tests.pipeline.kit import Proxy, proxy

ID = "req_0a1b"
ANSWER = {
    "id": "chatcmpl-7",
    "choices": [{"index": 0, "message": {"content": "Oui."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 2},
}
_CHOICE = {"index": 0, "delta": {"content": "Oui."}, "finish_reason": "stop"}
EVENTS = b"data: %s\n\ndata: [DONE]\n\n" % orjson.dumps({"id": "chatcmpl-8", "choices": [_CHOICE]})
STREAM = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])


@dataclass
class Provider:
    """Answers with these headers; with another status, or with `events`, it fails."""

    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    answer: bytes = field(default_factory=lambda: orjson.dumps(ANSWER))
    events: bytes = EVENTS
    hangs: bool = False
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.StreamResponse:
        asked = orjson.loads(await request.read())
        if self.status != 200 or not asked.get("stream"):
            kind = "application/json"
            return web.Response(
                body=self.answer, status=self.status, headers=self.headers, content_type=kind
            )
        response = web.StreamResponse(headers={"content-type": "text/event-stream", **self.headers})
        await response.prepare(request)
        self.begun.set()
        if self.hangs:
            await asyncio.Event().wait()
        await response.write(self.events)
        return response


@asynccontextmanager
async def before(folder: Path, it: Provider) -> AsyncIterator[Proxy]:
    """A proxy whose first model `it` answers for; the second one is simulated."""
    async with (
        upstream([web.post("/v1/chat/completions", it.take)]) as url,
        proxy(folder, first_upstream=f"{url}/v1") as farthing,
    ):
        yield farthing


async def first_id(folder: Path, it: Provider, *, stream: bool) -> str | None:
    """What the ledger has of the first attempt of a request."""
    async with before(folder, it) as farthing, farthing.post(stream=stream) as response:
        await response.read()
        assert response.status == 200
        assert response.headers["x-request-id"].startswith("req_")
        assert response.headers["x-request-id"] != ID
        first, *_ = farthing.rows()
        name: str | None = first["upstream_request_id"]
        return name


@STREAM
@pytest.mark.parametrize(
    "name", ["x-request-id", "Request-Id", "apim-request-id", "X-Generation-Id"]
)
async def test_it_is_the_one_in_the_headers_of_the_answer(
    tmp_path: Path, name: str, stream: bool
) -> None:
    provider = Provider({name: ID, "cf-ray": "8c1-FRA"})

    assert await first_id(tmp_path, provider, stream=stream) == ID


@STREAM
@pytest.mark.parametrize(
    "headers", [{}, {"x-request-id": "a b"}, {"x-request-id": "x" * 129}, {"cf-ray": "8c1-FRA"}]
)
async def test_without_a_usual_one_it_is_the_answers_own(
    tmp_path: Path, headers: Mapping[str, str], stream: bool
) -> None:
    found = await first_id(tmp_path, Provider(headers), stream=stream)

    assert found == ("chatcmpl-8" if stream else "chatcmpl-7")


MESSAGE = {
    "id": "msg_7",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "Oui."}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 5, "output_tokens": 2},
}
_SAID = {"type": "output_text", "text": "Oui.", "annotations": []}
RESPONSE = {
    "id": "resp_7",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "model": "m",
    "output": [{"id": "m", "type": "message", "role": "assistant", "content": [_SAID]}],
    "usage": {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7},
}
_TEXT = {"type": "text_delta", "text": "Oui."}
MESSAGE_EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": _TEXT},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": MESSAGE["usage"]},
    {"type": "message_stop"},
]
_PART = {"output_index": 0, "content_index": 0, "item_id": "m"}
RESPONSE_EVENTS: list[dict[str, Any]] = [
    {"type": "response.created", "response": {**RESPONSE, "output": [], "status": "in_progress"}},
    {
        "type": "response.output_item.added",
        "output_index": 0,
        "item": {"id": "m", "type": "message", "role": "assistant", "content": []},
    },
    {"type": "response.content_part.added", **_PART, "part": {**_SAID, "text": ""}},
    {"type": "response.output_text.delta", **_PART, "delta": "Oui."},
    {"type": "response.completed", "response": RESPONSE},
]


def written(events: list[dict[str, Any]]) -> bytes:
    return b"".join(
        b"event: %s\ndata: %s\n\n" % (each["type"].encode(), orjson.dumps(each)) for each in events
    )


@STREAM
@pytest.mark.parametrize(
    ("answer", "events", "kind"),
    [
        (MESSAGE, MESSAGE_EVENTS, {"kind": "anthropic"}),
        (RESPONSE, RESPONSE_EVENTS, {"kind": "openai", "dialect": "responses"}),
    ],
    ids=["messages", "responses"],
)
async def test_a_translated_answers_is_the_one_that_its_upstream_has_given(
    tmp_path: Path,
    answer: dict[str, Any],
    events: list[dict[str, Any]],
    kind: dict[str, str],
    stream: bool,
) -> None:
    provider = Provider(answer=orjson.dumps(answer), events=written(events))
    routes = [web.post(f"/v1/{path}", provider.take) for path in ("messages", "responses")]
    price = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1}
    async with upstream(routes) as url:
        base_url = url if kind["kind"] == "anthropic" else f"{url}/v1"
        at = {**kind, "base_url": base_url, "api_key": "${UPSTREAM_KEY}"}
        models = {"m": {"upstream": "it", "price": price}}
        asked = {"model": "m", "messages": [{"role": "user", "content": "?"}], "stream": stream}
        async with door(tmp_path, upstreams={"it": at}, models=models) as farthing:
            async with farthing.client.post(
                f"{farthing.url}/v1/chat/completions", json=asked
            ) as got:
                assert b"Oui." in await got.read()
            (row,) = farthing.rows()

    assert row["upstream_request_id"] == answer["id"]


@STREAM
async def test_an_answer_without_any_has_none(tmp_path: Path, stream: bool) -> None:
    events = EVENTS.replace(b'"id":"chatcmpl-8"', b'"id":["chatcmpl-8"]')
    provider = Provider(answer=orjson.dumps({**ANSWER, "id": "=1+1"}), events=events)

    assert await first_id(tmp_path, provider, stream=stream) is None


@STREAM
@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-request-id": ID, "cf-ray": "8c1-FRA"}, ID),
        ({"cf-ray": "8c1-FRA"}, "8c1-FRA"),
        ({}, None),
    ],
)
async def test_errors_have_one_too_if_only_that_of_the_network_in_between(
    tmp_path: Path, headers: Mapping[str, str], expected: str | None, stream: bool
) -> None:
    provider = Provider(headers, status=503, answer=b"{}")

    assert await first_id(tmp_path, provider, stream=stream) == expected


@STREAM
async def test_so_has_an_answer_that_was_none(tmp_path: Path, stream: bool) -> None:
    provider = Provider({"x-request-id": ID}, answer=b"{}", events=b"data: nonsense\n\n")

    assert await first_id(tmp_path, provider, stream=stream) == ID


async def test_so_has_a_stream_whose_client_has_left_before_its_first_content(
    tmp_path: Path,
) -> None:
    provider = Provider({"x-request-id": ID}, hangs=True)
    async with before(tmp_path, provider) as farthing:
        asking = asyncio.create_task(farthing.post(stream=True).__aenter__())
        await provider.begun.wait()
        asking.cancel()
        await asyncio.wait([asking])

    (row,) = farthing.rows()
    assert (row["outcome"], row["upstream_request_id"]) == ("client_left", ID)


async def test_operators_are_told_it_of_each_attempt(tmp_path: Path) -> None:
    provider = Provider({"x-request-id": ID}, status=503, answer=b"{}")
    async with before(tmp_path, provider) as farthing, farthing.post() as response:
        url = f"{farthing.running.url}/v1/decisions/{response.headers['x-request-id']}"
        async with farthing.client.get(url) as told:
            failed, *_, answered = (await told.json())["attempts"]

    assert failed["upstream_request_id"] == ID
    assert answered["upstream_request_id"].startswith("req_")
