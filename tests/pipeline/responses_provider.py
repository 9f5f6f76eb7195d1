"""A Farthing before two accounts at a provider that speaks Responses, and what that answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from tests.pipeline.doors import Door, door
from tests.pipeline.providers import Json, Provider, events, model, provider

PATH = "/v1/responses"
USAGE = {
    "input_tokens": 3010,
    "input_tokens_details": {"cached_tokens": 3000},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 3015,
}
THOUGHT = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "c2VhbGVk"}
SEARCH = {
    "id": "ws_1",
    "type": "web_search_call",
    "status": "completed",
    "action": {"type": "search"},
}
TEXT = {"type": "output_text", "text": "Oui", "annotations": [], "logprobs": [{"token": "Oui"}]}
SAID = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [TEXT],
}


def response(*items: Json, name: str = "resp_1", status: str = "completed") -> Json:
    return {
        "id": name,
        "object": "response",
        "created_at": 1_790_000_000,
        "status": status,
        "model": "gpt-6-2026-01-01",
        "output": list(items),
        "incomplete_details": None,
        "error": None,
        "usage": USAGE if items else None,
    }


def stream(*items: Json, ends: bool = True, name: str = "resp_1") -> bytes:
    told: list[Json] = [
        {"type": "response.created", "response": response(name=name, status="in_progress")}
    ]
    for at, item in enumerate(items):
        told.append({"type": "response.output_item.added", "output_index": at, "item": item})
        if item["type"] == "message":
            delta = {"output_index": at, "content_index": 0, "item_id": "msg_1", "delta": "Oui"}
            told.append({"type": "response.output_text.delta", **delta})
        told.append({"type": "response.output_item.done", "output_index": at, "item": item})
    if ends:
        told.append({"type": "response.completed", "response": response(*items, name=name)})
    return events(*({**each, "sequence_number": at} for at, each in enumerate(told)))


@asynccontextmanager
async def farthing(
    tmp_path: Path, **sections: Any
) -> AsyncIterator[tuple[Door, Provider, Provider]]:
    """A Farthing before two accounts at providers that speak Responses."""
    async with provider(PATH) as one, provider(PATH) as another:
        upstreams = {
            name: {"kind": "openai", "dialect": "responses", "base_url": f"{each.url}/v1"}
            for name, each in (("one", one), ("another", another))
        }
        models = {"gpt": model("one", "gpt-6"), "gpt-b": model("another", "gpt-6")}
        async with door(tmp_path, upstreams=upstreams, models=models, **sections) as running:
            for at, each in enumerate((one, another), 1):
                told = response(THOUGHT, SEARCH, SAID, name=f"resp_{at}")
                each.answer = orjson.dumps(told, option=orjson.OPT_INDENT_2)
                each.events = stream(THOUGHT, SEARCH, SAID, name=f"resp_{at}")
            yield running, one, another


def asked(**more: Any) -> Json:
    return {"model": "gpt", "input": "Hello", **more}
