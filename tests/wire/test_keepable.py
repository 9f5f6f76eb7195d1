"""What may be stored: an answer that is whole, ended by itself, and of the form that was asked for."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.members import replace
from router.wire.answer import read_event
from router.wire.keepable import StreamSummary, flaw_of, flaw_of_stream
from router.wire.replay import as_events
from router.wire.sse import EventSplitter, event_of
from tests.wire.documents import TREES
from tests.wire.requests import USUAL, odd_requests
from tests.wire.stored import chunk, completions, delta, stream

CALL = {"id": "call_0", "type": "function", "function": {"name": "get", "arguments": "{}"}}
THOUGHT = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}
UNFINISHED = "a choice is not finished"
SILENT = "a choice is empty"
NOT_JSON = "its content is not the requested JSON"
OTHER_TYPE = "its JSON is of another type than the schema requires"


def choice(content: Any = "Hi", end: Any = "stop", **message: Any) -> dict[str, Any]:
    told = {"role": "assistant", "content": content, "refusal": None, **message}
    return {"index": 0, "message": told, "logprobs": None, "finish_reason": end}


def flaw(*choices: Any, keeps_tool_calls: bool = False, error: Any = None, **asked: Any) -> Any:
    answer = {"id": "x", "object": "chat.completion", "choices": choices, "error": error}
    return flaw_of(
        orjson.dumps(answer),
        is_stream=False,
        request={**USUAL, **asked},
        keeps_tool_calls=keeps_tool_calls,
    )


def test_an_answer_that_ended_by_itself_may_be_stored() -> None:
    assert flaw(choice()) is None
    assert flaw(choice(), n=None) is None
    assert flaw(choice(), {**choice(), "index": 1}, n=2) is None


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (None, UNFINISHED),
        ("length", "a choice was cut off at its length limit"),
        ("content_filter", "a choice was filtered"),
        ("tool_calls", "a choice did not end by itself"),
        ("eos", "a choice did not end by itself"),
        ([], "a choice did not end by itself"),
    ],
)
def test_an_answer_that_ended_otherwise_may_not(end: Any, expected: str) -> None:
    assert flaw(choice(end=end)) == expected
    assert flaw(choice(), choice(end=end), n=2) == expected


@pytest.mark.parametrize(("n", "given"), [(None, 2), (1, 2), (3, 2), (2, 1)])
def test_as_many_choices_are_there_as_were_asked_for(n: int | None, given: int) -> None:
    assert flaw(*[choice()] * given, n=n) == f"it has {given} choices, not {n or 1}"


@pytest.mark.parametrize("content", [None, "", " \n\t", []])
def test_an_answer_that_says_nothing_is_not_kept(content: Any) -> None:
    assert flaw(choice(content)) == SILENT
    assert flaw(choice(content), keeps_tool_calls=True) == SILENT


def test_a_refusal_is_not_kept() -> None:
    assert flaw(choice(None, refusal="No.")) == "a choice refuses to answer"


@pytest.mark.parametrize(
    ("end", "calls"),
    [
        ("tool_calls", {"tool_calls": [CALL]}),
        ("stop", {"tool_calls": [CALL]}),
        ("function_call", {"function_call": CALL["function"]}),
    ],
)
def test_calls_are_kept_where_that_is_wished(end: str, calls: dict[str, Any]) -> None:
    called = choice(None, end, **calls)

    assert flaw(called) == "it calls tools"
    assert flaw(called, keeps_tool_calls=True) is None
    assert flaw(called, keeps_tool_calls=True, response_format={"type": "json_object"}) is None


@pytest.mark.parametrize("calls", [{"a": 1}, "calls", [[]], [CALL, None], 1])
def test_calls_that_no_stream_can_tell_are_not_kept(calls: Any) -> None:
    called = choice("hello", tool_calls=calls)

    assert flaw(called, keeps_tool_calls=True) == "its tool calls are not a list of objects"


def test_errors_are_not_kept() -> None:
    assert flaw(choice(), error={"message": "no"}) == "it contains an error"
    assert flaw({**choice(), "error": {"code": 502}}) == "a choice contains an error"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"a": 1}', None),
        (' {"a": 1}\n', None),
        ("[1]", OTHER_TYPE),
        ('{"a": 1', NOT_JSON),
        ('```json\n{"a": 1}\n```', NOT_JSON),
        ("Sure!", NOT_JSON),
        ([THOUGHT, {"type": "text", "text": '{"a": 1}'}], None),
        ([THOUGHT], NOT_JSON),
    ],
)
def test_json_that_was_asked_for_is_json(content: Any, expected: str | None) -> None:
    assert flaw(choice(content), response_format={"type": "json_object"}) == expected
    assert flaw(choice(content), response_format={"type": "text"}) is None
    two = [choice('{"b": 2}'), choice(content)]
    assert flaw(*two, n=2, response_format={"type": "json_object"}) == expected


SCHEMA = {
    "type": "object",
    "required": ["name", "age"],
    "properties": {
        "name": {"type": "string"},
        "age": {"type": ["integer", "null"]},
        "tags": {"type": "array"},
        "more": {"$ref": "#/$defs/more"},
        "kind": {"type": "unheard-of"},
    },
}
LACKS = "its JSON lacks a member that the schema requires"
OTHER_MEMBER = "its JSON has a member of another type than the schema requires"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"name": "a", "age": 1}, None),
        ({"name": "a", "age": None, "more": 1, "kind": 1, "other": 1}, None),
        ({"name": "a", "age": 1.0, "tags": []}, None),
        ({"name": "a"}, LACKS),
        ({}, LACKS),
        ({"name": 1, "age": 1}, OTHER_MEMBER),
        ({"name": "a", "age": 1.5}, OTHER_MEMBER),
        ({"name": "a", "age": True}, OTHER_MEMBER),
        ({"name": "a", "age": 1, "tags": "x"}, OTHER_MEMBER),
        ([], OTHER_TYPE),
        ("a", OTHER_TYPE),
    ],
)
def test_a_schema_is_looked_at_on_its_surface(value: Any, expected: str | None) -> None:
    asked = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}

    assert flaw(choice(orjson.dumps(value).decode()), response_format=asked) == expected


@pytest.mark.parametrize("named", [None, {}, {"schema": None}, {"schema": {"anyOf": []}}, 7])
def test_a_schema_that_says_nothing_on_its_surface_asks_for_json_only(named: Any) -> None:
    asked = {"type": "json_schema", "json_schema": named}

    assert flaw(choice("7"), response_format=asked) is None
    assert flaw(choice("seven"), response_format=asked) == NOT_JSON


def stream_flaw(*chunks: dict[str, Any], **asked: Any) -> str | None:
    return flaw_of(
        stream(*chunks), is_stream=True, request={**USUAL, **asked}, keeps_tool_calls=False
    )


def test_a_stream_is_judged_by_what_it_tells() -> None:
    text, more, end = (
        chunk(delta({"content": '{"a'})),
        chunk(delta({"content": '":1}'})),
        chunk(delta({}, "stop")),
    )
    other = chunk(delta({"content": "x"}, index=1))
    json = {"type": "json_object"}

    assert stream_flaw(text, more, end, response_format=json) is None
    assert stream_flaw(text, end, response_format=json) == NOT_JSON
    assert stream_flaw(text, more) == UNFINISHED
    assert stream_flaw(text, other, end, n=2) == UNFINISHED
    assert stream_flaw(end) == SILENT
    assert stream_flaw(chunk(usage={"prompt_tokens": 1})) == "the stored stream has no choices"


@given(answer=completions(), keeps=st.booleans())
def test_an_answer_is_judged_alike_in_both_forms(answer: dict[str, Any], keeps: bool) -> None:
    body = orjson.dumps(answer)
    told = b"".join(as_events(body, is_stream=False, answer_id="x", usage=True))
    request = {**USUAL, "n": len(answer["choices"])}

    assert flaw_of(body, is_stream=False, request=request, keeps_tool_calls=keeps) == flaw_of(
        told, is_stream=True, request=request, keeps_tool_calls=keeps
    )


_ANSWERS = st.fixed_dictionaries(
    {
        "choices": TREES
        | st.lists(
            st.fixed_dictionaries(
                {}, optional={"message": TREES, "delta": TREES, "finish_reason": TREES}
            ),
            max_size=2,
        )
    }
).map(orjson.dumps)


@given(body=st.binary() | _ANSWERS, is_stream=st.booleans(), request=odd_requests())
def test_any_answer_to_any_request_is_judged(
    body: bytes, is_stream: bool, request: dict[str, Any]
) -> None:
    written = b"data: " + body + b"\n\n" if is_stream else body
    found = flaw_of(written, is_stream=is_stream, request=request, keeps_tool_calls=True)

    assert found is None or found


def seen(events: bytes) -> StreamSummary:
    """What a listener has seen of a stream."""
    every = [read_event(raw) for raw in EventSplitter().feed(events)]
    return StreamSummary(
        frozenset().union(*(event.finish_reasons for event in every)),
        len(frozenset().union(*(event.finished for event in every))),
        sum(event.content_chars for event in every),
        any(event.says_more for event in every),
    )


def test_a_stream_that_could_not_be_told_again_is_not_kept_however_long_it_is() -> None:
    odd, said, ended = (
        event_of(orjson.dumps({"choices": choices}))
        for choices in (
            ["odd"],
            [{"index": 0, "delta": {"content": "word " * 20}}],
            [{"index": 0, "delta": {}, "finish_reason": "stop"}],
        )
    )

    def found(events: bytes) -> str | None:
        return flaw_of_stream(events, seen(events), request={}, keeps_tool_calls=False)

    assert found(said + ended) is None
    told = "the choices of the stored answer are not a list of objects"
    assert found(odd + said + ended) == found(said + odd + ended) == told


ASKED = st.fixed_dictionaries(
    {},
    optional={
        "n": st.integers(1, 3),
        "response_format": st.sampled_from([{"type": "text"}, {"type": "json_object"}]),
    },
)


def long(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with more to say: only a long stream is judged by what was heard of it."""
    for each in answer["choices"]:
        if each["message"].get("content"):
            each["message"]["content"] += " and so on" * 20
    return answer


@given(answer=completions() | completions().map(long), asked=ASKED, keeps=st.booleans())
def test_a_stream_that_was_heard_is_judged_like_one_that_is_read_again(
    answer: dict[str, Any], asked: dict[str, Any], keeps: bool
) -> None:
    told = as_events(orjson.dumps(answer), is_stream=False, answer_id="x", usage=True)
    events = b"".join(told)
    heard = flaw_of_stream(events, seen(events), request=asked, keeps_tool_calls=keeps)
    read = flaw_of(events, is_stream=True, request=asked, keeps_tool_calls=keeps)
    assert (heard is None) == (read is None), (heard, read)


def test_an_ordinary_stream_is_not_put_together_again() -> None:
    ending = StreamSummary(frozenset({"stop"}), 1, content_chars=500, says_more=False)
    more = replace(ending, says_more=True)

    assert flaw_of_stream(b"", ending, request={}, keeps_tool_calls=False) is None
    assert flaw_of_stream(b"", more, request={}, keeps_tool_calls=False) is not None
