"""Which answers may be given again."""

from typing import Any

import orjson
import pytest

from router.wire.keepable import flaw_of
from router.wire.replay import as_stream

CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
JSON = {"response_format": {"type": "json_object"}}
SCHEMA = {"response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {}}}}


def answer(*choices: dict[str, Any]) -> dict[str, Any]:
    return {"id": "x", "choices": [{"index": at, **choice} for at, choice in enumerate(choices)]}


def choice(content: str | None = "Hi.", reason: str | None = "stop", **more: Any) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": content, **more}, "finish_reason": reason}


def flaw(said: dict[str, Any], request: dict[str, Any], *, keeps: bool = False) -> str | None:
    """What is wrong with the answer, which is the same for both of its forms."""
    raw = orjson.dumps(said)
    streamed = as_stream(raw, is_stream=False, answer_id="x", usage=True)
    plain = flaw_of(raw, is_stream=False, request=request, keeps_tool_calls=keeps)
    assert plain == flaw_of(streamed, is_stream=True, request=request, keeps_tool_calls=keeps)
    return plain


@pytest.mark.parametrize(
    ("said", "request_", "keeps"),
    [
        (answer(choice()), {}, False),
        (answer(choice(), choice()), {"n": 2}, False),
        (answer(choice('{"a": 1}')), JSON, False),
        (answer(choice("[1]")), SCHEMA, False),
        (answer(choice(None, "tool_calls", tool_calls=[CALL])), {}, True),
        (answer(choice(None, "stop", tool_calls=[CALL])), {}, True),
    ],
)
def test_a_whole_answer_may_be_given_again(
    said: dict[str, Any], request_: dict[str, Any], keeps: bool
) -> None:
    assert flaw(said, request_, keeps=keeps) is None


@pytest.mark.parametrize(
    ("said", "request_", "why"),
    [
        (answer(choice(reason="length")), {}, "it ended by 'length'"),
        (answer(choice(reason="content_filter")), {}, "it ended by 'content_filter'"),
        (answer(choice(reason=None)), {}, "it ended by None"),
        (answer(choice(), choice(reason="length")), {"n": 2}, "it ended by 'length'"),
        (answer(choice()), {"n": 2}, "it does not have 2 choices"),
        (answer(choice(), choice()), {}, "it does not have 1 choices"),
        (answer(choice(" \n")), {}, "it says nothing"),
        (answer(choice(None, refusal="No.")), {}, "it says nothing"),
        (answer(choice(None, "tool_calls", tool_calls=[CALL])), {}, "it calls tools"),
        (answer(choice("Sure: {}")), JSON, "it is not the JSON that was asked for"),
        (answer(choice("[1]")), JSON, "it is not the JSON object that was asked for"),
        (answer(choice("{'a': 1}")), SCHEMA, "it is not the JSON that was asked for"),
    ],
)
def test_an_answer_with_a_flaw_is_not_kept(
    said: dict[str, Any], request_: dict[str, Any], why: str
) -> None:
    assert flaw(said, request_) == why


@pytest.mark.parametrize("raw", [b"", b"nonsense", b"[]", b"{}", b'{"choices": [7]}'])
def test_what_is_no_answer_is_not_kept(raw: bytes) -> None:
    for is_stream in (False, True):
        assert flaw_of(raw, is_stream=is_stream, request={}, keeps_tool_calls=True)
