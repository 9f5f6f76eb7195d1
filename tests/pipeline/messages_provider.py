"""A Farthing before a provider that speaks Messages, and what that answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from tests.pipeline.doors import Door, door
from tests.pipeline.providers import Json, Provider, events, model, provider

USAGE = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 20,
    "cache_read_input_tokens": 3000,
    "output_tokens": 5,
    "service_tier": "standard",
}
SIGNED = {"type": "thinking", "thinking": "Hm", "signature": "c2lnbmVk"}
SEARCHED = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
HELLO: Json = {"role": "user", "content": "Hello"}
MORE: Json = {"role": "user", "content": "Go on"}
OTHER = {"type": "thinking", "thinking": "Aha", "signature": "b3RoZXI="}


def message(*blocks: Json, stop: str = "end_turn") -> Json:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": list(blocks),
        "stop_reason": stop,
        "stop_sequence": None,
        "container": None,
        "usage": USAGE,
    }


def stream(*blocks: Json, stop: str = "end_turn", ends: bool = True) -> bytes:
    """The events of a message, each block in one delta."""
    begun = {**message(), "content": [], "stop_reason": None}
    told: list[Json] = [{"type": "message_start", "message": begun}, {"type": "ping"}]
    for at, block in enumerate(blocks):
        told += [{**each, "index": at} for each in _grown(block)]
    used = {"output_tokens": 5}
    told.append({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": used})
    return events(*told, *([{"type": "message_stop"}] if ends else []))


def _grown(block: Json) -> list[Json]:
    deltas: list[Json] = []
    if block["type"] == "text":
        deltas = [{"type": "text_delta", "text": block["text"]}]
        block = {**block, "text": ""}
    elif block["type"] == "thinking":
        deltas = [
            {"type": "thinking_delta", "thinking": block["thinking"]},
            {"type": "signature_delta", "signature": block["signature"]},
        ]
        block = {**block, "thinking": "", "signature": ""}
    start = {"type": "content_block_start", "content_block": block}
    grown = [{"type": "content_block_delta", "delta": delta} for delta in deltas]
    return [start, *grown, {"type": "content_block_stop"}]


TEXT = {"type": "text", "text": "Oui"}


@asynccontextmanager
async def farthing(tmp_path: Path, **sections: Any) -> AsyncIterator[tuple[Door, Provider]]:
    """A Farthing with one model of a provider that speaks Messages."""
    async with provider("/v1/messages") as it:
        upstreams = {
            "home": {"kind": "anthropic", "base_url": it.url, "api_key": "${UPSTREAM_KEY}"}
        }
        models = {"claude": model("home", "claude-sonnet-4-5"), **sections.pop("models", {})}
        upstreams |= sections.pop("upstreams", {})
        async with door(tmp_path, upstreams=upstreams, models=models, **sections) as running:
            it.answer = orjson.dumps(message(TEXT), option=orjson.OPT_INDENT_2)
            it.events = stream(TEXT)
            yield running, it


def asked(*said: Json, **more: Any) -> Json:
    messages = said or ({"role": "user", "content": "Hello"},)
    return {"model": "claude", "max_tokens": 100, "messages": list(messages), **more}


def said(*blocks: Json) -> Json:
    return {"role": "assistant", "content": list(blocks)}


def thoughts_in(body: Json) -> list[str]:
    blocks = [block for each in body["messages"] for block in each["content"]]
    return [each["signature"] for each in blocks if isinstance(each, dict) and "signature" in each]
