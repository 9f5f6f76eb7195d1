"""A server that speaks Anthropic's `/v1/messages` as documented, for one scripted answer at a time.

https://docs.anthropic.com/en/api/messages and https://docs.anthropic.com/en/api/messages-streaming
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from router.ports import Upstream
from router.providers.anthropic import anthropic_upstream
from router.providers.endpoints import AnthropicEndpoint
from tests.providers.calls import KEY

CLAUDE = "claude-opus-4-6"
NOW_S = 1_764_000_000
USAGE = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 20,
    "cache_read_input_tokens": 30,
    "output_tokens": 5,
}
"""Anthropic's buckets are exclusive: 60 tokens of prompt in all."""


@dataclass
class AnthropicApi:
    """The server. Set `status` for an error; `cut` and `hang` end a stream after its first text.

    `content` are blocks in the place of the usual ones, of a plain answer; `events` are those of a
    stream that are sent in the place of the usual ones, and `raw` is what is said in their place.
    A stream waits for `goes_on` after its first event.
    """

    base_url: str = ""
    status: int = 200
    error: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    calls_tool: bool = False
    cut: bool = False
    hang: bool = False
    fails_midway: bool = False
    content: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    raw: bytes = b""
    usage: Mapping[str, Any] = field(default_factory=lambda: USAGE)
    requests: list[tuple[Mapping[str, str], dict[str, Any]]] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def last_body(self) -> dict[str, Any]:
        """What the last request asked for."""
        return self.requests[-1][1]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append((dict(request.headers), body))
        self.arrived.set()
        if self.status != 200:
            error = {"type": "error", "error": dict(self.error)}
            return web.json_response(error, status=self.status, headers=self.headers)
        if body.get("stream"):
            response = web.StreamResponse(headers={"content-type": "text/event-stream"})
            await response.prepare(request)
            with contextlib.suppress(ConnectionError):  # a client may leave at any moment
                await self._stream(response, body["model"])
            return response
        if self.hang:
            await self._until_the_client_leaves()
        if self.raw:
            return web.Response(body=self.raw, content_type="application/json")
        return web.json_response(self._message(body["model"]))

    def _message(self, model: str) -> dict[str, Any]:
        content: list[dict[str, Any]] = self.content or [{"type": "text", "text": "Hello"}]
        if self.calls_tool:
            content += [{"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 1}}]
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": content,
            "stop_reason": "tool_use" if self.calls_tool else "end_turn",
            "stop_sequence": None,
            "usage": self.usage,
        }

    async def _stream(self, response: web.StreamResponse, model: str) -> None:
        begun = {**self._message(model), "content": [], "stop_reason": None}
        begun["usage"] = {**self.usage, "output_tokens": 1}
        await _send(response, {"type": "message_start", "message": begun})
        await self.goes_on.wait()
        if self.raw:
            await response.write(self.raw)
        for event in self.events:
            await _send(response, event)
        if self.events or self.raw:
            return
        await _send(response, _block(0, {"type": "text", "text": ""}))
        await _send(response, _delta(0, {"type": "text_delta", "text": "Hel"}))
        if self.cut:
            return
        if self.hang:
            await self._until_the_client_leaves()
        if self.fails_midway:
            overloaded = {"type": "overloaded_error", "message": "Overloaded"}
            await _send(response, {"type": "error", "error": overloaded})
            return
        for event in self._rest():
            await _send(response, event)

    def _rest(self) -> list[dict[str, Any]]:
        text = [_delta(0, {"type": "text_delta", "text": "lo"}), _stop(0)]
        tool = {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {}}
        call = [
            _block(1, tool),
            _delta(1, {"type": "input_json_delta", "partial_json": '{"a"'}),
            _delta(1, {"type": "input_json_delta", "partial_json": ": 1}"}),
            _stop(1),
        ]
        reason = "tool_use" if self.calls_tool else "end_turn"
        end = {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": None},
            "usage": {"output_tokens": 5},
        }
        return [*text, *(call if self.calls_tool else []), end, {"type": "message_stop"}]

    async def _until_the_client_leaves(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.left.set()


def _block(index: int, block: dict[str, Any]) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def _delta(index: int, delta: dict[str, Any]) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def _stop(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


async def _send(response: web.StreamResponse, event: dict[str, Any]) -> None:
    await response.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())


@asynccontextmanager
async def serving(handler: Any, path: str = "/{anything:.*}") -> AsyncIterator[str]:
    """A server on its own loopback port that answers all POSTs; its address."""
    app = web.Application()
    app.router.add_route("*", path, handler)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def anthropic_api() -> AsyncIterator[AnthropicApi]:
    """Anthropic's API while the block lasts."""
    api = AnthropicApi()
    api.goes_on.set()
    async with serving(api.answer, "/v1/messages") as api.base_url:
        yield api


def reaching(base_url: str, headers: Mapping[str, str] | None = None) -> Upstream:
    """Anthropic's API at that address, as an upstream."""
    endpoint = AnthropicEndpoint(base_url, KEY, headers or {})
    return anthropic_upstream(endpoint, unix_s=lambda: NOW_S)
