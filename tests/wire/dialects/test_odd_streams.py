"""Streams of servers that take the protocol less seriously than its vendor: nothing is lost, doubled or invented."""

from collections.abc import Iterable, Mapping
from typing import Any

from router.wire.dialects.answer import Occasion
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.translate import StreamTranslator
from tests.wire.dialects.merging import merge

CHAT, RESPONSES, MESSAGES = Dialect.CHAT, Dialect.RESPONSES, Dialect.MESSAGES


def _told(source: Dialect, target: Dialect, events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The whole answer that a client gets."""
    translator = StreamTranslator(Target(source), target, Occasion(now_s=9))
    told = [each for event in events for each in translator.feed(event)]
    return merge(target, told + translator.end())


def _chunk(delta: Mapping[str, Any], reason: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": "chatcmpl-1", "created": 5, "model": "m", "choices": [choice], **more}


def _calling(**call: Any) -> dict[str, Any]:
    return _chunk({"tool_calls": [{"index": 0, **call}]})


def test_the_text_for_a_tool_comes_in_deltas_that_do_not_say_of_what_type_the_call_is() -> None:
    untyped = {"id": None, "type": None, "function": None}
    chunks = [
        _calling(id="c0", type="custom", custom={"name": "shell", "input": ""}),
        _calling(custom={"input": "ls "}),
        _calling(**untyped, custom={"input": "-l"}),
        _chunk({}, "tool_calls"),
    ]

    (item,) = _told(CHAT, RESPONSES, chunks)["output"]

    assert (item["type"], item["name"], item["input"]) == ("custom_tool_call", "shell", "ls -l")


def test_a_function_stays_one_where_an_empty_custom_tool_is_told_with_it() -> None:
    chunks = [
        _calling(id="c0", type="function", custom={}, function={"name": "f", "arguments": "{"}),
        _calling(custom={}, function={"arguments": "}"}),
        _chunk({}, "tool_calls"),
    ]

    (item,) = _told(CHAT, RESPONSES, chunks)["output"]

    assert (item["type"], item["arguments"]) == ("function_call", "{}")


def test_a_call_that_has_ended_does_not_begin_again() -> None:
    other = {"index": 1, "id": "c1", "type": "function"}
    chunks = [
        _calling(id="c0", type="function", function={"name": "f", "arguments": '{"a":1}'}),
        _chunk({"tool_calls": [{**other, "function": {"name": "g", "arguments": ""}}]}),
        _calling(function={"arguments": ""}),
        _chunk({"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]}),
        _chunk({}, "tool_calls"),
    ]

    blocks = _told(CHAT, MESSAGES, chunks)["content"]

    assert [(block["id"], block["input"]) for block in blocks] == [("c0", {"a": 1}), ("c1", {})]


def test_an_answer_has_its_own_id_though_azure_begins_with_a_chunk_that_has_none() -> None:
    about_the_prompt = {"id": "", "model": "", "created": 0, "choices": []}
    chunks = [about_the_prompt, _chunk({"content": "Hi"}), _chunk({}, "stop")]

    message, response = (_told(CHAT, target, chunks) for target in (MESSAGES, RESPONSES))

    assert (message["id"], message["model"]) == ("msg_1", "m")
    assert (response["id"], response["created_at"]) == ("resp_1", 5)


def test_a_time_that_is_no_whole_number_does_not_spoil_an_answer() -> None:
    for created, told in ((5.7, 5), ("2026-11-27", 9), (1e300, 9)):
        chunks = [{**_chunk({"content": "Hi"}), "created": created}, _chunk({}, "stop")]
        assert _told(CHAT, RESPONSES, chunks)["created_at"] == told


_FORMAT = {"format": "openrouter/m", "index": 0}
"""OpenRouter counts thoughts only in whole answers; in a stream the index of all of them is 0."""


def test_thoughts_with_the_same_index_are_told_apart_by_their_seals() -> None:
    details = [
        {"type": "reasoning.summary", "summary": "So", **_FORMAT},
        {"type": "reasoning.encrypted", "data": "a", "id": "rs_1", **_FORMAT},
        {"type": "reasoning.encrypted", "data": "b", "id": "rs_2", **_FORMAT},
        {"type": "reasoning.text", "text": "Hm", **_FORMAT},
        {"type": "reasoning.text", "signature": "c", **_FORMAT},
        {"type": "reasoning.text", "text": "Aha", "signature": "d", **_FORMAT},
    ]
    thinking = [_chunk({"reasoning_details": [each]}) for each in details]

    content = _told(CHAT, MESSAGES, [*thinking, _chunk({"content": "Hi"}), _chunk({}, "stop")])[
        "content"
    ]

    assert [block.get("thinking", block.get("data")) for block in content[:-1]] == [
        "So",
        "sealed:openrouter/m:rs_1:a",
        "sealed:openrouter/m:rs_2:b",
        "Hm",
        "Aha",
    ]
    assert [block.get("signature", "")[-3:] for block in content[3:5]] == ["::c", "::d"]
