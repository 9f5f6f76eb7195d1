"""Responses and Messages at the door: what of a request is chat, and what a stream becomes."""

import json
from typing import Any

import orjson
import pytest

from router.domain.errors import ApiError
from router.domain.model import Capability
from router.wire.cached import cache_key
from router.wire.chat import parse_chat
from router.wire.dialects.dialect import Dialect
from router.wire.doors.door import Door
from router.wire.doors.stream_conversion import StreamConversion
from router.wire.doors.translated import MESSAGES, RESPONSES
from tests.wire.dialects.descriptions import check
from tests.wire.doors.asked import (
    ASK_MESSAGES,
    ASK_RESPONSES,
    BOTH,
    HEAD,
    RECEIPT,
    STREAM,
    USAGE,
    delta,
    events_of,
    stream_conversion,
)

TOOL = {"name": "f", "input_schema": {"type": "object"}}
QUESTION = [{"role": "user", "content": "Say hello"}]


def view(door: Door, body: dict[str, Any], **fields: Any) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(door.read(json.dumps({**body, **fields}).encode()).chat)
    return read


def refused(door: Door, body: dict[str, Any], **fields: Any) -> ApiError:
    with pytest.raises(ApiError) as raised:
        view(door, body, **fields)
    return raised.value


def test_a_question_is_the_question_that_chat_would_ask() -> None:
    assert view(RESPONSES, ASK_RESPONSES) == {"model": "auto", "messages": QUESTION}
    assert view(MESSAGES, ASK_MESSAGES) == {
        "model": "auto",
        "messages": QUESTION,
        "max_completion_tokens": 64,
    }


@BOTH
def test_what_is_asked_of_the_proxy_goes_with_it(
    door: Door, body: dict[str, Any], dialect: Dialect
) -> None:
    wish = {"receipt": True, "policy": "cheap"}
    assert view(door, body, farthing=wish)["farthing"] == wish
    original = door.read(json.dumps(body).encode()).original
    assert original is not None
    assert (original.dialect, json.loads(original.raw)) == (dialect, body)


@BOTH
def test_a_stream_asks_chat_for_its_usage(
    door: Door, body: dict[str, Any], dialect: Dialect
) -> None:
    assert view(door, body, stream=True)["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("store", [True, False, None])
def test_an_answer_that_may_be_stored_is_not_and_says_so(store: bool | None) -> None:
    body = {**ASK_RESPONSES, "store": store}
    assert "store" not in view(RESPONSES, body)
    message = {"role": "assistant", "content": "Hello"}
    answer = {**HEAD, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    told = RESPONSES.read(json.dumps(body).encode()).told({**answer, "usage": USAGE}, 9)
    check(Dialect.RESPONSES, "answer", told)
    assert told["store"] is False


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("previous_response_id", "resp_1", "send the whole conversation"),
        ("conversation", "conv_1", "send the whole conversation"),
        ("prompt", {"id": "pmpt_1"}, "send the text itself"),
    ],
)
def test_what_only_a_store_can_do_is_for_those_that_speak_responses(
    name: str, value: Any, remedy: str
) -> None:
    raw = orjson.dumps({**ASK_RESPONSES, name: value})
    for body in (raw, orjson.dumps({"model": "auto", name: value})):
        original = RESPONSES.read(body).original
        assert original is not None
        assert original.needs == {Capability.RESPONSES_API}
        error = original.unsaid
        assert error is not None
        assert (error.status, error.param, error.code) == (400, name, "unsupported_parameter")
        assert remedy in error.message


@pytest.mark.parametrize(
    ("name", "own"), [("verbosity", "text.verbosity"), ("reasoning_effort", "reasoning.effort")]
)
def test_what_responses_have_one_level_below_is_named_as_it_is_there(name: str, own: str) -> None:
    error = RESPONSES.in_its_words(ApiError.invalid(name, f"'{name}' is odd."))
    assert (error.param, error.message) == (own, f"'{own}' is odd.")


LONG = "mcp__a_server_whose_name_is_long__and_a_tool_whose_name_is_no_shorter_than_that"
GROUP = {
    "type": "namespace",
    "name": "agents",
    "description": "Helpers",
    "tools": [{"type": "function", "name": "spawn", "parameters": {"type": "object"}}],
}


