"""A stored answer is replayed in either form: the same answer with a new id."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.wire.renaming import renamed
from router.wire.replay import as_events, as_plain
from router.wire.sse import DONE
from tests.wire.documents import Written, objects
from tests.wire.replayed import HELLO, NEW, TELLING, chunks, events, plain
from tests.wire.stored import StoredStream, chunk, completions, delta, stream, streams


def test_a_stream_becomes_the_answer_that_it_tells() -> None:
    assert plain(TELLING, is_stream=True) == {**HELLO, "id": NEW}


def test_an_answer_becomes_a_stream_that_begins_with_the_role_and_ends_with_a_reason() -> None:
    told = chunks(events(orjson.dumps(HELLO), is_stream=False, usage=False))

    assert [each["choices"][0] for each in told] == [
        delta({"role": "assistant", "content": "", "refusal": None}),
        delta({"content": "Hello, you!"}),
        delta({}, "stop"),
    ]
    assert {(each["id"], each["object"], each["created"], each["model"]) for each in told} == {
        (NEW, "chat.completion.chunk", 7, "m")
    }
    assert not any("usage" in each for each in told)


def test_usage_that_is_asked_for_stands_in_a_chunk_of_its_own() -> None:
    *told, last = chunks(events(orjson.dumps(HELLO), is_stream=False, usage=True))

    assert (last["choices"], last["usage"]) == ([], HELLO["usage"])
    assert all(each["usage"] is None for each in told)


def test_where_no_usage_is_known_none_is_announced() -> None:
    answer = {name: value for name, value in HELLO.items() if name != "usage"}
    told = chunks(events(orjson.dumps(answer), is_stream=False, usage=True))

    assert not any("usage" in each for each in told)


def test_a_usage_chunk_is_shown_to_whom_it_is_asked_by() -> None:
    shown = TELLING.replace(b"chatcmpl-old", NEW.encode())
    hidden = shown[: shown.rindex(b"data: ")]

    assert b"".join(events(TELLING, is_stream=True, usage=True)) == shown
    assert b"".join(events(TELLING, is_stream=True, usage=False)) == hidden


def test_usage_beside_a_choice_stays_where_it_is() -> None:
    body = stream(chunk(delta({"content": "Hi"})), chunk(delta({}, "stop"), usage=HELLO["usage"]))

    assert chunks(events(body, is_stream=True, usage=False))[-1]["usage"] == HELLO["usage"]
    assert plain(body, is_stream=True)["usage"] == HELLO["usage"]


def test_a_chunk_without_choices_and_usage_is_part_of_the_stream() -> None:
    first = {**chunk(), "id": "", "model": "", "prompt_filter_results": [{"prompt_index": 0}]}
    body = stream(first, chunk(delta({"content": "Hi"}, "stop")))

    assert chunks(events(body, is_stream=True, usage=False))[0] == {**first, "id": NEW}
    answer = plain(body, is_stream=True)
    assert (answer["model"], answer["prompt_filter_results"]) == ("m", [{"prompt_index": 0}])


def test_comments_stay_and_the_end_is_left_to_the_caller() -> None:
    hi = stream(chunk(delta({"content": "Hi"}, "stop")))
    new = hi.replace(b"chatcmpl-old", NEW.encode())

    assert events(b": waiting\n\n" + hi + DONE, is_stream=True) == [b": waiting\n\n", new]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'data:{"choices":[{}],"id":"a"}\n\n', b'data:{"choices":[{}],"id":"N"}\n\n'),
        (b'data: {"choices":[{}],"id":null}\r\n\r\n', b'data: {"choices":[{}],"id":"N"}\r\n\r\n'),
        (b'event: x\ndata: {"choices":[{}]}\n\n', b'event: x\ndata: {"id":"N","choices":[{}]}\n\n'),
        (b'data: {"choices":\ndata: [{}]}\n\n', b'data: {"id":"N","choices": [{}]}\n\n'),
        (
            b'data: {"i\\u0064":"a","choices":[{}]}\n\n',
            b'data: {"i\\u0064":"N","choices":[{}]}\n\n',
        ),
        (
            b'data: {"id":"a","choices":[{"id":"a"}],"id":"a"}\n\n',
            b'data: {"id":"N","choices":[{"id":"a"}],"id":"N"}\n\n',
        ),
        (b'data: {"choices":[{}]}\r\r', b'data: {"id":"N","choices":[{}]}\r\r'),
        (
            b'data: {"id":"a","id":"b","choices":[{}]}\n\n',
            b'data: {"id":"N","id":"N","choices":[{}]}\n\n',
        ),
        (
            b'data: {"id":"a","choices":[{}],"\\u0069d":"b"}\n\n',
            b'data: {"id":"N","choices":[{}],"\\u0069d":"N"}\n\n',
        ),
        (
            b'data: {"x\\"id":"a","choices":[{}]}\n\n',
            b'data: {"id":"N","x\\"id":"a","choices":[{}]}\n\n',
        ),
        (
            b'data: {"x\\"id":"a","choices":[{}],"id":"a"}\n\n',
            b'data: {"x\\"id":"a","choices":[{}],"id":"N"}\n\n',
        ),
    ],
)
def test_an_id_is_found_however_an_event_is_written(old: bytes, new: bytes) -> None:
    assert list(as_events(old, is_stream=True, answer_id="N", usage=True)) == [new]


@pytest.mark.parametrize(
    "raw",
    [
        b'{"id":"a","choices":[{"message":{"tool_calls":[{"id":"b"},{"id":"c"}]}}]}',
        b'{"id":"a","choices":[{"message":{"tool_calls":[{"id":"a"}]}}]}',
        b'{"choices":[{"message":{"content":"\\"id\\":\\"a\\","}}], "id" : "a"}',
        b'{"x":"id","y":{"id":"b"},"id":"a","choices":[{}]}',
        b'{"id":"","choices":[{"id":""}]}',
        b'{"id":7,"choices":[{"id":7}]}',
        b'{"choices":[{"id":"a"}]}',
    ],
)
def test_the_outermost_id_changes_and_no_other(raw: bytes) -> None:
    assert plain(raw, is_stream=False) == {**orjson.loads(raw), "id": NEW}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            b'{"id":"a","choices":[{"id":"b"}],"id":"b","i\\u0064":"a"}',
            b'{"id":"N","choices":[{"id":"b"}],"id":"N","i\\u0064":"N"}',
        ),
        (
            b'{"id":"a","choices":[{"id":"c"}],"id":"b"}',
            b'{"id":"N","choices":[{"id":"c"}],"id":"N"}',
        ),
        (
            b'{"id":"a","choices":[{"id":"c"}],"id":"\\u0061"}',
            b'{"id":"N","choices":[{"id":"c"}],"id":"N"}',
        ),
        (b'{"id":"a","choices":[{}],"i\\u0064":"b"}', b'{"id":"N","choices":[{}],"i\\u0064":"N"}'),
    ],
)
def test_of_a_repeated_id_every_one_is_new(old: bytes, new: bytes) -> None:
    assert as_plain(old, is_stream=False, answer_id="N") == new


def test_a_key_that_ends_like_an_id_is_none() -> None:
    raw = b'{"x\\"id":"a","choices":[{}]}'

    assert as_plain(raw, is_stream=False, answer_id="N") == b'{"id":"N",' + raw[1:]


@given(document=objects(st.sampled_from(["id", 'a"id', "model"]) | st.text(max_size=3)))
def test_no_other_byte_of_a_whole_answer_changes(document: Written) -> None:
    new = renamed(document.raw, orjson.loads(document.raw), "N")

    if "id" in document.keys:
        assert new == document.with_members("id", '"N"')
    else:
        head, brace, rest = document.raw.partition(b"{")
        comma = b"," if document.keys else b""
        assert new == head + brace + b'"id":"N"' + comma + rest


@given(answer=completions())
def test_a_whole_answer_is_the_same_but_for_its_id(answer: dict[str, Any]) -> None:
    assert as_plain(orjson.dumps(answer), is_stream=False, answer_id=NEW) == orjson.dumps(
        {**answer, "id": NEW}
    )


@given(stored=streams())
def test_a_stream_is_as_if_the_upstream_had_given_the_new_id(stored: StoredStream) -> None:
    assert b"".join(events(stored.body, is_stream=True)) == stored.renamed(NEW)


@given(stored=streams())
def test_nothing_but_the_usage_chunk_is_left_out(stored: StoredStream) -> None:
    told = chunks(events(stored.body, is_stream=True, usage=False))

    assert told == [{"id": NEW, **each} for each in stored.chunks if each["choices"]]
