"""What upstreams answer, in the shapes of many vendors; nonsense is malformed and nothing else."""

import contextlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.usage import Usage
from router.wire.answer import EventKind, MalformedAnswer, StreamEvent, read_event, read_plain
from router.wire.sse import DONE, event_of
from tests.wire.documents import TREES, objects
from tests.wire.requests import nested

CHUNK = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}


def event(payload: Any) -> StreamEvent:
    return read_event(event_of(orjson.dumps(payload)))


def delta(said: dict[str, Any], finish: str | None = None, **more: Any) -> StreamEvent:
    choice = {"index": 0, "delta": said, "logprobs": None, "finish_reason": finish}
    return event({**CHUNK, "choices": [choice], **more})


def kinds(*payloads: Any) -> list[EventKind]:
    return [event(payload).kind for payload in payloads]


def test_a_plain_answer_tells_its_usage_its_length_and_how_it_ended() -> None:
    message = {"role": "assistant", "content": "Hello!", "refusal": None}
    answer = read_plain(
        orjson.dumps(
            {
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
            }
        )
    )
    assert answer.usage == Usage(9, output_tokens=2)
    assert answer.output_chars == 6
    assert answer.finish_reasons == {"stop"}
    assert not answer.calls_tools


def test_a_plain_answer_with_tool_calls_counts_their_arguments() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "get", "arguments": '{"a":1}'}}
    choice = {"message": {"content": None, "tool_calls": [call]}, "finish_reason": "tool_calls"}
    answer = read_plain(orjson.dumps({"choices": [choice]}))

    assert answer.calls_tools
    assert answer.output_chars == len("get") + len('{"a":1}')
    assert answer.usage is None


def test_the_text_for_a_tool_is_counted_plain_and_streamed() -> None:
    call = {"id": "1", "type": "custom", "custom": {"name": "sh", "input": "ls -l"}}
    choice = {"message": {"content": None, "tool_calls": [call]}, "finish_reason": "tool_calls"}

    assert read_plain(orjson.dumps({"choices": [choice]})).output_chars == len("shls -l")
    assert delta({"tool_calls": [{"index": 0, "custom": {"input": "ls"}}]}).output_chars == 2


@pytest.mark.parametrize(
    ("annotations", "cites"),
    [
        ([{"type": "url_citation", "url_citation": {"url": "https://example.org"}}], True),
        ([{"type": "file_citation"}], False),
        ([], False),
        (None, False),
        (["url_citation"], False),
        ("url_citation", False),
    ],
)
def test_a_page_that_is_cited_is_seen_whole_and_in_a_stream(annotations: Any, cites: bool) -> None:
    said = {"content": "It rains.", "annotations": annotations}
    chunk = orjson.dumps({"choices": [{"index": 0, "delta": said}]})

    assert read_plain(orjson.dumps({"choices": [{"message": said}]})).cites == cites
    assert read_event(b"data: " + chunk + b"\n\n").cites == cites


def test_reasoning_that_is_shown_was_generated_too() -> None:
    message = {"role": "assistant", "content": "391", "reasoning_content": "17 times 23"}
    answer = read_plain(orjson.dumps({"choices": [{"message": message}]}))

    assert answer.output_chars == 3 + 11


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"choices": []}',
        b'{"choices": {"a": 1}}',
        b"\xff",
        b'{"choices": [null]}',
        b'{"choices": [{}, 1]}',
    ],
)
def test_a_success_that_is_no_chat_completion_is_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        read_plain(raw)


def test_openai_begins_with_the_role_and_ends_with_a_reason_a_usage_chunk_and_done() -> None:
    usage = {"prompt_tokens": 8, "completion_tokens": 1, "total_tokens": 9}

    role = delta({"role": "assistant", "content": "", "refusal": None}, usage=None)
    text = delta({"content": "Hi"}, usage=None, obfuscation="x8Q")
    end = delta({}, "stop", usage=None)
    count = event({**CHUNK, "choices": [], "usage": usage})

    assert (role.kind, role.output_chars) == (EventKind.PREAMBLE, 0)
    assert (text.kind, text.output_chars) == (EventKind.CONTENT, 2)
    assert (end.kind, end.finish_reasons) == (EventKind.CONTENT, frozenset({"stop"}))
    assert (count.kind, count.usage) == (EventKind.USAGE, Usage(8, output_tokens=1))
    assert read_event(DONE).kind is EventKind.DONE


def test_vllm_sends_usage_with_every_chunk_when_it_is_told_to() -> None:
    usage = {"prompt_tokens": 8, "total_tokens": 9, "completion_tokens": 1}
    text = delta({"content": "Hi"}, usage=usage, stop_reason=None)

    assert text.kind is EventKind.CONTENT
    assert text.usage == Usage(8, output_tokens=1)


def test_deepseek_reasons_before_it_speaks() -> None:
    role = delta({"role": "assistant", "content": None, "reasoning_content": ""})
    thought = delta({"content": None, "reasoning_content": "Well,"})

    assert role.kind is EventKind.PREAMBLE
    assert (thought.kind, thought.output_chars) == (EventKind.CONTENT, 5)


def test_openrouter_keeps_the_line_alive_with_comments() -> None:
    assert read_event(b": OPENROUTER PROCESSING\n\n").kind is EventKind.PREAMBLE
    role = delta({"role": "assistant", "content": "", "reasoning": None, "reasoning_details": []})
    assert role.kind is EventKind.PREAMBLE
    assert delta({"content": "", "reasoning": "Hm"}).output_chars == 2


