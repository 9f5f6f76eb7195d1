"""An answer in another form than requested, up to the moment when it is given up or begins all the same."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
import pytest
from aiohttp import web

from router.domain.fault import AttemptFailed, Fault, FaultKind
from router.pipeline.opened import OpenedPlain, open_answer
from router.ports import Upstream
from router.providers.direct import DirectUpstream, UpstreamClient
from router.providers.endpoints import Endpoint
from router.providers.translated import CallWording, TranslatedUpstream
from router.wire.dialects.dialect import Dialect, Target
from tests.pipeline.doors import upstream
from tests.providers.calls import call

COMPLETION = {
    "id": "chatcmpl-1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}}],
}
MESSAGE = {"id": "msg_1", "model": "m", "content": [{"type": "text", "text": "Hello"}]}


@dataclass
class Server:
    """Answers every call as JSON, beginning with `start`; it never ends if it `goes_on`."""

    start: bytes
    goes_on: bool = True
    type: str = "application/json"
    is_left: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": self.type})
        await response.prepare(request)
        await response.write(self.start)
        try:
            if self.goes_on:
                await asyncio.Event().wait()
        finally:
            self.is_left.set()
        return response


def _direct(url: str) -> Upstream:
    return DirectUpstream(Endpoint(url), unix_s=lambda: 0.0)


def _translated(url: str) -> Upstream:
    target = Target(Dialect.MESSAGES, "up/m", max_output_tokens=100)
    line = UpstreamClient(url, {}, (), unix_s=lambda: 0.0, connect_s=5.0)
    return TranslatedUpstream(line, lambda it: CallWording(it.fields, target), unix_s=lambda: 0.0)


Way = Callable[[str], Upstream]
WAYS = pytest.mark.parametrize("way", [_direct, _translated], ids=["chat", "other"])


@asynccontextmanager
async def reaching(server: Server, way: Way) -> AsyncIterator[Upstream]:
    async with upstream([web.post("/{path:.*}", server.answer)]) as url, asyncio.timeout(5):
        to = way(url)
        try:
            yield to
        finally:
            await to.close()


async def _given_up(server: Server, way: Way, *, stream: bool = True) -> Fault:
    released: list[None] = []
    asked = call("m", stream=stream)
    async with reaching(server, way) as to:
        response = await to.send(asked)
        with pytest.raises(AttemptFailed) as caught:
            await open_answer(response, asked, lambda: released.append(None))
        await server.is_left.wait()
    assert released == [None]
    return caught.value.fault


@WAYS
@pytest.mark.parametrize("start", [b'data: {"id":', b" \r\n: at work\n\n", b"<html>"])
async def test_a_stream_of_the_wrong_type_is_not_waited_for(start: bytes, way: Way) -> None:
    """It would be generated, and paid, to its end, and then another model would be asked."""
    fault = await _given_up(Server(start), way)

    assert (fault.kind, fault.code) == (FaultKind.TRANSIENT, "malformed_answer")


@WAYS
async def test_a_stream_that_was_not_asked_for_is_not_waited_for(way: Way) -> None:
    fault = await _given_up(Server(b": at work\n\n", type="text/event-stream"), way, stream=False)

    assert (fault.kind, fault.code) == (FaultKind.TRANSIENT, "malformed_answer")


@pytest.mark.parametrize(("way", "said"), [(_direct, COMPLETION), (_translated, MESSAGE)])
async def test_a_whole_answer_where_a_stream_was_wanted_is_taken(way: Way, said: object) -> None:
    server = Server(b"\n" + orjson.dumps(said), goes_on=False)
    async with reaching(server, way) as to:
        asked = call("m", stream=True)
        opened = await open_answer(await to.send(asked), asked, lambda: None)

    assert isinstance(opened, OpenedPlain)
    assert opened.is_streamed
    assert b"Hello" in opened.body


@pytest.mark.parametrize(
    "odd",
    [
        b'{"choices": [{"message": {"tool_calls": 5}}]}',
        b'{"choices": [{"message": {}}], "usage": ' + b"[" * 300 + b"]" * 300 + b"}",
    ],
)
async def test_a_whole_answer_that_cannot_be_told_as_a_stream_fails(odd: bytes) -> None:
    fault = await _given_up(Server(odd, goes_on=False), _direct)

    assert (fault.kind, fault.code) == (FaultKind.TRANSIENT, "malformed_answer")
