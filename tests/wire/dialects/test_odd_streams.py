"""Streams of servers that take the protocol less seriously than its vendor: nothing is lost, doubled or invented."""

from typing import Any

import pytest

from router.wire.answer import MalformedAnswer
from router.wire.cutting import cut
from router.wire.dialects.answer import AnswerContext
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.translate import (
    StreamTranslator,
    event_bytes,
    translate_answer,
    translate_request,
)
from router.wire.native.messages import MessagesForm
from tests.wire.dialects.odd import chat_chunk, heard

CHAT, RESPONSES, MESSAGES = Dialect.CHAT, Dialect.RESPONSES, Dialect.MESSAGES


def test_an_answer_has_its_own_id_though_azure_begins_with_a_chunk_that_has_none() -> None:
    about_the_prompt = {"id": "", "model": "", "created": 0, "choices": []}
    chunks = [about_the_prompt, chat_chunk({"content": "Hi"}), chat_chunk({}, "stop")]

    message, response = (heard(CHAT, target, chunks) for target in (MESSAGES, RESPONSES))

    assert (message["id"], message["model"]) == ("msg_1", "m")
    assert (response["id"], response["created_at"]) == ("resp_1", 5)


def test_a_time_that_is_no_whole_number_does_not_spoil_an_answer() -> None:
    for created, told in ((5.7, 5), ("2026-11-27", 9), (1e300, 9)):
        chunks = [{**chat_chunk({"content": "Hi"}), "created": created}, chat_chunk({}, "stop")]
        assert heard(CHAT, RESPONSES, chunks)["created_at"] == told


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
    thinking = [chat_chunk({"reasoning_details": [each]}) for each in details]

    content = heard(
        CHAT, MESSAGES, [*thinking, chat_chunk({"content": "Hi"}), chat_chunk({}, "stop")]
    )["content"]

    assert [block.get("thinking", block.get("data")) for block in content[:-1]] == [
        "So",
        "sealed:openrouter/m:rs_1:a",
        "sealed:openrouter/m:rs_2:b",
        "Hm",
        "Aha",
    ]
    assert [block.get("signature", "")[-3:] for block in content[3:5]] == ["::c", "::d"]


def test_a_block_of_which_no_event_tells_the_end_hides_none_after_it() -> None:
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"id": "msg_1", "model": "m"}},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": "Hi"},
        },
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "tool_use", "id": "c0", "name": "f", "input": {}},
        },
        {"type": "content_block_stop", "index": 2},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {}},
        {"type": "message_stop"},
    ]

    said, called = heard(MESSAGES, RESPONSES, events)["output"]

    assert said["content"][0]["text"] == "Hi"
    assert (called["name"], called["arguments"]) == ("f", "{}")


