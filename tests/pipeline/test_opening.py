"""An answer in another form than requested, up to the moment when it is given up."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from router.domain.fault import AttemptFailed, Fault, FaultKind
from router.pipeline.opened import open_answer
from router.ports import Call, Response, Upstream
from router.providers.translated import CallWording, TranslatedUpstream
from router.wire.dialects.dialect import Dialect, Target
from tests.providers.calls import call

Way = Callable[["Unending"], Upstream]


class Unending:
    """An upstream whose plain answer begins with `pieces`, and never ends."""

    is_stream = False
    asks_usage = True

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces
        self.is_closed = False

    async def send(self, call: Call) -> Response:
        return self

    async def post(self, body: bytes, **_: object) -> Response:
        return self

    async def read(self) -> bytes:
        return b"".join([piece async for piece in self.pieces()])

    async def pieces(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
        await asyncio.Event().wait()

    async def close(self) -> None:
        self.is_closed = True


def _translated(line: Unending) -> TranslatedUpstream:
    target = Target(Dialect.MESSAGES, "up/m", max_output_tokens=100)
    return TranslatedUpstream(line, lambda it: CallWording(it.fields, target), unix_s=lambda: 0.0)


WAYS = pytest.mark.parametrize("way", [lambda server: server, _translated], ids=["chat", "other"])


async def _given_up(server: Unending, way: Way) -> Fault:
    async with asyncio.timeout(5):
        with pytest.raises(AttemptFailed) as caught:
            await open_answer(way(server), call("m", stream=True), lambda: None)
    assert server.is_closed
    return caught.value.fault


@WAYS
@pytest.mark.parametrize("start", [b'data: {"id":', b" \r\n: at work\n\n", b"<html>"])
async def test_a_stream_of_the_wrong_type_is_not_waited_for(start: bytes, way: Way) -> None:
    """It would be generated, and paid, to its end, and then another model would be asked."""
    fault = await _given_up(Unending(b"\n", start), way)

    assert (fault.kind, fault.code) == (FaultKind.TRANSIENT, "malformed_answer")


@WAYS
async def test_an_answer_that_is_too_long_for_an_error_is_not_waited_for(way: Way) -> None:
    fault = await _given_up(Unending(b'{"', b"a" * 2**17), way)

    assert fault.code == "malformed_answer"