@pytest.mark.parametrize(
    ("door", "body", "fields"),
    [
        (MESSAGES, ASK_MESSAGES, {"tools": [{"name": LONG, "input_schema": {"type": "object"}}]}),
        (MESSAGES, ASK_MESSAGES, {"tool_choice": {"type": "a_kind_of_tomorrow"}}),
        (RESPONSES, ASK_RESPONSES, {"tools": [{"type": "function", "name": LONG}]}),
        (RESPONSES, ASK_RESPONSES, {"tools": [{**GROUP, "tools": [GROUP]}]}),
        (MESSAGES, ASK_MESSAGES, {"tools": [GROUP]}),
        (RESPONSES, ASK_RESPONSES, {"text": {"format": {"type": "a_kind_of_tomorrow"}}}),
        (RESPONSES, ASK_RESPONSES, {"text": {"format": {"type": "json_schema", "new": 1}}}),
        (RESPONSES, ASK_RESPONSES, {"previous_response_id": "resp_1", "input": []}),
    ],
)
def test_what_chat_has_no_place_for_is_left_to_models_of_that_api(
    door: Door, body: dict[str, Any], fields: dict[str, Any]
) -> None:
    original = door.read(orjson.dumps({**body, **fields})).original
    assert original is not None
    assert original.unsaid is not None


def test_a_mistake_beside_what_only_openai_runs_is_told_as_it_is_without() -> None:
    wrong = {"text": {"format": "json"}, "tools": [{"type": "web_search"}]}
    with pytest.raises(ApiError, match=r"'text\.format' must be an object, not a string"):
        RESPONSES.read(orjson.dumps({**ASK_RESPONSES, **wrong}))


def test_what_is_no_conversation_is_refused_where_one_is_stored_too() -> None:
    with pytest.raises(ApiError, match="'input' must be a string or a non-empty array"):
        RESPONSES.read(
            orjson.dumps({**ASK_RESPONSES, "previous_response_id": "resp_1", "input": {}})
        )


def test_the_tools_of_a_group_are_seen_beside_what_only_openai_runs() -> None:
    told = view(RESPONSES, ASK_RESPONSES, tools=[{"type": "web_search"}, GROUP])
    names = [tool["function"]["name"] for tool in told["tools"]]
    assert names == ["web_search", "agents__spawn"]


def test_who_refers_to_what_was_answered_is_told_to_send_it() -> None:
    """The AI SDK does so from the second turn on, unless its user forbids it to have answers stored."""
    said = [{"role": "user", "content": "Hello"}, {"type": "item_reference", "id": "msg_1"}]
    original = RESPONSES.read(orjson.dumps({"model": "auto", "input": said})).original
    assert original is not None
    error = original.unsaid
    assert error is not None
    assert error.param == "input[1].type"
    assert "send the item itself, as clients do with 'store': false" in error.message


def test_what_is_to_be_fetched_later_is_refused() -> None:
    error = refused(RESPONSES, ASK_RESPONSES, background=True)
    assert (error.status, error.param, error.code) == (400, "background", "unsupported_parameter")
    assert "stream the answer" in error.message


def test_what_agents_say_although_it_is_so_anyhow_is_left_out() -> None:
    usual: dict[str, Any] = {
        "parallel_tool_calls": True,
        "service_tier": "auto",
        "text": {"verbosity": "medium"},
        "client_metadata": {"version": "1"},
        "max_tool_calls": 3,
        "include": ["reasoning.encrypted_content"],
    }
    tools = [{"type": "function", "name": "f", "parameters": {"type": "object"}}]
    plain = view(RESPONSES, ASK_RESPONSES, tools=tools)
    assert view(RESPONSES, ASK_RESPONSES, tools=tools, **usual) == plain
    assert view(RESPONSES, ASK_RESPONSES, text={"verbosity": "low"})["verbosity"] == "low"


def test_not_to_think_is_to_say_nothing_of_it() -> None:
    silent = view(MESSAGES, ASK_MESSAGES)
    assert view(MESSAGES, ASK_MESSAGES, thinking={"type": "disabled"}) == silent


@pytest.mark.parametrize(
    ("asked", "kinds"),
    [
        ({}, ["text"]),
        ({"thinking": {"type": "disabled"}}, ["text"]),
        ({"thinking": {"type": "adaptive"}}, ["thinking", "text"]),
        ({"tools": [TOOL]}, ["thinking", "text"]),
    ],
    ids=["nothing", "no thoughts", "thoughts", "tools"],
)
def test_a_message_has_no_thoughts_for_whoever_may_take_its_first_block_for_the_text(
    asked: dict[str, Any], kinds: list[str]
) -> None:
    read = MESSAGES.read(json.dumps({**ASK_MESSAGES, **asked}).encode())
    said = {"role": "assistant", "reasoning_content": "Hm.", "content": "Hello"}
    choice = {"index": 0, "message": said, "finish_reason": "stop"}
    answer = read.told({**HEAD, "choices": [choice], "usage": USAGE}, 9)
    assert [block["type"] for block in answer["content"]] == kinds
    stream = StreamConversion(read.event_writer(9)).feed(delta(reasoning_content="Hm.") + STREAM)
    events = events_of(stream)
    begun = [each for each in events if each["type"] == "content_block_start"]
    assert [each["content_block"]["type"] for each in begun] == kinds
    assert [each["index"] for each in begun] == list(range(len(kinds)))
    assert (b"Hm." in stream) is ("thinking" in kinds)
    assert events[-1]["type"] == "message_stop"


