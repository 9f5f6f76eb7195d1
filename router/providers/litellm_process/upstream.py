"""A provider behind litellm's process, as an upstream like any other."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from io import BytesIO

import aiohttp

from router.domain.fault import AttemptFailed
from router.ports import Call, Response
from router.providers.litellm_process.process import LitellmProcess
from router.providers.litellm_process.processes import LitellmProcesses
from router.providers.litellm_process.wording import (
    FAULT_STATUS,
    REQUEST_ID,
    CallWish,
    Frames,
    read_fault,
)
from router.providers.streamed import Streamed
from router.providers.translating.arguments import CallTarget

_PIECE_BYTES = 2**16


class LitellmProcessUpstream:
    """Implements `router.ports.Upstream` for one provider, in a process that `litellm_process` keeps.

    All that happens here is that bytes are passed on; the CPU time of a call is spent over there. The keeper
    is closed by its creator.
    """

    asks_usage = True
    """Every stream is asked for its usage, whatever the client's bytes say."""

    def __init__(
        self,
        litellm_process: LitellmProcess | LitellmProcesses,
        target: CallTarget,
        *,
        connect_s: float = 10.0,
    ) -> None:
        self._litellm_process = litellm_process
        self._target = target
        self._connect_s = connect_s

    async def send(self, call: Call) -> Response:
        """The beginning of the answer. Raises AttemptFailed for anything but success."""
        session = await self._litellm_process.session()
        wish = CallWish(self._target, self._connect_s, call.model.name, call.stream)
        with _translated():
            response = await session.post("/", data=BytesIO(wish.with_request(call.body)))
            if response.status != 200:
                raise await _failure_of(response)
        return _Streamed(response) if call.stream else _Plain(response)

    async def close(self) -> None:
        """Nothing is kept here."""


class _Plain:
    is_stream = False

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.request_id = response.headers.get(REQUEST_ID, "")

    async def read(self) -> bytes:
        with _translated():
            return await self._response.read()

    async def pieces(self) -> AsyncIterator[bytes]:
        yield await self.read()

    async def close(self) -> None:
        self._response.close()


class _Streamed(Streamed):
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.request_id = response.headers.get(REQUEST_ID, "")
        self._frames = Frames()
        self._ready: Iterator[bytes] = iter(())

    async def __anext__(self) -> bytes:
        while (piece := next(self._ready, None)) is None:
            if self._frames.ended:
                raise StopAsyncIteration
            self._ready = self._frames.feed(await self._more())
        return piece

    async def _more(self) -> bytes:
        with _translated():
            data = await self._response.content.read(_PIECE_BYTES)
        if not data:
            raise _gone()
        return data

    async def close(self) -> None:
        # Not release(): only closing makes the other process, and so the provider, stop.
        self._response.close()


async def _failure_of(response: aiohttp.ClientResponse) -> AttemptFailed:
    async with response:
        if response.status != FAULT_STATUS:
            return AttemptFailed.transient("it failed in litellm's process", "not_translated")
        return AttemptFailed(read_fault(await response.read()))


@contextmanager
def _translated() -> Iterator[None]:
    """If the process ends, its calls end with it: nothing else can happen on the way to it."""
    try:
        yield
    except (aiohttp.ClientError, OSError):
        raise _gone() from None


def _gone() -> AttemptFailed:
    return AttemptFailed.transient("litellm's process ended", "helper_gone", reached_model=True)
