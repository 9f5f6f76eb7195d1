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
