"""A long conversation is read in parts, and says what it says as a whole."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from router.domain.errors import ApiError
from router.domain.turns import Turns, finished
from router.wire.chat import ChatRequest, parse_chat, parsing
from router.wire.parted import LONG_BYTES, parted
from tests.wire.requests import accepted_requests

SAID = {"role": "user", "content": "Hello!"}
DECOYS = st.sampled_from(
    [
        '},{"role":"user"',
        '"messages":[{"role":"user"},{"role":"user"}]',
        '\\"},{\\"role\\":',
        "}, { \\",
        "\\",
        "🦉",
    ]
)
TEXTS = st.lists(DECOYS | st.text(max_size=5), max_size=4).map("".join)
MESSAGES = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool"]), "content": TEXTS},
    optional={
        "tool_calls": st.just([{"role": "a"}, {"role": "b"}]),
        "messages": st.just([SAID, SAID]),
    },
)


@given(
    messages=st.lists(MESSAGES, min_size=1, max_size=12),
    before=st.fixed_dictionaries({}, optional={"model": TEXTS, "tools": st.just([{"role": "a"}])}),
    behind=st.fixed_dictionaries(
        {}, optional={"metadata": st.just({"messages": [SAID, SAID]}), "user": TEXTS}
    ),
    part_bytes=st.integers(1, 300),
    is_spaced=st.booleans(),
)
def test_parts_say_what_the_whole_says(
    messages: list[Any],
    before: dict[str, Any],
    behind: dict[str, Any],
    part_bytes: int,
    is_spaced: bool,
) -> None:
    body = {**before, "messages": messages, **behind}
    raw = json.dumps(body, indent=1).encode() if is_spaced else orjson.dumps(body)
    assert finished(parted(raw, part_bytes)) in (None, body)


@given(body=accepted_requests(), part_bytes=st.integers(1, 100))
def test_no_request_is_read_as_another_one(body: dict[str, Any], part_bytes: int) -> None:
    raw = orjson.dumps(body)
    assert finished(parted(raw, part_bytes)) in (None, orjson.loads(raw))


TWO = b'{"role":"user","content":"a"},{"role":"user","content":"b"}'


@pytest.mark.parametrize(
    "raw",
    [
        b'{"messages":[%b],"messages":[%b]}' % (TWO, TWO),
        b'{"messages":[%b],"mess\\u0061ges":[%b]}' % (TWO, TWO),
        b'{"messages":[%b],"messages":null}' % TWO,
        b'{"metadata":{"messages":[%b]},"mess\\u0061ges":[%b]}' % (TWO, TWO),
        b'{"metadata":{"messages":[%b]},"messages":"none"}' % TWO,
        b'{"metadata":{"messages":[%b]}}' % TWO,
        b'[{"messages":[%b]}]' % TWO,
    ],
)
def test_what_could_be_read_otherwise_is_read_as_a_whole(raw: bytes) -> None:
    assert finished(parted(raw, 1)) in (None, orjson.loads(raw))


def long_request(more: bytes = b"") -> bytes:
    said = [{**SAID, "content": "word " * 1000 + str(place)} for place in range(200)]
    return orjson.dumps({"model": "auto", "messages": said})[:-1] + more + b"}"


def in_turns(work: Turns[ChatRequest]) -> tuple[ChatRequest, int]:
    """What comes of it, and how many turns others had."""
    turns = 0
    while True:
        try:
            next(work)
        except StopIteration as done:
            return done.value, turns
        turns += 1


def test_a_long_conversation_is_read_in_turns() -> None:
    raw = long_request()
    request, turns = in_turns(parsing(raw))
    assert request.body == orjson.loads(raw)
    assert turns >= len(raw) // LONG_BYTES - 1


@example(b',"n":')
@given(more=st.sampled_from([b',"n":', b',"n":}', b"]", b',"n":NaN', b"\xff"]))
def test_what_is_no_json_is_told_as_ever(more: bytes) -> None:
    with pytest.raises(orjson.JSONDecodeError) as why:
        orjson.loads(long_request(more))
    with pytest.raises(ApiError, match="not valid JSON") as refused:
        parse_chat(long_request(more))
    said = str(refused.value)
    assert str(why.value) in said or (more == b"\xff" and "is not encoded in UTF-8" in said)
