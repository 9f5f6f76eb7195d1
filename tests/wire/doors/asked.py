"""What is asked by the doors of Responses and Messages, and the stream of chat that answers."""

import json
from typing import Any

import pytest

from router.wire.dialects.dialect import Dialect
from router.wire.doors.door import Door
from router.wire.doors.stream_conversion import StreamConversion
from router.wire.doors.translated import MESSAGES, RESPONSES

ASK_RESPONSES = {"model": "auto", "input": "Say hello"}
ASK_MESSAGES = {
    "model": "auto",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "Say hello"}],
}
HEAD = {"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 5, "model": "m"}
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
RECEIPT = {"cost_usd": "0.1"}


def event(**members: Any) -> bytes:
    """An event of chat with these members."""
    return b"data: " + json.dumps({**HEAD, **members}).encode() + b"\n\n"


def delta(**said: Any) -> bytes:
    """An event that says this of its one choice."""
    return event(choices=[{"index": 0, "delta": said, "finish_reason": None}])


STREAM = b"".join(
    [
        delta(role="assistant", content=""),
        delta(content="Hel"),
        b": still there\n\n",
        delta(content="lo"),
        event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]),
        event(choices=[], usage=USAGE),
        event(choices=[], farthing=RECEIPT),
        b": farthing cost-usd=0.1\n\n",
        b"data: [DONE]\n\n",
    ]
)


def stream_conversion(door: Door, body: dict[str, Any]) -> StreamConversion:
    """What retells a stream to who has asked this at that door."""
    return StreamConversion(door.read(json.dumps(body).encode()).event_writer(9))


def events_of(stream: bytes) -> list[dict[str, Any]]:
    """The events of a stream, each named as its type says."""
    events = []
    for block in stream.decode().split("\n\n"):
        lines = block.split("\n")
        if lines[0].startswith("event: "):
            event = json.loads(lines[1].removeprefix("data: "))
            assert lines[0] == f"event: {event['type']}"
            events.append(event)
    return events


BOTH = pytest.mark.parametrize(
    ("door", "body", "dialect"),
    [
        (RESPONSES, ASK_RESPONSES, Dialect.RESPONSES),
        (MESSAGES, ASK_MESSAGES, Dialect.MESSAGES),
    ],
    ids=["responses", "messages"],
)
