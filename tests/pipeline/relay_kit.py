"""A canned stream, its client, and the books that are kept of it."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import orjson

from router.domain.caching import Origin, Writer
from router.domain.fault import AttemptFailed
from router.domain.usage import Usage
from router.pipeline.listener import Listener
from router.pipeline.opened import OpenedStream
from router.pipeline.relay import Broadcast, Patience, StreamClient
from router.wire.answer import Told
from router.wire.cached import StoredAnswer
from router.wire.sse import event_of

WRITER = Writer("m", "u", "n")
ANSWER = StoredAnswer(Origin(WRITER, Usage(1), 0.0), is_stream=False, body=b"{}")


class Canned:
    """A response that sends these pieces; implements `router.ports.Response`."""

    request_id = ""

    def __init__(
        self, pieces: Iterable[bytes], *, breaks: bool = False, stalls: bool = False
    ) -> None:
        self._pieces = list(pieces)
        self._breaks = breaks
        self._stalls = stalls
        self.closed = 0

    @property
    def is_stream(self) -> bool:
        return True

    async def read(self) -> bytes:
        return b"".join(self._pieces)

    def pieces(self) -> AsyncIterator[bytes]:
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._pieces:
            return self._pieces.pop(0)
        if self._breaks:
            raise AttemptFailed.transient("the connection broke", "connection_broken")
        if self._stalls:
            await asyncio.Event().wait()
        raise StopAsyncIteration

    async def close(self) -> None:
        self.closed += 1


def says(text: str, index: int = 0) -> bytes:
    """An event in which a choice says this."""
    return event_of(orjson.dumps({"choices": [{"index": index, "delta": {"content": text}}]}))


def ends(index: int = 0) -> bytes:
    """An event that ends a choice."""
    choice = {"index": index, "delta": {}, "finish_reason": "stop"}
    return event_of(orjson.dumps({"choices": [choice]}))


USAGE = event_of(
    orjson.dumps({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5}})
)
REMARK = b": settled\n\n"


class Books:
    """Counts what a stream's owner is told; implements `router.pipeline.relay.Owner`."""

    def __init__(self) -> None:
        self.settled = 0
        self.kept = 0
        self.abandoned = 0

    def close_books(self, listener: Listener) -> None:
        self.settled += 1

    async def keep(self, listener: Listener) -> None:
        self.kept += 1

    def abandon(self, listener: Listener) -> None:
        self.abandoned += 1


class Client:
    """Reads a stream; records what came and what was settled."""

    def __init__(self, response: Canned, *, deadline_s: float = 60, stall_s: float = 60) -> None:
        self.response = response
        self.listener = Listener(2**18)
        self.books = Books()
        self.released = 0
        self.reasons: list[str] = []
        self.patience = Patience(stall_s, deadline_s, lambda: 0.0)

    @property
    def ending(self) -> tuple[int, int, int, int]:
        """How often it was settled, abandoned, released and closed."""
        return self.books.settled, self.books.abandoned, self.released, self.response.closed

    async def broadcast(self) -> Broadcast:
        opened = OpenedStream(self.response, self._release)
        await opened.until_content()
        return Broadcast(opened, self.listener, self.books)

    def reader(self, *, shows_usage: bool = True) -> StreamClient:
        return StreamClient(shows_usage, self.patience, self._finish, self.reasons.append)

    async def read(self, *, at_most: int = 1000, shows_usage: bool = True) -> bytes:
        broadcast = await self.broadcast()
        pieces = broadcast.reading(broadcast.enter(), self.reader(shows_usage=shows_usage))
        got = [piece async for piece in _first(pieces, at_most)]
        await pieces.aclose()
        return b"".join(got)

    def _release(self) -> None:
        self.released += 1

    async def _finish(self) -> bytes:
        return REMARK


async def _first(pieces: AsyncIterator[bytes], count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        try:
            yield await anext(pieces)
        except StopAsyncIteration:
            return


async def collect(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


class Nothing:
    """A stream that says nothing; implements both `Source` and `Owner`."""

    def __init__(self) -> None:
        self.abandoned = False

    async def next_piece(self) -> None:
        return None

    def words(self, piece: bytes) -> None:
        return None

    def told(self, piece: bytes) -> list[Told]:
        return []

    async def close(self) -> None: ...

    def close_books(self, listener: Listener) -> None: ...

    async def keep(self, listener: Listener) -> None: ...

    def abandon(self, listener: Listener) -> None:
        self.abandoned = True