def test_who_wants_no_thoughts_hears_that_the_model_is_at_work() -> None:
    told = stream_conversion(MESSAGES, ASK_MESSAGES)
    (start, *_) = events_of(told.feed(delta(reasoning_content="Hm.")))
    assert start["type"] == "message_start"
    for _ in range(2):
        assert (
            told.feed(delta(reasoning_content="Hm.")) == b'event: ping\ndata: {"type":"ping"}\n\n'
        )
    assert b"ping" not in told.feed(STREAM)


def test_a_fault_amid_thoughts_is_told_to_whoever_wants_none() -> None:
    told = stream_conversion(MESSAGES, ASK_MESSAGES)
    (*_, last) = events_of(told.feed(delta(reasoning_content="Hm.")) + told.end())
    assert last["type"] == "error"


@pytest.mark.parametrize(
    ("budget", "effort"),
    [(1024, "low"), (2048, "low"), (8000, "medium"), (16_000, "high"), (31_999, "high")],
)
def test_a_budget_to_think_with_is_an_effort_that_every_thinking_model_knows(
    budget: int, effort: str
) -> None:
    thinking = {"type": "enabled", "budget_tokens": budget}
    assert view(MESSAGES, ASK_MESSAGES, thinking=thinking)["reasoning_effort"] == effort


def test_cache_marks_are_not_shown_to_those_who_may_not_know_them() -> None:
    marked = {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}
    told = view(MESSAGES, ASK_MESSAGES, system=[marked])
    assert told["messages"][0] == {"role": "system", "content": "Be brief."}


@BOTH
def test_model_and_conversation_must_be_there_and_be_some(
    door: Door, body: dict[str, Any], dialect: Dialect
) -> None:
    name = "input" if dialect is Dialect.RESPONSES else "messages"
    for missing in ("model", name):
        error = refused(door, {**body, missing: None})
        assert (error.param, error.code) == (missing, "missing_required_parameter")
    empties: tuple[Any, ...] = ([], 7, {})
    for empty in empties:
        error = refused(door, {**body, name: empty})
        assert (error.param, error.code) == (name, "invalid_value")


@BOTH
def test_what_is_nested_too_deeply_to_be_written_is_refused(
    door: Door, body: dict[str, Any], dialect: Dialect
) -> None:
    name = "parameters" if dialect is Dialect.RESPONSES else "input_schema"
    tool = f'{{"type": "X", "name": "f", "{name}": {"".join(["{"] + [chr(34) + "a" + chr(34) + ":{"] * 400)}'
    tool = tool.replace("X", "function" if dialect is Dialect.RESPONSES else "custom")
    raw = json.dumps(body)[:-1] + f', "tools": [{tool}{"}" * 401}}}]}}'
    with pytest.raises(ApiError) as raised:
        door.read(raw.encode())
    assert (raised.value.status, raised.value.code) == (400, "invalid_json")


def test_arguments_of_an_earlier_call_that_are_nested_too_deeply_are_named() -> None:
    nested = '{"a":' * 400 + "1" + "}" * 400
    call = f'{{"type": "tool_use", "id": "a", "name": "f", "input": {nested}}}'
    said = f'[{{"role": "user", "content": "x"}}, {{"role": "assistant", "content": [{call}]}}]'
    with pytest.raises(ApiError) as raised:
        MESSAGES.read(f'{{"model": "auto", "max_tokens": 9, "messages": {said}}}'.encode())
    assert (raised.value.status, raised.value.param) == (400, "messages[1].content[0].input")


@BOTH
def test_a_stream_is_told_in_order_and_as_the_vendors_describe_it(
    door: Door, body: dict[str, Any], dialect: Dialect
) -> None:
    told = stream_conversion(door, body)
    stream = told.feed(STREAM) + told.end()
    events = events_of(stream)
    for each in events:
        check(dialect, "event", each)
    if dialect is Dialect.RESPONSES:
        assert [each["sequence_number"] for each in events] == list(range(len(events)))
        assert events[-1]["response"]["farthing"] == RECEIPT
        assert events[-1]["response"]["usage"]["total_tokens"] == 5
    else:
        assert events[-2]["farthing"] == RECEIPT
        assert events[-2]["usage"]["output_tokens"] == 2
    assert stream.index(b": farthing cost-usd") < stream.index(
        b"event: " + events[-2]["type"].encode()
    )


def test_requests_that_differ_only_in_how_hard_to_think_have_answers_of_their_own() -> None:
    keys = set()
    for effort in ("low", "medium", "high", "xhigh", "max"):
        read = MESSAGES.read(orjson.dumps({**ASK_MESSAGES, "output_config": {"effort": effort}}))
        keys.add(cache_key(parse_chat(read.chat, original=read.original).naming, ()))
    assert len(keys) == 5
