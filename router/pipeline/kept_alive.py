"""A stream whose client gets signs of life while a cascade's steps are judged, for itself or for another request.

An answer that comes in time has its headers and its errors like any other. Otherwise the headers go out
early, and comments follow until there is content; what was not known yet is told in comments, and an error
becomes an event.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct

from router.domain.errors import ApiError
from router.pipeline.attempts import Begun
from router.pipeline.flights import Flight
from router.pipeline.reply import Reply, StreamReply
from router.pipeline.reply_details import late_words
from router.pipeline.to_the_end import to_the_end
from router.wire.errors import error_body
from router.wire.sse import event_of

if TYPE_CHECKING:
    from router.pipeline.forwarding import Forwarding

T = TypeVar("T")
_WAITING = b": waiting\n\n"


class KeptAlive(Struct, frozen=True):
    """A forwarding whose client gets a sign of life every `every_s` seconds."""

    forwarding: "Forwarding"
    flight: Flight | None
    every_s: float

    async def reply(self) -> StreamReply:
        """The reply, as soon as there is content, or after `every_s` seconds. Raises ApiError until then."""
        race = asyncio.create_task(self.forwarding.begun())
        try:
            await asyncio.wait({race}, timeout=self.every_s)
        except asyncio.CancelledError:
            await self._abandon(race)
            raise
        if race.done():
            return await self.forwarding.relayed(race.result(), self.flight)
        return StreamReply(self.forwarding.early_headers, self._pieces(race))

    async def _pieces(self, race: "asyncio.Task[Begun]") -> AsyncGenerator[bytes]:
        try:
            while not race.done():
                yield _WAITING
                await asyncio.wait({race}, timeout=self.every_s)
            reply = self.forwarding.streamed(race.result(), self.flight, is_late=True)
        except ApiError as error:
            self._failed(error)
            yield event_of(error_body(error))
            return
        except BaseException:
            try:
                await self._abandon(race)
            finally:
                self._failed(None)
            raise
        async with aclosing(reply.pieces) as pieces:
            async for piece in pieces:
                yield piece

    def _failed(self, error: ApiError | None) -> None:
        if self.flight is not None:
            self.flight.failed(error)

    async def _abandon(self, race: "asyncio.Task[Begun]") -> None:
        """The client has left: stop the race, and what it has brought at this very moment."""
        race.cancel()
        await to_the_end(self._abandoned(race))

    async def _abandoned(self, race: "asyncio.Task[Begun]") -> None:
        (result,) = await asyncio.gather(race, return_exceptions=True)
        if isinstance(result, Begun):
            await self.forwarding.abandoned(result)


class KeptWaiting(Struct, Generic[T], frozen=True):
    """A request that waits for another one's answer; its client gets a sign of life every `every_s` seconds.

    `landed` makes its reply of what its turn brings; `declined` takes that if the client has left.
    """

    every_s: float
    early_headers: Mapping[str, str]
    landed: Callable[[T], Awaitable[Reply]]
    declined: Callable[[T], Awaitable[None]]

    async def reply(self, turn: Coroutine[Any, Any, T]) -> Reply:
        """The reply, as soon as its `turn` has come, or after `every_s` seconds. Raises ApiError until then."""
        waiting = asyncio.create_task(turn)
        try:
            await asyncio.wait({waiting}, timeout=self.every_s)
        except asyncio.CancelledError:
            await self._leave(waiting)
            raise
        if waiting.done():
            return await self.landed(waiting.result())
        return StreamReply(self.early_headers, self._pieces(waiting))

    async def _pieces(self, waiting: "asyncio.Task[T]") -> AsyncGenerator[bytes]:
        try:
            yield _WAITING
            while not waiting.done():
                await asyncio.wait({waiting}, timeout=self.every_s)
                yield _WAITING  # at the end, too: if it leads now, it may wait for as long again
        except BaseException:
            await self._leave(waiting)
            raise
        try:
            reply = await self.landed(waiting.result())
        except ApiError as error:
            yield event_of(error_body(error))
            return
        if isinstance(reply, StreamReply):
            words = late_words(reply.headers)
            async with aclosing(reply.pieces) as pieces:
                async for piece in pieces:  # a stream that was never begun would never be left
                    yield words + piece
                    words = b""

    async def _leave(self, waiting: "asyncio.Task[T]") -> None:
        """The client has left: so does its place in the line, with what it has brought at this very moment."""
        waiting.cancel()
        await to_the_end(self._left(waiting))

    async def _left(self, waiting: "asyncio.Task[T]") -> None:
        (landing,) = await asyncio.gather(waiting, return_exceptions=True)
        if not isinstance(landing, BaseException):
            await self.declined(landing)
