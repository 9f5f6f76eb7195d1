"""Tools in namespaces, as Codex offers its helpers: single tools for other APIs, and groups again for the client."""

from typing import Any

import pytest

from router.domain.errors import ApiError
from router.wire.dialects.answer import AnswerContext
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.translate import (
    StreamTranslator,
    translate_answer,
    translate_request,
)
from tests.wire.dialects.descriptions import check
from tests.wire.dialects.telling import tell_answer

Json = dict[str, Any]
CHAT, RESPONSES, MESSAGES = Dialect.CHAT, Dialect.RESPONSES, Dialect.MESSAGES


def function(name: str, description: str = "") -> Json:
    head = {"type": "function", "name": name, "description": description}
    return {**head, "strict": False, "parameters": {"type": "object", "properties": {}}}


def group(name: str, *tools: Json) -> Json:
    return {"type": "namespace", "name": name, "description": "Helpers.", "tools": list(tools)}


AGENTS = group("agents", function("spawn", "Start one."), function("wait", "Wait for it."))
ASKED: Json = {
    "model": "m",
    "max_output_tokens": 9,
    "input": "Go on.",
    "tools": [function("look"), AGENTS],
}
OCCASION = AnswerContext(now_s=9, asked=ASKED)


def call(name: str) -> Json:
    """A chat completion that calls a tool."""
    made = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "tool_calls": [made]}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
    }


def names(body: Json, dialect: Dialect) -> list[str]:
    return [tool["function"]["name"] if dialect is CHAT else tool["name"] for tool in body["tools"]]


@pytest.mark.parametrize("dialect", [CHAT, MESSAGES])
def test_each_tool_of_a_group_is_a_tool_with_one_name(dialect: Dialect) -> None:
    body = dict(translate_request(ASKED, RESPONSES, Target(dialect)))

    assert names(body, dialect) == ["look", "agents__spawn", "agents__wait"]
    assert "Helpers.\n\nStart one." in str(body["tools"][1]).replace("\\n", "\n")
    assert "Helpers." not in str(body["tools"][2])


def test_a_name_that_would_be_too_long_is_shortened_and_stays_apart() -> None:
    long = group("n" * 50, function("a" * 30), function("a" * 29 + "b"))
    body = translate_request({**ASKED, "tools": [long]}, RESPONSES, Target(CHAT))

    one, other = names(dict(body), CHAT)
    assert one != other
    assert len(one) == len(other) == 64


def test_a_call_is_told_with_its_namespace() -> None:
    told = translate_answer(call("agents__spawn"), Target(CHAT), RESPONSES, OCCASION)

    (item,) = told["output"]
    assert (item["namespace"], item["name"]) == ("agents", "spawn")
    check(RESPONSES, "answer", told)


def test_a_call_of_a_single_tool_is_in_none() -> None:
    told = translate_answer(call("look"), Target(CHAT), RESPONSES, OCCASION)

    (item,) = told["output"]
    assert item["name"] == "look"
    assert "namespace" not in item


def test_so_does_a_stream_tell_it() -> None:
    upstream = tell_answer(call("agents__wait"), CHAT, CHAT, OCCASION)
    translator = StreamTranslator(Target(CHAT), RESPONSES, OCCASION)
    events = [made for event in upstream for made in translator.feed(event)]
    events += translator.end()

    (added,) = (each for each in events if each["type"] == "response.output_item.added")
    (done,) = (each for each in events if each["type"] == "response.output_item.done")
    assert (added["item"]["namespace"], added["item"]["name"]) == ("agents", "wait")
    assert (done["item"]["namespace"], done["item"]["name"]) == ("agents", "wait")
    for event in events:
        check(RESPONSES, "event", event)


def test_what_was_called_before_goes_by_the_same_name() -> None:
    made = {"type": "function_call", "call_id": "c", "namespace": "agents", "name": "spawn"}
    result = {"type": "function_call_output", "call_id": "c", "namespace": "agents", "output": "ok"}
    talk = [{"role": "user", "content": "Hi"}, {**made, "arguments": "{}"}, result]
    body = translate_request({**ASKED, "input": talk}, RESPONSES, Target(CHAT))

    (called,) = body["messages"][1]["tool_calls"]
    assert called["function"]["name"] == "agents__spawn"


def test_a_tool_of_a_group_can_be_chosen() -> None:
    choice = {"type": "function", "namespace": "agents", "name": "spawn"}
    body = translate_request({**ASKED, "tool_choice": choice}, RESPONSES, Target(CHAT))

    assert body["tool_choice"]["function"]["name"] == "agents__spawn"


@pytest.mark.parametrize(
    ("tool", "place"),
    [
        (group("agents"), "tools[0].tools"),
        (group("agents", group("inner", function("a"))), "tools[0].tools[0].type"),
        ({"type": "namespace", "tools": [function("a")]}, "tools[0].name"),
        (group("agents", {"type": "web_search"}), "tools[0].tools[0].type"),
        ({**AGENTS, "colour": "red"}, "tools[0].colour"),
    ],
)
def test_what_is_no_group_is_refused_by_its_place(tool: Json, place: str) -> None:
    with pytest.raises(ApiError) as refused:
        translate_request({**ASKED, "tools": [tool]}, RESPONSES, Target(CHAT))

    assert refused.value.param == place
