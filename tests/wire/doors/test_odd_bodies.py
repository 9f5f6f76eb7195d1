"""Bodies of any shape at any door: refused by name, or a chat request; no stream takes a door off its hinges."""

import contextlib
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.errors import ApiError
from router.wire.answer import MalformedAnswer
from router.wire.chat import parse_chat
from router.wire.doors.completions import COMPLETIONS
from router.wire.doors.door import Door
from router.wire.doors.stream_conversion import StreamConversion
from router.wire.doors.translated import MESSAGES, RESPONSES
from tests.wire.documents import TREES

MANY = settings(max_examples=150)
QUESTION = [{"role": "user", "content": "Hello"}]
BASE: Mapping[str, tuple[Door, dict[str, Any]]] = {
    "responses": (RESPONSES, {"model": "auto", "input": QUESTION}),
    "messages": (MESSAGES, {"model": "auto", "max_tokens": 9, "messages": QUESTION}),
    "completions": (COMPLETIONS, {"model": "auto", "prompt": "Hello"}),
}
NAMES = st.sampled_from(
    (
        "model input messages prompt max_tokens max_output_tokens stream store background thinking"
        " tools tool_choice text reasoning output_config stop stop_sequences n best_of suffix echo"
        " logprobs farthing metadata system instructions include service_tier parallel_tool_calls"
        " previous_response_id conversation"
    ).split()
)
ALL = pytest.mark.parametrize(("door", "base"), BASE.values(), ids=BASE)
HEAD = {"id": "chatcmpl-7", "created": 5, "model": "m"}


@ALL
@MANY
@given(odd=st.dictionaries(NAMES, TREES, min_size=1, max_size=3))
def test_a_request_is_refused_or_is_a_request_of_chat(
    door: Door, base: dict[str, Any], odd: dict[str, Any]
) -> None:
    with contextlib.suppress(ApiError):
        asked = door.read(json.dumps({**base, **odd}).encode())
        assert parse_chat(asked.chat).asked == odd.get("model", "auto")


@ALL
@MANY
@given(raw=st.binary(max_size=40) | TREES.map(lambda tree: json.dumps(tree).encode()))
def test_what_is_no_request_is_refused(door: Door, base: dict[str, Any], raw: bytes) -> None:
    with pytest.raises(ApiError) as raised:
        door.read(raw)
    assert raised.value.status == 400


@ALL
@MANY
@given(odd=TREES, name=st.sampled_from(["message", "finish_reason", "index"]))
def test_an_answer_is_told_or_none(door: Door, base: dict[str, Any], odd: Any, name: str) -> None:
    choice = {"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop", name: odd}
    asked = door.read(json.dumps(base).encode())
    with contextlib.suppress(MalformedAnswer):
        json.dumps(asked.told({**HEAD, "choices": [choice]}, 9))


@ALL
@MANY
@given(odd=st.lists(st.dictionaries(st.sampled_from(["delta", "index", "x"]), TREES), max_size=3))
def test_whatever_comes_in_a_stream_it_has_one_end(
    door: Door, base: dict[str, Any], odd: list[dict[str, Any]]
) -> None:
    stream_conversion = StreamConversion(door.read(json.dumps(base).encode()).event_writer(9))
    chunks = [json.dumps({**HEAD, "choices": [each]}).encode() for each in odd]
    told = b"".join(
        stream_conversion.feed(b"data: " + chunk + b"\n\n") for chunk in [*chunks, b"[DONE]"]
    )
    told += stream_conversion.end()
    failures = (b"event: error", b"event: response.failed", b'data: {"error":')
    ends = (*failures, b"data: [DONE]", b"event: message_stop", b"event: response.completed")
    assert sum(told.count(end) for end in ends) == 1
