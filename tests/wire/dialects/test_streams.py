"""Streams as upstreams really send them: interleaved, cut off, with pings, failing midway."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import pytest

from router.wire.answer import MalformedAnswer
from router.wire.dialects.answer import AnswerContext, ReportedError
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.translate import StreamTranslator, event_bytes, translate_answer
from router.wire.sse import EventSplitter, data_of
from tests.wire.dialects.descriptions import check
from tests.wire.dialects.faults_table import STREAM_ERRORS
from tests.wire.dialects.merging import merge

CHAT, RESPONSES, MESSAGES = Dialect.CHAT, Dialect.RESPONSES, Dialect.MESSAGES
OCCASION = AnswerContext(now_s=9)


def _translator(source: Dialect, target: Dialect) -> StreamTranslator:
    return StreamTranslator(Target(source), target, OCCASION)


def _chunk(delta: Mapping[str, Any], reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 5, "model": "m"}
    return {**head, "choices": [choice]}


def _calling(index: int, arguments: str, given: str = "", name: str = "") -> dict[str, Any]:
    head = {"id": given, "type": "function"} if given else {}
    function = {"name": name, "arguments": arguments} if name else {"arguments": arguments}
    return _chunk({"tool_calls": [{"index": index, **head, "function": function}]})


def _all(translator: StreamTranslator, events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    told = [each for event in events for each in translator.feed(event)]
    return told + translator.end()


_INTERLEAVED = [
    _chunk({"role": "assistant", "content": ""}),
    _calling(0, '{"a":', "c0", "f"),
    _calling(1, "", "c1", "g"),
    _calling(1, '{"b":2}'),
    _calling(0, "1}"),
    _chunk({}, "tool_calls"),
]


def test_calls_that_come_interleaved_are_told_one_after_the_other() -> None:
    told = _all(_translator(CHAT, MESSAGES), _INTERLEAVED)

    whole = merge(MESSAGES, told)
    assert whole["content"] == [
        {"type": "tool_use", "id": "c0", "name": "f", "input": {"a": 1}},
        {"type": "tool_use", "id": "c1", "name": "g", "input": {"b": 2}},
    ]
    assert whole["stop_reason"] == "tool_use"


def test_the_second_call_is_told_at_once_where_the_first_is_whole() -> None:
    translator = _translator(CHAT, RESPONSES)
    translator.feed(_calling(0, '{"a":1}', "c0", "f"))

    told = translator.feed(_calling(1, '{"b":', "c1", "g"))

    assert [event["type"] for event in told] == [
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.output_item.added",
        "response.function_call_arguments.delta",
    ]


def test_calls_that_a_server_does_not_count_are_told_apart_by_their_ids() -> None:
    chunks = [_calling(0, '{"a":1}', "c0", "f"), _calling(0, "{}", "c1", "g"), _chunk({}, "stop")]

    whole = merge(MESSAGES, _all(_translator(CHAT, MESSAGES), chunks))

    assert [block["id"] for block in whole["content"]] == ["c0", "c1"]
    assert whole["stop_reason"] == "tool_use"  # though the server says that it stopped


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_call_without_a_word_of_arguments_has_none_in_json(is_stream: bool) -> None:
    begun = [_calling(0, "", "c0", "f"), _calling(1, "", "c1", "g")]
    calls = [call for each in begun for call in each["choices"][0]["delta"]["tool_calls"]]
    whole = {"choices": [{"message": {"tool_calls": calls}, "finish_reason": "tool_calls"}]}

    if is_stream:
        events = _all(_translator(CHAT, RESPONSES), [*begun, _chunk({}, "tool_calls")])
        told = merge(RESPONSES, events)
    else:
        told = dict(translate_answer(whole, Target(CHAT), RESPONSES, OCCASION))

    assert [item["arguments"] for item in told["output"]] == ["{}", "{}"]


def test_only_the_first_of_several_choices_is_told() -> None:
    other = _chunk({"content": "no"})
    other["choices"][0]["index"] = 1
    chunks = [_chunk({"role": "assistant", "content": "yes"}), other, _chunk({}, "stop")]

    whole = merge(RESPONSES, _all(_translator(CHAT, RESPONSES), chunks))

    assert [part["text"] for part in whole["output"][0]["content"]] == ["yes"]


def test_the_usage_that_follows_the_end_is_told_with_it() -> None:
    translator = _translator(CHAT, MESSAGES)
    translator.feed(_chunk({"role": "assistant", "content": "Hi"}))
    usage = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}

    at_the_end = translator.feed(_chunk({}, "stop"))
    after_it = translator.feed({**_chunk({}), "choices": [], "usage": usage})

    assert [event["type"] for event in at_the_end] == ["content_block_stop"]
    assert [event["type"] for event in after_it] == ["message_delta", "message_stop"]
    assert after_it[0]["usage"]["input_tokens"] == 7
    assert translator.end() == []


def test_a_ping_says_nothing() -> None:
    assert _translator(MESSAGES, CHAT).feed({"type": "ping"}) == []


def test_an_event_that_nobody_knows_says_nothing() -> None:
    assert _translator(MESSAGES, CHAT).feed({"type": "invented"}) == []
    assert _translator(RESPONSES, CHAT).feed({"type": "response.invented"}) == []


_BEGINNINGS: Mapping[Dialect, Mapping[str, Any]] = {
    CHAT: _chunk({"role": "assistant", "content": "Hi"}),
    RESPONSES: {"type": "response.created", "response": {"id": "resp_1", "model": "m"}},
    MESSAGES: {"type": "message_start", "message": {"id": "msg_1", "model": "m"}},
}


def _is_error(event: Mapping[str, Any]) -> bool:
    return "error" in event or event.get("type") in ("error", "response.failed")


@pytest.mark.parametrize("target", Dialect)
@pytest.mark.parametrize("source", Dialect)
def test_a_stream_that_stops_too_early_ends_with_an_error(source: Dialect, target: Dialect) -> None:
    translator = _translator(source, target)
    translator.feed(_BEGINNINGS[source])

    told = translator.end()

    assert [_is_error(event) for event in told] == [True]
    assert "ended before it was complete" in str(told)


@pytest.mark.parametrize("target", Dialect)
@pytest.mark.parametrize("source", Dialect)
def test_an_error_amid_a_stream_is_told_and_nothing_after_it(
    source: Dialect, target: Dialect
) -> None:
    translator = _translator(source, target)
    translator.feed(_BEGINNINGS[source])

    (told,) = translator.feed(STREAM_ERRORS[source.value])

    assert _is_error(told)
    assert "No." in str(told)
    check(target, "event" if target is RESPONSES else "error", told)
    assert translator.feed(_BEGINNINGS[source]) == []
    assert translator.end() == []


def test_an_error_before_anything_else_is_an_error_event() -> None:
    (told,) = _translator(CHAT, RESPONSES).feed(STREAM_ERRORS["chat"])

    check(RESPONSES, "event", told)
    assert told["type"] == "error"


def test_a_failed_response_is_an_error_with_its_reason() -> None:
    failed = {"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "Wait."}}
    translator = _translator(RESPONSES, MESSAGES)

    (told,) = translator.feed({"type": "response.failed", "response": failed})

    assert told["error"] == {"type": "rate_limit_error", "message": "Wait."}


@pytest.mark.parametrize("code", ["too_many_requests", None])
def test_an_error_event_may_nest_what_it_tells_as_openai_does(code: str | None) -> None:
    inner = {"type": "too_many_requests", "code": code, "message": "Wait.", "param": None}

    (told,) = _translator(RESPONSES, MESSAGES).feed({"type": "error", "error": inner})

    assert told["error"] == {"type": "rate_limit_error", "message": "Wait."}


def test_the_server_can_end_a_stream_itself() -> None:
    translator = _translator(CHAT, MESSAGES)
    translator.feed(_BEGINNINGS[CHAT])

    (told,) = translator.fail(ReportedError(504, "Too slow."))

    assert told["error"] == {"type": "timeout_error", "message": "Too slow."}
    assert translator.end() == []


def test_what_is_no_event_of_the_dialect_is_malformed() -> None:
    with pytest.raises(MalformedAnswer, match="choices"):
        _translator(CHAT, MESSAGES).feed({"choices": 1})


def test_a_thought_without_a_word_keeps_its_seal() -> None:
    item = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "enc"}
    events = [
        _BEGINNINGS[RESPONSES],
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {"status": "completed"}},
    ]

    whole = merge(MESSAGES, _all(_translator(RESPONSES, MESSAGES), events))

    assert whole["content"] == [{"type": "redacted_thinking", "data": "sealed:responses:rs_1:enc"}]


_SAID: dict[str, Any] = {"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}
_CALLED = {"type": "function_call", "call_id": "c0", "name": "f", "arguments": "{}"}
_BEGUN = {"type": "response.created", "response": {"id": "resp_1", "model": "m"}}
_ENDED = {"type": "response.completed", "response": {"output": [_SAID, _CALLED]}}


@pytest.mark.parametrize(
    "events",
    [
        [],
        [
            {"type": "response.output_item.done", "output_index": at, "item": item}
            for at, item in enumerate((_SAID, _CALLED))
        ],
        [
            {"type": "response.output_text.delta", "output_index": 0, "delta": "Hi"},
            {"type": "response.output_item.done", "output_index": 0, "item": _SAID},
            {"type": "response.output_item.added", "output_index": 1, "item": _CALLED},
            {"type": "response.output_item.done", "output_index": 1, "item": _CALLED},
        ],
    ],
    ids=["the whole Response", "items", "deltas"],
)
def test_a_response_may_be_told_in_fewer_events_than_openai_has(
    events: list[dict[str, Any]],
) -> None:
    told = merge(MESSAGES, _all(_translator(RESPONSES, MESSAGES), [_BEGUN, *events, _ENDED]))

    assert [block.get("text") or block["name"] for block in told["content"]] == ["Hi", "f"]
    assert told["stop_reason"] == "tool_use"


_NEW = {"a_member_of_tomorrow": {"a": 1}}
_FUNCTION = {"name": "f", "arguments": "{}"}
_WHOLE_ANSWERS: Mapping[Dialect, dict[str, Any]] = {
    CHAT: {
        "choices": [
            {
                "message": {
                    "content": "Hi",
                    "tool_calls": [
                        {"id": "c0", "type": "function", "function": _FUNCTION, **_NEW},
                    ],
                }
            }
        ]
    },
    RESPONSES: {
        "output": [
            {**_SAID, **_NEW, "content": [{**_SAID["content"][0], **_NEW}]},
            {**_CALLED, **_NEW},
        ]
    },
    MESSAGES: {
        "content": [
            {"type": "text", "text": "Hi", **_NEW},
            {"type": "tool_use", "id": "c0", "name": "f", "input": {}, **_NEW},
        ]
    },
}
_TARGETS = {CHAT: MESSAGES, RESPONSES: MESSAGES, MESSAGES: RESPONSES}


@pytest.mark.parametrize("source", Dialect)
def test_an_answer_of_another_api_is_none(source: Dialect) -> None:
    with pytest.raises(MalformedAnswer, match="has no"):
        translate_answer({"id": "1", "model": "m"}, Target(source), _TARGETS[source], OCCASION)


@pytest.mark.parametrize("source", Dialect)
def test_what_an_answer_says_besides_does_not_spoil_it(source: Dialect) -> None:
    answer = _WHOLE_ANSWERS[source]

    told = translate_answer(answer, Target(source), _TARGETS[source], OCCASION)

    assert '"Hi"' in orjson.dumps(told).decode()
    assert "tomorrow" not in orjson.dumps(told).decode()


@pytest.mark.parametrize(
    ("source", "event"),
    [
        (CHAT, _chunk({"tool_calls": [{"index": 0, "id": "c0", "function": _FUNCTION, **_NEW}]})),
        (
            RESPONSES,
            {"type": "response.output_item.added", "output_index": 0, "item": {**_CALLED, **_NEW}},
        ),
        (
            MESSAGES,
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": _WHOLE_ANSWERS[MESSAGES]["content"][1],
            },
        ),
    ],
)
def test_what_an_event_says_besides_does_not_spoil_it(
    source: Dialect, event: dict[str, Any]
) -> None:
    assert "c0" in str(_translator(source, _TARGETS[source]).feed(event))


def test_texts_that_come_without_deltas_are_told_when_they_are_done() -> None:
    part = {"type": "output_text", "text": "Hi", "annotations": []}
    place = {"output_index": 0, "content_index": 0}
    events = [
        _BEGINNINGS[RESPONSES],
        {"type": "response.content_part.added", **place, "part": {**part, "text": ""}},
        {"type": "response.content_part.done", **place, "part": part},
        {"type": "response.completed", "response": {"status": "completed"}},
    ]

    whole = merge(MESSAGES, _all(_translator(RESPONSES, MESSAGES), events))

    assert [block["text"] for block in whole["content"]] == ["Hi"]


@pytest.mark.parametrize("dialect", Dialect)
def test_events_are_named_where_the_dialect_names_them(dialect: Dialect) -> None:
    raw = event_bytes(STREAM_ERRORS[dialect.value], dialect)

    (event,) = EventSplitter().feed(raw)
    named = event.startswith(b"event: error\n")
    assert data_of(event) is not None
    assert named is (dialect is not CHAT)
