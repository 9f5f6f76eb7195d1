"""Streams of servers that count neither calls nor thoughts nor parts, merged: what belongs together, and only that."""

from typing import Any

from router.wire.merging import merged


def _message(*deltas: dict[str, Any]) -> dict[str, Any]:
    chunks = ({"choices": [{"index": 0, "delta": delta}]} for delta in deltas)
    message: dict[str, Any] = merged(chunks, "chatcmpl-1")["choices"][0]["message"]
    return message


def _call(arguments: str, **more: Any) -> dict[str, Any]:
    return {"tool_calls": [{"index": 0, **more, "function": {"arguments": arguments}}]}


def _begun(given: str) -> dict[str, Any]:
    return {"tool_calls": [{"index": 0, "id": given, "function": {"name": "f", "arguments": ""}}]}


def test_calls_with_the_same_index_are_told_apart_by_their_ids() -> None:
    calls = _message(
        _begun("c0"),
        _call('{"a":'),
        _call("1}", id="made up for this delta"),
        _begun("c1"),
        _call("{}", id="c1"),
    )["tool_calls"]

    assert [(call["id"], call["function"]["arguments"]) for call in calls] == [
        ("c0", '{"a":1}'),
        ("c1", "{}"),
    ]


def test_thoughts_with_the_same_index_are_told_apart_by_their_types_and_seals() -> None:
    details = [
        {"type": "reasoning.summary", "summary": "S"},
        {"type": "reasoning.summary", "summary": "o"},
        {"type": "reasoning.encrypted", "data": "a"},
        {"type": "reasoning.encrypted", "data": "b"},
        {"type": "reasoning.text", "text": "Hm"},
        {"type": "reasoning.text", "signature": "c"},
        {"type": "reasoning.text", "text": "Aha"},
    ]

    told = _message(*({"reasoning_details": [{**each, "index": 0}]} for each in details))

    assert told["reasoning_details"] == [
        {"type": "reasoning.summary", "summary": "So", "index": 0},
        {"type": "reasoning.encrypted", "data": "a", "index": 0},
        {"type": "reasoning.encrypted", "data": "b", "index": 0},
        {"type": "reasoning.text", "text": "Hm", "signature": "c", "index": 0},
        {"type": "reasoning.text", "text": "Aha", "index": 0},
    ]


def test_a_content_that_comes_in_parts_and_as_a_text_by_turns_is_told_in_parts() -> None:
    cited = {"type": "reference", "reference_ids": [1]}
    contents = ["", _thought("Le"), _thought("t me"), "Hi ", "there", [cited], "."]

    told = _message(*({"content": each} for each in contents))

    assert told["content"] == [
        *_thought("Let me"),
        {"type": "text", "text": "Hi there"},
        cited,
        {"type": "text", "text": "."},
    ]


def _thought(text: str) -> list[dict[str, Any]]:
    return [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]
