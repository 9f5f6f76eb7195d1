"""A stream that is translated on its way, however the network cuts it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.fault import AttemptFailed
from router.domain.members import replace
from router.ports import Response
from router.providers.translated import CallWording, TranslatedUpstream
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.translate import event_bytes
from tests.providers.calls import STREAM, call, chunks, fault_of, streamed

MESSAGES = Target(Dialect.MESSAGES, "up/m", max_output_tokens=100)
USED = {"input_tokens": 3, "output_tokens": 1}
TEXTS = ["Grüße, ", "世界", "\n\ndata: no event", "!"]


def _told(*, ends: bool = True) -> bytes:
    message = {"id": "msg_1", "model": "m", "content": [], "usage": USED}
    block = {"type": "content_block_start", "index": 0, "content_block": _text("text", "")}
    deltas = (
        {"type": "content_block_delta", "index": 0, "delta": _text("text_delta", text)}
        for text in TEXTS
    )
    end: list[dict[str, Any]] = [
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": USED},
        {"type": "message_stop"},
    ]
    begun: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        {"type": "ping"},
        block,
    ]
    events: list[dict[str, Any]] = [*begun, *deltas, *(end if ends else [])]
    return b"".join(event_bytes(event, Dialect.MESSAGES) for event in events)


def _text(kind: str, text: str) -> dict[str, str]:
    return {"type": kind, "text": text}


class Scripted:
    """An answer that comes in the pieces that it is given; with `breaks` its connection breaks after them."""

    def __init__(self, pieces: Sequence[bytes], *, is_stream: bool, breaks: bool) -> None:
        self._left = list(pieces)
        self._breaks = breaks
        self.is_stream = is_stream
        self.request_id = ""

    async def read(self) -> bytes:
        return b"".join(self._left)

    async def pieces(self) -> AsyncIterator[bytes]:
        for piece in self._left:
            yield piece
        if self._breaks:
            raise AttemptFailed.transient("the connection broke", "connection_broken")

    async def close(self) -> None:
        """Nothing is open."""


class UpstreamClient:
    """Answers everything with the same pieces, and keeps what it was sent."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.pieces = pieces
        self.is_stream = True
        self.breaks = False
        self.sent: list[bytes] = []
        self.paths: list[str] = []

    async def post(
        self, body: bytes, *, fresh: bool, headers: Mapping[str, str], path: str
    ) -> Response:
        self.sent.append(body)
        self.paths.append(path)
        return Scripted(self.pieces, is_stream=self.is_stream, breaks=self.breaks)

    async def close(self) -> None:
        """Nothing is open."""


def reaching(upstream_client: UpstreamClient, target: Target = MESSAGES) -> TranslatedUpstream:
    return TranslatedUpstream(
        upstream_client,
        lambda asked: CallWording({**asked.fields, "model": "m"}, target),
        unix_s=lambda: 9.0,
    )


def cut(raw: bytes, at: Sequence[int]) -> list[bytes]:
    marks = [0, *sorted(at), len(raw)]
    return [raw[begin:end] for begin, end in pairwise(marks) if begin < end]


@given(at=st.lists(st.integers(0, len(_told())), max_size=12))
async def test_where_the_network_cuts_a_stream_makes_no_difference(at: list[int]) -> None:
    events = await streamed(reaching(UpstreamClient(cut(_told(), at))), call("m", stream=True))
    whole = await streamed(reaching(UpstreamClient([_told()])), call("m", stream=True))

    assert chunks(events) == chunks(whole)
    said = [each["choices"][0]["delta"].get("content") for each in chunks(events)[:-1]]
    assert "".join(filter(None, said)) == "".join(TEXTS)
    assert events[-1].raw == b"data: [DONE]\n\n"


@given(length=st.integers(0, len(_told(ends=False))))
async def test_a_stream_that_ends_anywhere_before_its_end_fails(length: int) -> None:
    with pytest.raises(AttemptFailed, match="before the answer was finished"):
        await streamed(
            reaching(UpstreamClient([_told(ends=False)[:length]])), call("m", stream=True)
        )


async def test_an_answer_is_whole_with_its_last_event_whatever_becomes_of_the_connection() -> None:
    upstream_client = UpstreamClient([_told()])
    upstream_client.breaks = True

    events = await streamed(reaching(upstream_client), call("m", stream=True))

    assert events[-1].raw == b"data: [DONE]\n\n"


@STREAM
async def test_a_number_that_none_of_ours_can_hold_makes_an_answer_malformed(stream: bool) -> None:
    cited = {"type": "url_citation", "url": "https://a.example", "start_index": 2**64 - 1}
    parts = [
        {"type": "output_text", "text": "Hi", "annotations": annotations}
        for annotations in ([], [cited])
    ]
    item = {"type": "message", "role": "assistant", "content": parts}
    told = {"id": "resp_1", "model": "m", "output": [item], "status": "completed"}
    events = [{"type": f"response.{each}", "response": told} for each in ("created", "completed")]
    as_stream = b"".join(event_bytes(each, Dialect.RESPONSES) for each in events)
    upstream_client = UpstreamClient([as_stream if stream else orjson.dumps(told)])
    upstream_client.is_stream = stream

    fault = await fault_of(
        reaching(upstream_client, Target(Dialect.RESPONSES)), call("m", stream=stream)
    )
    assert fault.code == "malformed_answer"


@pytest.mark.parametrize("levels", [300, 900])
async def test_a_schema_that_is_nested_too_deeply_is_not_sent(levels: int) -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}

    fault = await fault_of(reaching(UpstreamClient([_told()])), call("m", response_format=form))

    assert (fault.code, "nested too deeply" in fault.message) == ("untranslatable", True)


async def test_the_same_beginning_is_sent_in_the_same_bytes() -> None:
    """A provider's prompt cache depends on it: turn after turn, what was said is repeated identically."""
    upstream_client, history = UpstreamClient([_told()]), [{"role": "user", "content": "0"}]
    before = b""
    for turn in range(1, 8):
        await streamed(reaching(upstream_client), call("m", stream=True, messages=history))
        told = orjson.dumps(orjson.loads(upstream_client.sent[-1])["messages"])
        assert told.startswith(before)
        before = told[:-1]
        history += [
            {"role": "assistant", "content": f"a{turn}"},
            {"role": "user", "content": f"{turn}"},
        ]


async def test_what_is_not_for_chat_is_not_translated() -> None:
    upstream_client = UpstreamClient([b'{"data": []}'])
    upstream_client.is_stream = False
    asked = replace(call("m"), body=b'{"model": "m", "input": "Hi"}', path="/embeddings")

    response = await reaching(upstream_client).send(asked)

    assert await response.read() == b'{"data": []}'
    assert (upstream_client.sent, upstream_client.paths) == ([asked.body], ["/embeddings"])
