"""The request that pays for a stream, however many read it, and even if its own client has left."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from router.dispatch.fleet import CallVerdict
from router.domain.ledger import Entry, Outcome
from router.domain.members import replace
from router.ledger.account import Heard
from router.pipeline.attempts import Begun
from router.pipeline.flights import Flight
from router.pipeline.listener import Listener
from router.pipeline.opened import OpenedStream
from router.wire.cached import StoredAnswer

if TYPE_CHECKING:
    from router.pipeline.forwarding import Forwarding


class StreamOwner:
    """Implements `router.pipeline.relay.Owner` for the request that has begun the stream.

    `entry` is the answer's row in the ledger, None where the stream broke off or its client left.
    """

    def __init__(self, forwarding: "Forwarding", begun: Begun, flight: Flight | None) -> None:
        self._forwarding = forwarding
        self._begun = begun
        self._flight = flight
        self._left = ""
        self._stored_as = forwarding.stored_as(begun)
        self._posted: Awaitable[None] | None = None
        self.entry: Entry | None = None

    def leave(self, reason: str) -> None:
        """Its own client reads no further."""
        self._left = reason

    async def durable(self) -> None:
        """Return once the ledger has the ended stream."""
        if self._posted is not None:
            await self._posted

    def close_books(self, listener: Listener) -> None:
        """The stream has ended: it is paid, and booked as an answer only if its own client got it."""
        broken = listener.error_code
        self._end(self._verdict(listener))
        if broken or self._left:
            self._broke_off(listener, broken or self._left)
        else:
            self.entry = self._forwarding.books.answered(self._begun, self._heard(listener))
            listener.paid = self.entry.usage
            if self._stored_as:
                self._forwarding.has_stored(self._begun, self._stored_as, self.entry.usage)
        self._posted = self._forwarding.books.post()

    async def keep(self, listener: Listener) -> None:
        """Store the stream, then let nobody join it any more."""
        try:
            if listener.kept is not None and not listener.error:
                origin = self._forwarding.origin(self._begun, listener.paid)
                body = b"".join(listener.kept)
                answer = StoredAnswer(origin, is_stream=True, body=body, dialect=listener.dialect)
                await self._forwarding.cache_slot.keep(
                    answer, self._forwarding.request, listener.ending
                )
        finally:
            self._over()

    def abandon(self, listener: Listener) -> None:
        """Nobody reads any more: what was generated is paid."""
        self._end(CallVerdict.NEITHER)
        self._broke_off(listener, self._left)
        self._forwarding.books.post()
        self._over()

    def _verdict(self, listener: Listener) -> CallVerdict:
        """What the end says of the model: nothing if its readers were too slow for it, or had no time left."""
        if not listener.error_code:
            return CallVerdict.GOOD
        theirs = listener.is_hurried or self._begun.is_held(listener.held_s)
        return CallVerdict.NEITHER if theirs else CallVerdict.BAD

    def _broke_off(self, listener: Listener, reason: str) -> None:
        left = reason == Outcome.CLIENT_LEFT.value
        outcome = Outcome.CLIENT_LEFT if left else Outcome.CUT
        entry = self._forwarding.books.broke_off(
            self._begun, self._heard(listener), outcome, reason
        )
        listener.paid = entry.usage

    def _heard(self, listener: Listener) -> Heard:
        """What was heard of the stream, with what its upstream has told of the prompt before the end."""
        opened = self._begun.opened
        prompt = opened.prompt if isinstance(opened, OpenedStream) else None
        return replace(listener.heard, prompt=prompt)

    def _end(self, verdict: CallVerdict) -> None:
        now_s = self._forwarding.runtime.world.monotonic_s()
        self._forwarding.machine.calls.end(self._begun.start.attempt, verdict, now_s)

    def _over(self) -> None:
        if self._flight is not None:
            self._flight.end()