_BEGUN: dict[str, Any] = {"type": "response.created", "response": {"id": "resp_1", "model": "m"}}
_CITED = {"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0}
_PART: dict[str, Any] = {
    "type": "output_text",
    "text": "Hi",
    "annotations": [{**_CITED, "end_index": 2}],
}
_ITEM = {"type": "message", "role": "assistant", "content": [_PART]}
_PLACE = {"output_index": 0, "content_index": 0}
_ADDED = {"type": "response.content_part.added", **_PLACE, "part": {**_PART, "text": ""}}
_ANNOTATED = {
    "type": "response.output_text.annotation.added",
    **_PLACE,
    "annotation": _PART["annotations"][0],
}
_PART_DONE = {"type": "response.content_part.done", **_PLACE, "part": _PART}
_ITEM_DONE = {"type": "response.output_item.done", "output_index": 0, "item": _ITEM}
_COMPLETED: dict[str, Any] = {
    "type": "response.completed",
    "response": {"status": "completed", "output": [_ITEM]},
}


@pytest.mark.parametrize(
    "events",
    [
        [],
        [_ITEM_DONE],
        [_ADDED, _ITEM_DONE],
        [_ADDED, _PART_DONE, _ITEM_DONE],
        [_ADDED, _ANNOTATED, _PART_DONE, _ITEM_DONE],
    ],
)
def test_a_text_and_what_it_cites_are_told_once_however_late_they_come(
    events: list[dict[str, Any]],
) -> None:
    (block,) = heard(RESPONSES, MESSAGES, [_BEGUN, *events, _COMPLETED])["content"]

    assert block["text"] == "Hi"
    assert [each["url"] for each in block["citations"]] == ["https://a.example"]


def test_an_item_of_which_no_event_tells_the_end_hides_none_after_it() -> None:
    call = {"type": "function_call", "call_id": "c0", "name": "f", "arguments": "{}"}
    events = [
        {"type": "response.output_text.delta", **_PLACE, "delta": "Hi"},
        {"type": "response.output_item.added", "output_index": 1, "item": call},
        {"type": "response.output_item.done", "output_index": 1, "item": call},
    ]

    said, called = heard(RESPONSES, MESSAGES, [_BEGUN, *events, _COMPLETED])["content"]

    assert (said["text"], called["name"]) == ("Hi", "f")


def _part(kind: str, text: str) -> dict[str, Any]:
    return {"type": kind, kind: [{"type": "text", "text": text}] if kind == "thinking" else text}


def test_mistrals_models_think_in_parts_of_the_content() -> None:
    parts = [_part("thinking", "H"), _part("thinking", "m")]
    thinking = [chat_chunk({"content": [each]}) for each in parts]
    chunks = [
        *thinking,
        chat_chunk({"content": [_part("text", "Hi")]}),
        chat_chunk({"content": " you"}),
    ]
    message = {"role": "assistant", "content": [*parts, _part("text", "Hi you")]}
    answer = {"id": "1", "model": "m", "choices": [{"message": message, "finish_reason": "stop"}]}

    streamed = heard(CHAT, MESSAGES, [*chunks, chat_chunk({}, "stop")])["content"]
    at_once = translate_answer(answer, Target(CHAT), MESSAGES, AnswerContext(now_s=9))["content"]

    assert streamed == at_once
    assert [block.get("thinking") or block["text"] for block in at_once] == ["Hm", "Hi you"]


def test_what_mistrals_models_thought_is_no_hindrance_to_another_that_goes_on() -> None:
    message = {"role": "assistant", "content": [_part("thinking", "Hm"), _part("text", "Hi")]}
    body = {"model": "m", "max_tokens": 9, "messages": [message]}

    told = translate_request(body, CHAT, Target(MESSAGES))

    assert told["messages"] == [{"role": "assistant", "content": "Hi"}]


def test_a_message_that_tells_its_end_in_two_deltas_ended_for_the_reason_of_the_first() -> None:
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"id": "msg_1", "model": "m"}},
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}},
        {
            "type": "message_delta",
            "delta": {"stop_reason": None},
            "usage": {"input_tokens": 1, "output_tokens": 2},
        },
        {"type": "message_stop"},
    ]
    form = MessagesForm()

    told = heard(MESSAGES, RESPONSES, events)
    passed = [form.read(event_bytes(event, MESSAGES)) for event in events]

    assert told["incomplete_details"] == {"reason": "max_output_tokens"}
    assert passed[-1].finish_reasons == {"length"}


@pytest.mark.parametrize("target", [RESPONSES, MESSAGES])
def test_sources_stay_with_their_text_where_an_answer_with_thoughts_is_cut_into_chunks(
    target: Dialect,
) -> None:
    cited = {"type": "url_citation", "url_citation": {**_CITED, "end_index": 2}}
    message = {"content": "Hi", "reasoning_content": "Hm", "annotations": [cited]}
    answer = {"id": "1", "model": "m", "choices": [{"message": message, "finish_reason": "stop"}]}

    told = heard(CHAT, target, cut(answer, "1", usage=False))

    assert told == translate_answer(answer, Target(CHAT), target, AnswerContext(now_s=9))


