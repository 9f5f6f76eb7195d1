"""Responses and Messages at the door: what of a request is chat, and what a stream becomes."""

import json
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.errors import ApiError
from router.domain.model import Capability
from router.wire.cached import cache_key
from router.wire.chat import parse_chat
from router.wire.dialects.dialect import Dialect
from router.wire.doors.door import Door
from router.wire.doors.retelling import Retelling
from router.wire.doors.translated import MESSAGES, RESPONSES
from tests.wire.dialects.descriptions import check

ASK_RESPONSES = {"model": "auto", "input": "Say hello"}
ASK_MESSAGES = {
    "model": "auto",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "Say hello"}],
}
TOOL = {"name": "f", "input_schema": {"type": "object"}}
QUESTION = [{"role": "user", "content": "Say hello"}]
HEAD = {"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 5, "model": "m"}
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
RECEIPT = {"cost_usd": "0.1"}


def view(door: Door, body: dict[str, Any], **fields: Any) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(door.read(json.dumps({**body, **fields}).encode()).chat)
    return read


def refused(door: Door, body: dict[str, Any], **fields: Any) -> ApiError:
    with pytest.raises(ApiError) as raised:
        view(door, body, **fields)
    return raised.value


def event(**members: Any) -> bytes:
    return b"data: " + json.dumps({**HEAD, **members}).encode() + b"\n\n"


def delta(**said: Any) -> bytes:
    return event(choices=[{"index": 0, "delta": said, "finish_reason": None}])


STREAM = b"".join(
    [
        delta(role="assistant", content=""),
        delta(content="Hel"),
        b": still there\n\n",
        delta(content="lo"),
        event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]),
        event(choices=[], usage=USAGE),
        event(choices=[], farthing=RECEIPT),
        b": farthing cost-usd=0.1\n\n",
        b"data: [DONE]\n\n",
    ]
)


def retelling(door: Door, body: dict[str, Any]) -> Retelling:
    return Retelling(door.read(json.dumps(body).encode()).teller(9))


def events_of(stream: bytes) -> list[dict[str, Any]]:
    """The events of a stream, each named as its type says."""
    events = []
    for block in stream.decode().split("\n\n"):
        lines = block.split("\n")
        if lines[0].startswith("event: "):
            event = json.loads(lines[1].removeprefix("data: "))
            assert lines[0] == f"event: {event['type']}"
            events.append(event)
    return events


BOTH = pytest.mark.parametrize(
    ("door", "body", "dialect"),
    [
        (RESPONSES, ASK_RESPONSES, Dialect.RESPONSES),
        (MESSAGES, ASK_MESSAGES, Dialect.MESSAGES),
    ],
    ids=["responses", "messages"],
)


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
    stream = Retelling(read.teller(9)).feed(delta(reasoning_content="Hm.") + STREAM)
    events = events_of(stream)
    begun = [each for each in events if each["type"] == "content_block_start"]
    assert [each["content_block"]["type"] for each in begun] == kinds
    assert [each["index"] for each in begun] == list(range(len(kinds)))
    assert (b"Hm." in stream) is ("thinking" in kinds)
    assert events[-1]["type"] == "message_stop"


def test_a_fault_amid_thoughts_is_told_to_whoever_wants_none() -> None:
    told = retelling(MESSAGES, ASK_MESSAGES)
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
    told = retelling(door, body)
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


@BOTH
def test_words_are_told_at_once_and_the_end_only_when_the_books_are_closed(
    door: Door, body: dict[str, Any], dialect: Dialect
) -> None:
    told = retelling(door, body)
    *before, done = [each + b"\n\n" for each in STREAM.split(b"\n\n") if each]
    pieces = [told.feed(each) for each in before]
    assert b"Hel" in pieces[1]
    end = b"response.completed" if dialect is Dialect.RESPONSES else b"message_stop"
    assert end not in b"".join(pieces)
    assert end in told.feed(done)
    assert told.feed(done) == told.end() == b""


def test_requests_that_differ_only_in_how_hard_to_think_have_answers_of_their_own() -> None:
    keys = set()
    for effort in ("low", "medium", "high", "xhigh", "max"):
        read = MESSAGES.read(orjson.dumps({**ASK_MESSAGES, "output_config": {"effort": effort}}))
        keys.add(cache_key(parse_chat(read.chat, original=read.original).naming, ()))
    assert len(keys) == 5


@BOTH
@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_in_whatever_pieces_a_stream_comes_it_says_the_same(
    door: Door, body: dict[str, Any], dialect: Dialect, cuts: list[int]
) -> None:
    whole, cut = retelling(door, body), retelling(door, body)
    bounds = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[a:b] for a, b in pairwise(bounds)]
    assert b"".join(map(cut.feed, pieces)) + cut.end() == whole.feed(STREAM) + whole.end()


@BOTH
def test_a_stream_that_gives_no_reason_for_its_end_is_whole_all_the_same(
    door: Door, body: dict[str, Any], dialect: Dialect
) -> None:
    silent, usual = retelling(door, body), retelling(door, body)
    said, done = delta(content="Hi"), b"data: [DONE]\n\n"
    stopped = event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
    assert silent.feed(said + done) == usual.feed(said + stopped + done)


@BOTH
@pytest.mark.parametrize("kept", [0, 1, 3])
def test_a_stream_that_ends_too_early_ends_in_an_error(
    door: Door, body: dict[str, Any], dialect: Dialect, kept: int
) -> None:
    told = retelling(door, body)
    begun = b"".join(each + b"\n\n" for each in STREAM.split(b"\n\n")[:kept])
    (*_, last) = events_of(told.feed(begun) + told.end())
    check(dialect, "error" if dialect is Dialect.MESSAGES else "event", last)
    assert last["type"] in ("error", "response.failed")
    assert told.end() == b""


@BOTH
@pytest.mark.parametrize("nonsense", [b"{", b"[]", b'{"choices": {}}', b'{"choices": [7]}'])
def test_nonsense_of_an_upstream_ends_in_an_error_and_no_more(
    door: Door, body: dict[str, Any], dialect: Dialect, nonsense: bytes
) -> None:
    told = retelling(door, body)
    events = events_of(told.feed(delta(content="Hel") + b"data: " + nonsense + b"\n\n" + STREAM))
    assert events[-1]["type"] in ("error", "response.failed")
    assert sum(each["type"] in ("error", "response.failed") for each in events) == 1
    assert told.end() == b""
