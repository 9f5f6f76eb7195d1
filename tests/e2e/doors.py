"""Each door with its own question: how it is called, what it answers, and whether that is as documented."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from router.wire.dialects.dialect import Dialect
from tests.e2e.wire import Got, send
from tests.simulated.openapi import validator
from tests.wire.dialects.descriptions import check

Json = dict[str, Any]


@dataclass(frozen=True)
class Knock:
    """A door: its path, a request's body of one question, and how what it says is read and checked."""

    path: str
    body: Callable[[str], Json]
    text: Callable[[Json], str]
    stream_text: Callable[[list[Json]], str]
    check_answer: Callable[[Json], None]
    check_event: Callable[[Json], None]
    check_error: Callable[[Json], None]
    receipt: Callable[[list[Json]], Json]

    def ask(
        self, base_url: str, text: str, headers: Mapping[str, str] | None = None, **fields: Any
    ) -> Got:
        """The answer to a question; `base_url` ends in /v1."""
        body = json.dumps({**self.body(text), **fields}).encode()
        return send(base_url + self.path, body, headers=headers)


def events_of(got: Got) -> list[Json]:
    """The events that are JSON; where an event has a name, it is its type."""
    assert got.headers["content-type"] == "text/event-stream", got
    events = []
    for block in got.body.decode().split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
        if data and data != ["[DONE]"]:
            event: Json = json.loads("".join(data))
            names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
            assert names in ([], [event.get("type")])
            events.append(event)
    return events


def _responses(text: str) -> Json:
    return {"model": "auto", "input": text, "max_output_tokens": 500}


def _responses_text(response: Json) -> str:
    parts = [part for item in response["output"] for part in item.get("content", ())]
    return "".join(part.get("text", "") for part in parts)


def _responses_stream(events: list[Json]) -> str:
    assert [each["sequence_number"] for each in events] == list(range(len(events)))
    deltas = [each["delta"] for each in events if each["type"] == "response.output_text.delta"]
    assert "".join(deltas) == _responses_text(events[-1]["response"])
    return "".join(deltas)


def _messages(text: str) -> Json:
    return {
        "model": "auto",
        "max_tokens": 500,
        "messages": [{"role": "user", "content": text}],
    }


def _messages_text(message: Json) -> str:
    return "".join(block.get("text", "") for block in message["content"])


def _messages_stream(events: list[Json]) -> str:
    deltas = [each["delta"] for each in events if each["type"] == "content_block_delta"]
    assert [each["type"] for each in events][-2:] == ["message_delta", "message_stop"]
    return "".join(delta.get("text", "") for delta in deltas)


def _completions(text: str) -> Json:
    return {"model": "auto", "prompt": text, "max_tokens": 500}


def _completions_text(completion: Json) -> str:
    return str(completion["choices"][0]["text"])


def _completions_stream(events: list[Json]) -> str:
    return "".join(choice["text"] for each in events for choice in each["choices"])


def _as(dialect: Dialect, what: str) -> Callable[[Json], None]:
    return lambda value: check(dialect, what, value)


def _is_completion(value: Json) -> None:
    assert [each.message for each in validator("CreateCompletionResponse").iter_errors(value)] == []


def _is_chunk(value: Json) -> None:
    """Of a chunk the description says that it is an answer, whose choices have ended already."""
    ended = [
        {**each, "finish_reason": each["finish_reason"] or "stop"} for each in value["choices"]
    ]
    usage = {"usage": value["usage"]} if value.get("usage") else {}
    bare = {name: member for name, member in value.items() if name != "usage"}
    _is_completion({**bare, **usage, "choices": ended})


RESPONSES = Knock(
    "/responses",
    _responses,
    _responses_text,
    _responses_stream,
    _as(Dialect.RESPONSES, "answer"),
    _as(Dialect.RESPONSES, "event"),
    _as(Dialect.RESPONSES, "error"),
    lambda events: events[-1]["response"]["farthing"],
)
MESSAGES = Knock(
    "/messages",
    _messages,
    _messages_text,
    _messages_stream,
    _as(Dialect.MESSAGES, "answer"),
    _as(Dialect.MESSAGES, "event"),
    _as(Dialect.MESSAGES, "error"),
    lambda events: events[-2]["farthing"],
)
COMPLETIONS = Knock(
    "/completions",
    _completions,
    _completions_text,
    _completions_stream,
    _is_completion,
    _is_chunk,
    _as(Dialect.CHAT, "error"),
    lambda events: events[-1]["farthing"],
)
DOORS: Mapping[str, Knock] = {
    "responses": RESPONSES,
    "messages": MESSAGES,
    "completions": COMPLETIONS,
}
