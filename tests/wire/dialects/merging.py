"""Streams, put together as a client of each dialect does it, that insists on the protocol."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import orjson

from router.wire.dialects.dialect import Dialect
from router.wire.merging import merged as merged_chat

Events = list[dict[str, Any]]


def merge(dialect: Dialect, events: Events) -> dict[str, Any]:
    """The whole answer that the events tell. Fails where their order is not as promised."""
    return _MERGING[dialect](deepcopy(events))


def _chat(chunks: Events) -> dict[str, Any]:
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    ends = [c for c in chunks for choice in c["choices"] if choice["finish_reason"]]
    assert len(ends) == 1
    return merged_chat(chunks, chunks[0]["id"])


def _messages(events: Events) -> dict[str, Any]:
    """As the SDK does it (`anthropic.lib.streaming`): one block at a time, counted from 0."""
    first, *inner, last_delta, stop = events
    assert [first["type"], last_delta["type"], stop["type"]] == [
        "message_start",
        "message_delta",
        "message_stop",
    ]
    message: dict[str, Any] = first["message"]
    is_open, arguments = False, ""
    for event in inner:
        match event["type"]:
            case "content_block_start":
                assert not is_open
                assert event["index"] == len(message["content"])
                message["content"].append(event["content_block"])
                is_open, arguments = True, ""
            case "content_block_delta":
                assert is_open
                assert event["index"] == len(message["content"]) - 1
                arguments += event["delta"].get("partial_json", "")
                _grow(message["content"][-1], event["delta"])
            case "content_block_stop":
                assert is_open
                is_open = False
                if arguments:
                    message["content"][-1]["input"] = orjson.loads(arguments)
            case kind:
                raise AssertionError(kind)
    assert not is_open
    return {**message, **last_delta["delta"], "usage": last_delta["usage"]}


def _grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] = delta["signature"]
        case "citations_delta":
            block["citations"] = [*block.get("citations", []), delta["citation"]]
        case kind:
            assert kind == "input_json_delta"


_TEXTS = {
    "response.output_text": "text",
    "response.refusal": "refusal",
    "response.function_call_arguments": "arguments",
    "response.custom_tool_call_input": "input",
    "response.reasoning_summary_text": "text",
}


def _responses(events: Events) -> dict[str, Any]:
    """The last event has everything; the ones before must have said the same."""
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert [event["type"] for event in events[:2]] == ["response.created", "response.in_progress"]
    told: dict[tuple[Any, ...], str] = {}
    items: list[dict[str, Any]] = []
    for event in events[2:-1]:
        kind, _, step = event["type"].rpartition(".")
        if kind in _TEXTS:
            _tell(told, event, _TEXTS[kind], step)
        elif event["type"] == "response.output_item.added":
            assert event["output_index"] == len(items)
        elif event["type"] == "response.output_item.done":
            assert event["output_index"] == len(items)
            items.append(event["item"])
    whole: dict[str, Any] = events[-1]["response"]
    assert events[-1]["type"] == f"response.{whole['status']}"
    assert whole["output"] == items
    return whole


def _tell(told: dict[tuple[Any, ...], str], event: dict[str, Any], name: str, step: str) -> None:
    places = ("output_index", "content_index", "summary_index")
    key = (event["item_id"], *(event.get(place) for place in places))
    if step == "delta":
        told[key] = told.get(key, "") + event["delta"]
    elif step == "done":
        assert event[name] == told.get(key, "")


_MERGING: Mapping[Dialect, Callable[[Events], dict[str, Any]]] = {
    Dialect.CHAT: _chat,
    Dialect.MESSAGES: _messages,
    Dialect.RESPONSES: _responses,
}
