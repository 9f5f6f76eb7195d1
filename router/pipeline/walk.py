"""A decided request to an upstream and back: the attempts, the answer, the books, the cache."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass

from router.dispatch.commands import Start
from router.dispatch.fleet import Verdict
from router.dispatch.machine import Attempts
from router.domain.caching import Origin
from router.domain.errors import ApiError
from router.domain.usage import Usage
from router.ledger.account import Heard
from router.pipeline.attempts import Begun, Means, Race
from router.pipeline.bookkeeper import Bookkeeper
from router.pipeline.flights import Flight
from router.pipeline.listener import Listener
from router.pipeline.opened import OpenedPlain, OpenedStream
from router.pipeline.owner import StreamOwner
from router.pipeline.relay import Broadcast, Patience, Reader
from router.pipeline.reply import Reply, StreamReply
from router.pipeline.scoring import Scoring, Seen
from router.pipeline.shelf import Shelf, writer_of
from router.pipeline.telling import Telling
from router.ports import Call
from router.wire.cached import StoredAnswer
from router.wire.chat import ChatRequest, upstream_bytes


@dataclass(frozen=True, slots=True)
class Walk:
    """A decided request, and everything it needs from here on."""

    request: ChatRequest
    machine: Attempts
    means: Means
    shelf: Shelf
    telling: Telling
    scoring: Scoring

    @property
    def books(self) -> Bookkeeper:
        """Where its attempts are written down."""
        return self.telling.books

    async def from_upstream(self, flight: Flight | None = None) -> Reply:
        """The answer of the first candidate that gives one. Raises ApiError when none does.

        `flight` are others who wait for the same answer.
        """
        race = Race(self.machine, self._call, self.means, self.books)
        try:
            begun = await race.run()
        except ApiError:
            await self.books.post()
            raise
        except asyncio.CancelledError:
            self.machine.left(self.means.world.monotonic_s())
            self.books.post()  # nobody is left to wait for it
            raise
        match begun.opened:
            case OpenedPlain() as opened:
                return await self._plain(begun, opened, flight)
            case OpenedStream() as opened:
                return self._stream(begun, opened, flight)

    def _call(self, start: Start) -> Call:
        model = start.candidate.model
        asks = self.means.upstreams[model.upstream].asks_usage
        body = upstream_bytes(self.request, model.name, ask_usage=asks)
        return Call(
            request_id=self.telling.request_id,
            model=model,
            body=body,
            fields=self.request.body,
            stream=self.request.stream,
            fresh=start.attempt > 1,
        )

    async def _plain(self, begun: Begun, opened: OpenedPlain, flight: Flight | None) -> Reply:
        answer = opened.answer
        self.machine.ended(begun.start.attempt, Verdict.GOOD, self.means.world.monotonic_s())
        heard = Heard(answer.usage, answer.output_chars, answer.service_tier)
        entry = self.books.answered(begun, heard)
        posted = self.books.post()
        stored = StoredAnswer(self.origin(begun, entry.usage), is_stream=False, body=opened.body)
        if flight is None:
            await posted
            await self.shelf.keep(stored, self.request)
        else:
            await self._landed(flight, stored, posted)
        self.scoring.answered(entry, _seen(opened))
        return self.telling.receipted(self._answered_by(begun), opened.body)

    async def _landed(self, flight: Flight, stored: StoredAnswer, posted: Awaitable[None]) -> None:
        """Hand the answer to all who wait; it is under way until it is stored."""
        flight.whole(stored)
        try:
            await posted
            await self.shelf.keep(stored, self.request)
        finally:
            flight.end()

    def _stream(self, begun: Begun, opened: OpenedStream, flight: Flight | None) -> Reply:
        stored_bytes = self.shelf.largest_bytes if self.shelf.may_store else 0
        listener = Listener(max(stored_bytes, self.scoring.most_kept_bytes))
        owner = StreamOwner(self, begun, flight)
        broadcast = Broadcast(opened, listener, owner)
        reader = Reader(
            self.request.wants_usage,
            self._patience(),
            finish=lambda: self._settled(owner, listener),
            leave=owner.leave,
        )
        place = broadcast.enter()
        if flight is not None:
            flight.begun(writer_of(begun.start.candidate.model), broadcast)
        return StreamReply(self._answered_by(begun), broadcast.reading(place, reader))

    async def _settled(self, owner: StreamOwner, listener: Listener) -> bytes:
        """The remark at the end of the stream that this request has paid for; returns once that is durable."""
        await owner.durable()
        if owner.entry is None:
            return b""
        self.scoring.answered(owner.entry, listener.seen)
        return self.telling.remark(owner.entry, listener.last)

    def origin(self, begun: Begun, usage: Usage) -> Origin:
        """Where the answer of `begun` comes from, for those who are given it later."""
        account = self.books.account
        return Origin(
            writer=writer_of(begun.start.candidate.model),
            usage=usage,
            at_s=self.means.world.unix_s(),
            request_id=self.telling.request_id,
            key=account.key,
            tags=account.tags,
            policy=self.telling.decision.policy,
        )

    def _patience(self) -> Patience:
        machine = self.machine
        return Patience(machine.stall_s, machine.deadline_s, self.means.world.monotonic_s)

    def _answered_by(self, begun: Begun) -> dict[str, str]:
        start = begun.start
        return self.telling.headers(start.candidate, attempts=start.attempt, cache=self.shelf.state)


def _seen(opened: OpenedPlain) -> Seen:
    answer, pieces = opened.answer, (opened.body,)
    return Seen(answer.finish_reasons, answer.refuses, answer.calls_tools, pieces, is_stream=False)