def test_azure_begins_with_a_chunk_without_choices() -> None:
    filtered = {"prompt_index": 0, "content_filter_results": {"hate": {"filtered": False}}}
    first = {**CHUNK, "id": "", "model": "", "choices": [], "prompt_filter_results": [filtered]}
    choice = {"index": 0, "delta": {"content": "Hi"}, "content_filter_results": {}}

    assert kinds(first, {**CHUNK, "choices": [choice]}) == [EventKind.PREAMBLE, EventKind.CONTENT]


def test_mistral_puts_the_usage_on_the_last_chunk_with_content() -> None:
    usage = {"prompt_tokens": 5, "total_tokens": 7, "completion_tokens": 2}
    last = delta({"content": ""}, "stop", usage=usage, p="abcd")

    assert last.kind is EventKind.CONTENT
    assert last.usage == Usage(5, output_tokens=2)
    assert last.finish_reasons == {"stop"}


def test_a_tool_call_is_content_from_its_first_piece() -> None:
    call = {"index": 0, "id": "1", "type": "function", "function": {"name": "get", "arguments": ""}}
    first = delta({"role": "assistant", "content": None, "tool_calls": [call]})
    more = delta({"tool_calls": [{"index": 0, "function": {"arguments": '{"a'}}]})

    assert (first.kind, first.calls_tools, first.output_chars) == (EventKind.CONTENT, True, 3)
    assert (more.kind, more.calls_tools, more.output_chars) == (EventKind.CONTENT, True, 3)


def test_several_choices_are_read_together() -> None:
    choices = [
        {"index": 0, "delta": {}, "finish_reason": "stop"},
        {"index": 1, "delta": {"content": "abc"}, "finish_reason": None},
        {"index": 2, "delta": {}, "finish_reason": "length"},
    ]
    read = event({**CHUNK, "choices": choices})

    assert read.finish_reasons == {"stop", "length"}
    assert (read.choices, read.finished) == (frozenset({0, 1, 2}), frozenset({0, 2}))
    assert read.output_chars == 3


@pytest.mark.parametrize("error", [{"message": "overloaded", "code": 529}, "overloaded", True])
def test_an_error_in_the_middle_of_a_stream_is_seen(error: Any) -> None:
    read = event({"error": error})

    assert read.kind is EventKind.ERROR
    said = {"message": error} if isinstance(error, str) else {}
    assert read.error == (error if isinstance(error, dict) else said)


def test_an_error_may_be_flat() -> None:
    """As vLLM before 0.11 and its like send it."""
    read = event({"object": "error", "message": "CUDA out of memory", "code": 500, "param": None})

    assert read.kind is EventKind.ERROR
    assert read.error == {"message": "CUDA out of memory", "code": 500}
    assert event({"object": "chat.completion.chunk", "message": "odd"}).kind is EventKind.PREAMBLE


def test_an_error_event_with_its_own_event_line_is_seen() -> None:
    raw = b'event: error\ndata: {"error": {"message": "no"}}\n\n'

    assert read_event(raw).kind is EventKind.ERROR


@pytest.mark.parametrize("end", [b"data: [DONE]\n\n", b"data:[DONE]\r\n\r\n", b"data: [DONE] \n\n"])
def test_the_end_is_known_however_it_is_written(end: bytes) -> None:
    assert read_event(end).kind is EventKind.DONE


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b"7", b'{"choices": 5}', b'{"choices": "x"}'])
def test_an_event_that_is_no_chunk_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        read_event(event_of(data))


_CALLS = st.fixed_dictionaries(
    {},
    optional={
        "function": TREES | st.fixed_dictionaries({}, optional={"name": TREES, "arguments": TREES})
    },
)
_SAID = TREES | st.fixed_dictionaries(
    {},
    optional={
        "role": TREES,
        "content": TREES,
        "reasoning_content": TREES,
        "tool_calls": TREES | st.lists(_CALLS | TREES, max_size=2),
    },
)
_CHOICES = st.fixed_dictionaries(
    {}, optional={"delta": _SAID, "message": _SAID, "finish_reason": TREES}
)
_ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "choices": TREES | st.lists(_CHOICES | TREES, max_size=3),
        "usage": TREES,
        "error": TREES,
    },
)
_BYTES = (
    st.binary()
    | objects().map(lambda document: document.raw)
    | _ANSWERS.map(orjson.dumps)
    | st.sampled_from(
        [nested(1000), b'{"choices":[{"delta":{"tool_calls":' + nested(900) + b"}}]}"]
    )
)


@given(raw=_BYTES)
def test_any_bytes_are_an_answer_or_malformed(raw: bytes) -> None:
    with contextlib.suppress(MalformedAnswer):
        assert read_plain(raw).output_chars >= 0


@given(raw=_BYTES)
def test_any_event_is_read_or_malformed(raw: bytes) -> None:
    for framed in (raw, b"data: " + raw, event_of(raw)):
        with contextlib.suppress(MalformedAnswer):
            assert read_event(framed).raw == framed


@pytest.mark.parametrize(
    ("said", "tier"),
    [
        ({}, ""),
        ({"service_tier": None}, ""),
        ({"service_tier": "default"}, "standard"),
        ({"service_tier": "scale"}, "standard"),
        ({"service_tier": "priority"}, "priority"),
        ({"service_tier": 7}, ""),
        ({"service_tier": "no tier, a text\n"}, ""),
        ({"usage": {"prompt_tokens": 1, "completion_tokens": 1, "service_tier": "batch"}}, "batch"),
    ],
)
def test_the_tier_that_was_billed_is_read_where_it_stands(said: dict[str, Any], tier: str) -> None:
    choice = {"index": 0, "message": {"content": "x"}, "delta": {"content": "x"}}
    told = orjson.dumps({"choices": [choice], **said})

    assert read_plain(told).service_tier == tier
    assert read_event(event_of(told)).service_tier == tier
