"""A stored answer in the other form: there and back it is the same."""

import contextlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from router.wire.answer import MalformedAnswer
from router.wire.merging import merged
from router.wire.replay import as_events, as_plain
from router.wire.sse import event_of
from tests.e2e.described import check_answer, check_chunk
from tests.wire.documents import TREES, objects
from tests.wire.replayed import HELLO, NEW, TELLING, chunks, events, plain, texts
from tests.wire.requests import nested
from tests.wire.stored import StoredStream, chunk, completions, delta, stream, streams


@given(answer=completions(), usage=st.booleans())
def test_there_and_back_an_answer_is_the_same(answer: dict[str, Any], usage: bool) -> None:
    told = events(orjson.dumps(answer), is_stream=False, usage=usage)
    back = plain(b"".join(told), is_stream=True)

    expected = {**answer, "id": NEW}
    if not usage:
        expected.pop("usage", None)
    assert back == expected


@given(stored=streams())
def test_there_and_back_a_stream_tells_the_same(stored: StoredStream) -> None:
    whole = as_plain(stored.body, is_stream=True, answer_id="between")
    told = chunks(events(whole, is_stream=False))

    assert texts(told) == texts(stored.chunks)
    assert plain(b"".join(map(_event, told)), is_stream=True) == {
        **orjson.loads(whole),
        "id": NEW,
    }


@given(answer=completions(), usage=st.booleans())
def test_every_chunk_is_one_for_openais_client(answer: dict[str, Any], usage: bool) -> None:
    state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
    answer["choices"] = [{**each, "finish_reason": "stop"} for each in answer["choices"]]
    for told in chunks(events(orjson.dumps(answer), is_stream=False, usage=usage)):
        assert told["id"] == NEW
        state.handle_chunk(ChatCompletionChunk.model_validate(told))

    for choice, heard in zip(answer["choices"], state.get_final_completion().choices, strict=True):
        message = choice["message"]
        assert (heard.message.content or "") == (message["content"] or "")
        assert (heard.message.refusal or "") == (message["refusal"] or "")
        assert [
            (call.id, call.function.name, call.function.arguments)
            for call in heard.message.tool_calls or []
        ] == [
            (call["id"], call["function"]["name"], call["function"]["arguments"])
            for call in message.get("tool_calls", [])
        ]


@given(stored=streams())
def test_every_merged_answer_is_one_for_openais_client(stored: StoredStream) -> None:
    answer = as_plain(stored.body, is_stream=True, answer_id=NEW)

    assert ChatCompletion.model_validate(orjson.loads(answer)).id == NEW


CALLS = [
    {"id": f"call_{index}", "type": "function", "function": {"name": "get", "arguments": "{}"}}
    for index in range(2)
]


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": "Grüße! 👋🏽 " * 40, "refusal": None},
        {"role": "assistant", "content": None, "refusal": "I must not."},
        {"role": "assistant", "content": None, "refusal": None, "tool_calls": CALLS},
    ],
)
def test_both_forms_are_what_openai_describes(message: dict[str, Any]) -> None:
    choices = [{**HELLO["choices"][0], "index": index, "message": message} for index in range(2)]
    told = chunks(events(orjson.dumps({**HELLO, "choices": choices}), is_stream=False))

    for each in told:
        check_chunk(each)
    answer = plain(b"".join(map(_event, told)), is_stream=True)
    check_answer(answer)
    assert answer["choices"] == choices


def test_tool_calls_in_pieces_are_put_together_by_their_index() -> None:
    def call(index: int, arguments: str, **head: Any) -> Any:
        name = {"name": head.pop("name")} if "name" in head else {}
        function = {**name, "arguments": arguments}
        return delta({"tool_calls": [{"index": index, **head, "function": function}]})

    body = stream(
        chunk(call(0, "", id="call_0", type="function", name="get")),
        chunk(call(0, '{"a"')),
        chunk(call(1, "{", id="call_1", type="function", name="set")),
        chunk(call(0, ":1}", id="", type="function", name="get")),
        chunk(call(1, "}")),
        chunk(delta({}, "tool_calls")),
    )

    [choice] = plain(body, is_stream=True)["choices"]
    assert choice["message"]["tool_calls"] == [
        {"id": "call_0", "type": "function", "function": {"name": "get", "arguments": '{"a":1}'}},
        {"id": "call_1", "type": "function", "function": {"name": "set", "arguments": "{}"}},
    ]


