"""Streams that tell calls of tools in other ways than the vendor: each call is one, and whole."""

from typing import Any

import pytest

from router.wire.dialects.dialect import Dialect
from tests.wire.dialects.odd import calling, chat_chunk, heard

CHAT, RESPONSES, MESSAGES = Dialect.CHAT, Dialect.RESPONSES, Dialect.MESSAGES


def test_the_text_for_a_tool_comes_in_deltas_that_do_not_say_of_what_type_the_call_is() -> None:
    untyped = {"id": None, "type": None, "function": None}
    chunks = [
        calling(id="c0", type="custom", custom={"name": "shell", "input": ""}),
        calling(custom={"input": "ls "}),
        calling(**untyped, custom={"input": "-l"}),
        chat_chunk({}, "tool_calls"),
    ]

    (item,) = heard(CHAT, RESPONSES, chunks)["output"]

    assert (item["type"], item["name"], item["input"]) == ("custom_tool_call", "shell", "ls -l")


@pytest.mark.parametrize("target", [RESPONSES, MESSAGES])
@pytest.mark.parametrize(
    "first",
    [{}, {"function": None}, {"function": {}}, {"function": {"name": None, "arguments": ""}}],
)
def test_a_call_begins_with_its_name(target: Dialect, first: dict[str, Any]) -> None:
    named = {"name": "f", "arguments": '{"a"'}
    rest = [calling(function={"arguments": ":1}"}), chat_chunk({}, "tool_calls")]
    usual = [calling(id="c0", type="function", function=named), *rest]
    late = [calling(id="c0", type="function", **first), calling(function=named), *rest]

    assert heard(CHAT, target, late) == heard(CHAT, target, usual)


def test_a_custom_tool_may_be_named_later_too() -> None:
    chunks = [
        calling(id="c0", type="custom"),
        calling(custom={"name": "shell", "input": "ls"}),
        chat_chunk({}, "tool_calls"),
    ]

    (item,) = heard(CHAT, RESPONSES, chunks)["output"]

    assert (item["type"], item["name"], item["input"]) == ("custom_tool_call", "shell", "ls")


def test_what_comes_before_a_name_is_not_lost() -> None:
    early = calling(id="c0", function={"arguments": '{"a"'})
    named = calling(function={"name": "f", "arguments": ":1}"})
    ends = chat_chunk({}, "tool_calls")

    (block,) = heard(CHAT, MESSAGES, [early, named, ends])["content"]
    (nameless,) = heard(CHAT, MESSAGES, [early, calling(function={"arguments": ":1}"}), ends])[
        "content"
    ]

    assert (block["id"], block["name"], block["input"]) == ("c0", "f", {"a": 1})
    assert (nameless["id"], nameless["name"], nameless["input"]) == ("c0", "", {"a": 1})


def test_a_function_stays_one_where_an_empty_custom_tool_is_told_with_it() -> None:
    chunks = [
        calling(id="c0", type="function", custom={}, function={"name": "f", "arguments": "{"}),
        calling(custom={}, function={"arguments": "}"}),
        chat_chunk({}, "tool_calls"),
    ]

    (item,) = heard(CHAT, RESPONSES, chunks)["output"]

    assert (item["type"], item["arguments"]) == ("function_call", "{}")


def test_a_call_that_has_ended_does_not_begin_again() -> None:
    other = {"index": 1, "id": "c1", "type": "function"}
    chunks = [
        calling(id="c0", type="function", function={"name": "f", "arguments": '{"a":1}'}),
        chat_chunk({"tool_calls": [{**other, "function": {"name": "g", "arguments": ""}}]}),
        calling(function={"arguments": ""}),
        chat_chunk({"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]}),
        chat_chunk({}, "tool_calls"),
    ]

    blocks = heard(CHAT, MESSAGES, chunks)["content"]

    assert [(block["id"], block["input"]) for block in blocks] == [("c0", {"a": 1}), ("c1", {})]


def test_a_delta_may_say_nothing_of_the_call_that_it_is_about() -> None:
    begun = calling(id="c0", type="function", function={"name": "f", "arguments": '{"a":1}'})
    silent = calling(id="c0", type="function", function=None)

    (block,) = heard(CHAT, MESSAGES, [begun, silent, chat_chunk({}, "tool_calls")])["content"]

    assert (block["name"], block["input"]) == ("f", {"a": 1})


def test_a_call_is_one_though_every_delta_of_it_has_an_id_of_its_own() -> None:
    chunks = [
        calling(id="c0", function={"name": "f", "arguments": ""}),
        calling(id="c1", function={"arguments": "{"}),
        calling(id="c2", function={"arguments": "}"}),
        chat_chunk({}, "tool_calls"),
    ]

    (block,) = heard(CHAT, MESSAGES, chunks)["content"]

    assert (block["id"], block["input"]) == ("c0", {})
