"""Stored answers in the form that is wanted: the same words, under one new id."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from router.wire.answer import MalformedAnswer
from router.wire.replay import as_plain, as_stream
from router.wire.sse import DONE, EventSplitter, data_of, event_of
from tests.wire.documents import TREES

NEW = "chatcmpl-new"
OLD = "chatcmpl-old"
USAGE = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
TEXT = st.text(st.characters(codec="utf-8"), max_size=400) | st.text("ab \n", max_size=900)
CALLS = st.lists(
    st.builds(
        lambda name, arguments: {
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        },
        st.sampled_from(["look", "book"]),
        TEXT,
    ),
    min_size=1,
    max_size=3,
).map(lambda calls: [{"id": f"call_{at}", **call} for at, call in enumerate(calls)])
MESSAGES = st.one_of(
    st.fixed_dictionaries(
        {"content": TEXT.filter(bool)}, optional={"reasoning_content": TEXT.filter(bool)}
    ),
    st.fixed_dictionaries({"content": st.none(), "refusal": TEXT.filter(bool)}),
    st.fixed_dictionaries({"content": st.none(), "tool_calls": CALLS}),
).map(lambda message: {"role": "assistant", **message})
REASONS = st.sampled_from(["stop", "length", "tool_calls"])


def completion(choices: list[tuple[dict[str, Any], str]], **more: Any) -> dict[str, Any]:
    return {
        "id": OLD,
        "object": "chat.completion",
        "created": 7,
        "model": "m",
        "choices": [
            {"index": index, "message": message, "logprobs": None, "finish_reason": reason}
            for index, (message, reason) in enumerate(choices)
        ],
        "usage": USAGE,
        **more,
    }


ANSWERS = st.lists(st.tuples(MESSAGES, REASONS), min_size=1, max_size=3).map(completion)


def stream(answer: dict[str, Any], *, usage: bool = True) -> bytes:
    return as_stream(orjson.dumps(answer), is_stream=False, answer_id=OLD, usage=usage)


def chunks(events: bytes) -> list[dict[str, Any]]:
    datas = map(data_of, EventSplitter().feed(events))
    return [orjson.loads(data) for data in datas if data]


@given(answer=ANSWERS)
def test_only_the_id_of_a_whole_answer_changes(answer: dict[str, Any]) -> None:
    raw = orjson.dumps(answer)
    got = as_plain(raw, is_stream=False, answer_id=NEW)

    assert got == raw.replace(OLD.encode(), NEW.encode(), 1)
    ChatCompletion.model_validate(orjson.loads(got))


@pytest.mark.parametrize(
    "written",
    [
        b'{"id":"x","a":1}',
        b'{ "id" : "x" ,"a":1}',
        b'{"a":1,"id":"x"}',
        b'{"a":1}',
        b'{"a":{"id":"x"},"id":"y"}',
        b'{"id":null,"a":1}',
        b'{"id":"a\\"b","a":1}',
    ],
)
def test_an_id_is_found_wherever_and_however_it_is_written(written: bytes) -> None:
    got = orjson.loads(as_plain(written, is_stream=False, answer_id=NEW))
    assert got == {**orjson.loads(written), "id": NEW}


@given(answer=ANSWERS)
def test_cut_and_merged_an_answer_says_the_same(answer: dict[str, Any]) -> None:
    got = orjson.loads(as_plain(stream(answer), is_stream=True, answer_id=NEW))

    assert got == {**answer, "id": NEW}


@given(answer=ANSWERS, usage=st.booleans())
def test_a_stream_that_is_made_is_one_that_clients_understand(
    answer: dict[str, Any], usage: bool
) -> None:
    got = chunks(stream(answer, usage=usage))

    for chunk in got:
        ChatCompletionChunk.model_validate(chunk)
    assert {chunk["id"] for chunk in got} == {OLD}
    assert [chunk["usage"] for chunk in got if chunk.get("usage")] == ([USAGE] if usage else [])
    for choice in answer["choices"]:
        parts = [c for chunk in got for c in chunk["choices"] if c["index"] == choice["index"]]
        said = "".join(part["delta"].get("content") or "" for part in parts)
        assert said == (choice["message"]["content"] or "")
        assert parts[0]["delta"]["role"] == "assistant"
        assert [part["finish_reason"] for part in parts if part["finish_reason"]] == [
            choice["finish_reason"]
        ]


@given(answer=ANSWERS, usage=st.booleans())
def test_only_the_id_of_a_stream_changes_and_usage_goes_unless_it_is_asked_for(
    answer: dict[str, Any], usage: bool
) -> None:
    stored = stream(answer)
    got = as_stream(stored, is_stream=True, answer_id=NEW, usage=usage)

    wanted = [chunk for chunk in chunks(stored) if usage or chunk["choices"]]
    assert chunks(got) == [{**chunk, "id": NEW} for chunk in wanted]
    if usage:
        assert got == stored.replace(OLD.encode(), NEW.encode())


def test_a_long_text_comes_in_pieces_of_whole_words() -> None:
    text = "Words that belong together are not torn apart. " * 20
    got = chunks(stream(completion([({"role": "assistant", "content": text}, "stop")])))
    pieces = [c["delta"].get("content") for chunk in got for c in chunk["choices"]]
    said = [piece for piece in pieces if piece]

    assert len(said) > 10
    assert all(piece.endswith(" ") for piece in said)


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_events_of_another_spelling_are_replayed_too(end: bytes) -> None:
    events = [
        b": keep-alive",
        b'data: {"id":"a","choices":[{"index":0,"delta":{"content":"Hi \\"id\\":\\"a\\""}}]}',
        b'data:{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
        b'data: {"id":"b","choices":[],"usage":{"prompt_tokens":1}}',
    ]
    stored = b"".join(event + end + end for event in events)
    got = chunks(as_stream(stored, is_stream=True, answer_id=NEW, usage=False))

    assert [chunk["id"] for chunk in got] == [NEW, NEW]
    assert got[0]["choices"][0]["delta"]["content"] == 'Hi "id":"a"'
    plain = orjson.loads(as_plain(stored, is_stream=True, answer_id=NEW))
    assert plain["choices"][0]["message"]["content"] == 'Hi "id":"a"'
    assert plain["usage"] == {"prompt_tokens": 1}


def test_pieces_of_parallel_calls_find_together() -> None:
    def calls(*pieces: dict[str, Any]) -> bytes:
        choice = {"index": 0, "delta": {"tool_calls": pieces}}
        return event_of(orjson.dumps({"id": OLD, "choices": [choice]}))

    stored = (
        calls(
            {
                "index": 0,
                "id": "call_a",
                "type": "function",
                "function": {"name": "look", "arguments": ""},
            }
        )
        + calls(
            {
                "index": 1,
                "id": "call_b",
                "type": "function",
                "function": {"name": "book", "arguments": "{"},
            }
        )
        + calls(
            {"index": 0, "function": {"arguments": '{"a":'}},
            {"index": 1, "function": {"arguments": "}"}},
        )
        + calls({"index": 0, "id": "call_a", "function": {"arguments": "1}"}})
    )
    message = orjson.loads(as_plain(stored, is_stream=True, answer_id=NEW))["choices"][0]["message"]

    assert message["tool_calls"] == [
        {"id": "call_a", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}},
        {"id": "call_b", "type": "function", "function": {"name": "book", "arguments": "{}"}},
    ]


@given(
    body=st.binary()
    | TREES.map(orjson.dumps)
    | TREES.map(lambda tree: event_of(orjson.dumps(tree)))
)
def test_whatever_else_is_stored_is_malformed_or_replayed_and_nothing_worse(body: bytes) -> None:
    for is_stream in (False, True):
        try:
            as_plain(body, is_stream=is_stream, answer_id=NEW)
            as_stream(body, is_stream=is_stream, answer_id=NEW, usage=False)
        except MalformedAnswer:
            continue


def test_done_is_no_part_of_what_is_stored() -> None:
    assert DONE not in stream(completion([({"role": "assistant", "content": "Hi"}, "stop")]))