class Counted(int):
    """An index that counts how often it is compared."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return int(self) == other

    __hash__ = int.__hash__


def test_a_call_is_found_by_its_index_without_looking_at_the_others() -> None:
    def call(index: int, arguments: str) -> dict[str, Any]:
        calls = [{"index": Counted(index), "function": {"arguments": arguments}}]
        return chunk(delta({"tool_calls": calls}))

    said = [call(index, text) for text in "ab" for index in range(300)]
    [choice] = merged(said, NEW)["choices"]

    assert choice["message"]["tool_calls"] == [{"function": {"arguments": "ab"}}] * 300
    assert Counted.compared <= 2 * len(said)


@given(
    indices=st.lists(st.none() | st.integers(0, 2) | st.sampled_from(["1", 1.0, [1]]), min_size=1)
)
def test_an_item_continues_the_one_with_its_index_and_any_other_is_a_new_one(
    indices: list[Any],
) -> None:
    items = [{"index": index, "text": f"{place} "} for place, index in enumerate(indices)]
    expected: list[dict[str, Any]] = []
    for item in items:
        is_one = isinstance(item["index"], int | float | str)
        same = [each for each in expected if is_one and each["index"] == item["index"]]
        if same:
            same[0]["text"] += item["text"]
        else:
            expected.append(dict(item))

    [choice] = merged([chunk(delta({"notes": [item]})) for item in items], NEW)["choices"]
    assert choice["message"]["notes"] == expected


def test_log_probabilities_are_joined_and_come_with_the_first_text() -> None:
    one, other = ({"token": each, "logprob": -1.0} for each in ("Hi", "!"))
    body = stream(
        chunk(delta({"content": "Hi"}) | {"logprobs": {"content": [one], "refusal": None}}),
        chunk(delta({"content": "!"}) | {"logprobs": {"content": [other], "refusal": None}}),
        chunk(delta({}, "stop")),
    )
    whole = as_plain(body, is_stream=True, answer_id=NEW)
    logprobs = {"content": [one, other], "refusal": None}
    told = chunks(events(whole, is_stream=False))

    assert orjson.loads(whole)["choices"][0]["logprobs"] == logprobs
    assert [each["choices"][0]["logprobs"] for each in told] == [None, logprobs, None]


def test_members_that_only_some_vendors_know_are_told_too() -> None:
    body = stream(
        chunk(delta({"reasoning": "Hm", "role": "assistant"}), provider="p"),
        chunk(delta({"reasoning": "m.", "role": "assistant"}), provider="p"),
        chunk(delta({"content": "Hi"}, "stop", stop_reason=7), provider="p"),
    )
    answer = plain(body, is_stream=True)
    first, *more, last = chunks(events(orjson.dumps(answer), is_stream=False))

    assert (answer["provider"], first["provider"]) == ("p", "p")
    assert not any("provider" in each for each in [*more, last])
    assert answer["choices"][0]["message"]["reasoning"] == "Hmm."
    assert answer["choices"][0]["stop_reason"] == last["choices"][0]["stop_reason"] == 7


def test_what_is_told_later_does_not_unsay_anything() -> None:
    body = stream(
        chunk(delta({"content": "Hi"}, "stop", stop_reason=7), usage=HELLO["usage"]),
        {**chunk(delta({}, None, stop_reason=None), usage=None), "created": 0, "model": ""},
    )
    answer = plain(body, is_stream=True)
    [choice] = answer["choices"]

    assert (answer["created"], answer["model"], answer["usage"]) == (7, "m", HELLO["usage"])
    assert (choice["finish_reason"], choice["stop_reason"]) == ("stop", 7)


def test_choices_and_calls_stand_in_the_order_of_their_indices() -> None:
    def call(index: int) -> Any:
        return delta({"tool_calls": [{"index": index, **CALLS[index]}]}, index=1)

    body = stream(chunk(call(1)), chunk(call(0)), chunk(delta({"content": "Hi"})))
    first, second = plain(body, is_stream=True)["choices"]

    assert first["message"]["content"] == "Hi"
    assert second["message"]["tool_calls"] == CALLS


def test_choices_without_an_index_are_counted() -> None:
    choices = [{"message": {"content": text}, "finish_reason": "stop"} for text in "ab"]
    told = chunks(events(orjson.dumps({"choices": choices}), is_stream=False))

    assert texts(told) == {(0, "content"): "a", (1, "content"): "b"}


def test_what_belongs_to_the_other_form_is_not_carried_over() -> None:
    whole = {**HELLO["choices"][0], "delta": {"content": "twice"}}
    part = delta({"content": "Hi"}, "stop", message={"content": "twice"})

    told = chunks(events(orjson.dumps({**HELLO, "choices": [whole]}), is_stream=False))
    answer = plain(stream(chunk(part, obfuscation="x8Q")), is_stream=True)

    assert texts(told) == {(0, "content"): "Hello, you!"}
    assert answer["choices"][0]["message"]["content"] == "Hi"
    assert "obfuscation" not in answer


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"choices":[]}',
        b'{"choices":[7]}',
        b'{"choices":{"a":1}}',
        b'{"choices":[{}],"x":' + nested(2000) + b"}",
    ],
)
def test_what_is_no_answer_is_malformed_in_every_form(raw: bytes) -> None:
    for is_stream, body in (
        (False, raw),
        (True, raw),
        (True, event_of(raw)),
        (True, b"data: " + raw),
    ):
        with pytest.raises(MalformedAnswer):
            as_plain(body, is_stream=is_stream, answer_id=NEW)
        with pytest.raises(MalformedAnswer):
            as_events(body, is_stream=is_stream, answer_id=NEW, usage=True)


@pytest.mark.parametrize(
    ("raw", "is_stream"),
    [
        (b'{"choices":[{"message":{"x":' + nested(900) + b"}}]}", False),
        (b'data: {"choices":[{"delta":{"x":' + nested(900) + b"}}]}\n\n", True),
        (
            2 * (b'data: {"choices":[{"delta":' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}]}\n\n"),
            True,
        ),
    ],
)
def test_what_is_nested_too_deeply_cannot_be_told_otherwise(raw: bytes, is_stream: bool) -> None:
    def retell() -> object:
        if is_stream:
            return as_plain(raw, is_stream=True, answer_id=NEW)
        return as_events(raw, is_stream=False, answer_id=NEW, usage=True)

    with pytest.raises(MalformedAnswer, match="too deeply"):
        retell()


CUT = TELLING + b'data: {"id":"chatcmpl-old","choices":[{"delta":{"content":"\n\n'


def test_a_stream_that_broke_off_is_malformed() -> None:
    for body in (TELLING + event_of(b'{"error":{"message":"no"}}'), TELLING[:-1], CUT):
        with pytest.raises(MalformedAnswer):
            as_events(body, is_stream=True, answer_id=NEW, usage=True)
        with pytest.raises(MalformedAnswer):
            as_plain(body, is_stream=True, answer_id=NEW)


_PARTS = TREES | st.fixed_dictionaries(
    {}, optional={"role": TREES, "content": TREES, "tool_calls": TREES, "function_call": TREES}
)
_CHOICE = st.fixed_dictionaries(
    {}, optional={"index": TREES, "delta": _PARTS, "message": _PARTS, "logprobs": TREES}
)
_ANSWER = st.fixed_dictionaries(
    {"choices": TREES | st.lists(_CHOICE | TREES, max_size=3)},
    optional={"id": TREES, "usage": TREES, "error": TREES, "created": TREES},
)
_JSON = _ANSWER.map(orjson.dumps) | objects().map(lambda document: document.raw) | st.binary()
_END = st.sampled_from([b"\n\n", b"\r\n\r\n", b"\r\r", b"\n"])
_BODIES = _JSON | st.lists(
    st.tuples(st.sampled_from([b"data: ", b"data:", b": ", b""]), _JSON, _END).map(b"".join)
).map(b"".join)


@given(body=_BODIES, usage=st.booleans())
def test_any_bytes_are_told_again_or_malformed(body: bytes, usage: bool) -> None:
    for is_stream in (False, True):
        with contextlib.suppress(MalformedAnswer):
            assert plain(body, is_stream=is_stream)["id"] == NEW
        with contextlib.suppress(MalformedAnswer):
            told = events(body, is_stream=is_stream, usage=usage)
            assert {each["id"] for each in chunks(told)} == {NEW}


def _event(told: dict[str, Any]) -> bytes:
    return event_of(orjson.dumps(told))
