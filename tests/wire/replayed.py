"""A stored answer, whole and as a stream, and how it is told again."""

from typing import Any

import orjson

from router.wire.replay import as_events, as_plain
from router.wire.sse import data_of
from tests.wire.stored import chunk, delta, stream

NEW = "chatcmpl-new"


def plain(body: bytes, *, is_stream: bool) -> dict[str, Any]:
    answer: dict[str, Any] = orjson.loads(as_plain(body, is_stream=is_stream, answer_id=NEW))
    return answer


def events(body: bytes, *, is_stream: bool, usage: bool = True) -> list[bytes]:
    return list(as_events(body, is_stream=is_stream, answer_id=NEW, usage=usage))


def chunks(told: list[bytes]) -> list[dict[str, Any]]:
    return [orjson.loads(data) for event in told if (data := data_of(event)) is not None]


def texts(told: list[dict[str, Any]]) -> dict[tuple[int, str], str]:
    """What each choice says, by the name of the member that says it."""
    said: dict[tuple[int, str], str] = {}
    for choice in (choice for each in told for choice in each["choices"]):
        for name, text in choice["delta"].items():
            if isinstance(text, str) and text and name != "role":
                said[choice["index"], name] = said.get((choice["index"], name), "") + text
    return said


HELLO: dict[str, Any] = {
    "id": "chatcmpl-old",
    "object": "chat.completion",
    "created": 7,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello, you!", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13},
}
TELLING = stream(
    chunk(delta({"role": "assistant", "content": "", "refusal": None}), usage=None),
    chunk(delta({"content": "Hello,"}), usage=None),
    chunk(delta({"content": " you!"}), usage=None),
    chunk(delta({}, "stop"), usage=None),
    chunk(usage=HELLO["usage"]),
)