def test_a_block_may_be_told_as_a_whole_where_it_begins() -> None:
    source = {"type": "web_search_result_location", "url": "https://a.example", "title": "A"}
    blocks = [
        {"type": "thinking", "thinking": "Hm", "signature": "c2ln"},
        {"type": "text", "text": "Hi", "citations": [{**source, "cited_text": "Hi"}]},
    ]
    message = {"id": "msg_1", "model": "m", "content": blocks, "stop_reason": "end_turn"}
    used = {"input_tokens": 1, "output_tokens": 2}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "usage": used}},
        *(
            {**event, "index": at}
            for at, block in enumerate(blocks)
            for event in (
                {"type": "content_block_start", "content_block": block},
                {"type": "content_block_stop"},
            )
        ),
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": used},
        {"type": "message_stop"},
    ]

    at_once = translate_answer(
        {**message, "usage": used}, Target(MESSAGES), RESPONSES, AnswerContext(now_s=9)
    )

    assert heard(MESSAGES, RESPONSES, events) == at_once


def test_a_thought_in_plain_text_after_one_in_detail_is_told_unless_it_repeats_that_one() -> None:
    detail = {"type": "reasoning.text", "text": "Hm", "signature": "c2ln", **_FORMAT}
    told: list[dict[str, Any]] = [{"reasoning_details": [detail]}, {"reasoning": "H"}]
    told += [{"reasoning": "m"}, {"reasoning": "Aha"}]
    chunks = [*map(chat_chunk, told), chat_chunk({}, "stop")]

    blocks = heard(CHAT, MESSAGES, chunks)["content"]

    assert [block["thinking"] for block in blocks] == ["Hm", "Aha"]


def test_a_client_that_joins_whatever_it_is_told_twice_has_whole_thoughts() -> None:
    """As OpenAI's does it, with all members but `index` and `type`."""
    told = [("thinking", "H"), ("thinking", "m"), ("signature", "c2ln")]
    deltas = ({"type": f"{name}_delta", name: value} for name, value in told)
    begun = {"type": "thinking", "thinking": "", "signature": ""}
    events = [
        {"type": "content_block_start", "index": 0, "content_block": begun},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": 0},
    ]
    translator = StreamTranslator(Target(MESSAGES, "up/claude"), CHAT, AnswerContext(now_s=9))
    chunks = [chunk for event in events for chunk in translator.feed(event)]

    joined: dict[str, Any] = {}
    for chunk in chunks:
        (detail,) = chunk["choices"][0]["delta"]["reasoning_details"]
        for name, value in detail.items():
            is_more = name in joined and name not in ("index", "type")
            joined[name] = joined[name] + value if is_more else value

    whose = {"format": "up/claude", "index": 0}
    assert joined == {"type": "reasoning.text", "text": "Hm", "signature": "c2ln", **whose}


@pytest.mark.parametrize("target", [MESSAGES, RESPONSES])
def test_what_is_said_after_the_reason_for_the_end_is_part_of_the_answer(target: Dialect) -> None:
    call = {"index": 0, "id": "c0", "type": "function", "function": {"name": "f", "arguments": ""}}
    begun, said = chat_chunk({"content": "Hi"}), chat_chunk({}, "stop")

    told = heard(CHAT, target, [begun, said, chat_chunk({"tool_calls": [call]})])
    usual = heard(CHAT, target, [begun, chat_chunk({"tool_calls": [call]}), said])

    assert told == usual


@pytest.mark.parametrize("target", [MESSAGES, RESPONSES])
def test_an_answer_may_have_a_number_for_an_id(target: Dialect) -> None:
    chunks = [{**chat_chunk({"content": "Hi"}), "id": 17}, {**chat_chunk({}, "stop"), "id": 17}]

    assert heard(CHAT, target, chunks)["id"].endswith("_17")


def test_what_is_wrong_with_an_event_is_a_clause_of_what_clients_are_told() -> None:
    translator = StreamTranslator(Target(CHAT), MESSAGES, AnswerContext(now_s=9))

    with pytest.raises(MalformedAnswer, match=r"'id' must be a string, not an object$"):
        translator.feed({**chat_chunk({"content": "Hi"}), "id": {"a": 1}})
