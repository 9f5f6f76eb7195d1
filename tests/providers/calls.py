"""Calls for an upstream, and their results, whatever it speaks."""

import json
from typing import Any

import pytest

from router.domain.fault import AttemptFailed, Fault
from router.ports import Call, Upstream
from router.wire.answer import StreamEvent, read_event
from router.wire.sse import EventSplitter
from tests.domain.builders import model

KEY = "sk-the-operators-own-key"
QUESTION = [{"role": "user", "content": "Hi there, how are you doing today?"}]
TOOL = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Adds.",
        "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}},
    },
}
STREAM = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])


def call(model_name: str, *, stream: bool = False, **fields: Any) -> Call:
    """A request as the client sent it, and as the pipeline has changed its bytes for the model."""
    body = {"model": "auto", "messages": QUESTION, "stream": stream, **fields}
    wishes = {"stream_options": {"include_usage": True}} if stream else {}
    sent = json.dumps({**body, "model": model_name, **wishes}).encode()
    return Call(model(model_name), sent, body, stream)


async def plain(to: Upstream, asked: Call) -> Any:
    """The whole answer, decoded."""
    response = await to.send(asked)
    try:
        assert response.is_stream is False
        return json.loads(await response.read())
    finally:
        await response.close()


async def streamed(to: Upstream, asked: Call) -> list[StreamEvent]:
    """All events, as the pipeline reads them."""
    response = await to.send(asked)
    splitter, events = EventSplitter(), []
    try:
        assert response.is_stream is True
        async for piece in response.pieces():
            events += [read_event(raw) for raw in splitter.feed(piece)]
    finally:
        await response.close()
    assert splitter.rest() == b""
    return events


async def whole(to: Upstream, asked: Call) -> None:
    """Ask, and wait for the end of the answer, in whatever form."""
    await (streamed(to, asked) if asked.stream else plain(to, asked))


async def fault_of(to: Upstream, asked: Call) -> Fault:
    """How the call failed, before or during its answer."""
    with pytest.raises(AttemptFailed) as failed:
        await whole(to, asked)
    return failed.value.fault


def chunks(events: list[StreamEvent]) -> list[Any]:
    """The chunks of a stream, without comments and `[DONE]`."""
    told = [event.raw.removeprefix(b"data: ") for event in events if event.raw.startswith(b"data")]
    return [json.loads(raw) for raw in told if raw.strip() != b"[DONE]"]


def finish_reasons(events: list[StreamEvent]) -> frozenset[str]:
    """Why the choices of a stream ended."""
    nothing: frozenset[str] = frozenset()
    return nothing.union(*(event.finish_reasons for event in events))
