"""A flight that other processes can join: what its leader sends, and what they make of it.

    leader     nothing at all, until another process wants it; then, as one more reader of the
               flight, each piece as it comes: so it goes on even when its own clients have left
    follower   the frames are a stream like an upstream's, or a whole answer

A frame is a letter and bytes. A stream is its writer, its events in any number of frames, and its
usage. Without this last frame it counts as broken off, whatever came before. Members that are not known here
are ignored: a leader may be of a newer version.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress
from enum import Enum, auto

import orjson
from msgspec import json, structs

from router.domain.caching import Writer
from router.domain.errors import ApiError
from router.domain.fault import AttemptFailed
from router.domain.usage import NO_USAGE, Usage
from router.pipeline.cancel_safe import CancelSafe
from router.pipeline.flights import Flight, FlightTurn, JoinedStream, Landing, Whole
from router.pipeline.listener import Listener
from router.pipeline.relay import Broadcast, Patience, StreamClient
from router.pipeline.time_limit import at_most
from router.ports import LED_LATELY_S, FlightCoordinator, Lead
from router.wire.answer import Told, Words
from router.wire.cached import pack, unpack
from router.wire.events import EventReader
from router.wire.sse import DONE

_WHOLE, _WRITER, _ACCEPTED_WRITER, _EVENTS, _END = b"W", b"H", b"A", b"E", b"Z"
"""An accepted writer's stream is one that has passed a cascade's checks."""
_ASK_EVERY_S = 1.0
_MOST_KEPT_BYTES = 2**20
"""Of a stream that is followed, for those who join later."""


class Led(Enum):
    """How the lead among all processes has become ours."""

    FIRST = auto()
    """Nobody has led this request since the cache was looked into."""
    AFTER_ANOTHER = auto()
    """Another process may have, and stored its answer."""


class SharedFlightPublisher:
    """What other processes see of a flight that this process leads."""

    def __init__(self, flight: Flight, patience: Patience, start: Callable[..., object]) -> None:
        self._flight = flight
        self._patience = patience
        self._start = start
        self._lead: Lead | None = None
        self._is_wanted_already = False
        self._is_feeding = False
        self._asked_s = patience.monotonic_s()

    async def led(
        self, coordinator: FlightCoordinator, key: str, looked_s: float
    ) -> Whole | JoinedStream | Led:
        """The answer of another process that leads, or how the lead has become ours.

        `looked_s` is when the cache was looked into, by the monotonic clock.
        """
        if self._flight.publisher is not None:
            return Led.AFTER_ANOTHER
        patience = self._patience
        with suppress(TimeoutError), at_most(patience.rest_s()):
            while (lead := await coordinator.lead(key, self.wanted)) is None:
                if landed := await followed(coordinator.follow(key), self._flight):
                    return landed
            self.light(lead)
            is_soon = patience.monotonic_s() - looked_s < LED_LATELY_S / 2
            return Led.FIRST if is_soon and not lead.is_successor else Led.AFTER_ANOTHER
        return Led.AFTER_ANOTHER

    def light(self, lead: Lead) -> None:
        """The lead is ours."""
        self._lead, self._flight.publisher = lead, self
        if self._is_wanted_already:
            self.wanted()

    def wanted(self) -> None:
        """Another process waits for the answer. Called in the event loop, once."""
        self._is_wanted_already = True
        if self._lead is not None and not self._flight.is_over:
            self._is_feeding = True
            self._start(self._feed(self._lead))

    def end(self) -> None:
        """The flight is over here."""
        if self._lead is not None and not self._is_feeding:
            self._start(self._lead.give_up())

    async def _feed(self, lead: Lead) -> None:
        try:
            match await self._landing():
                case Whole(answer):
                    await lead.send(_WHOLE + pack(answer))
                case JoinedStream() as joined:
                    await self._feed_stream(lead, joined)
                case _:
                    """It is stored and found there, or there is none."""
        except ApiError:
            """They will find out for themselves."""
        finally:
            await lead.give_up()

    async def _landing(self) -> Landing:
        """How the flight ends. The lead is not for us: it goes to the next in line, if there is one."""
        while (landing := await self._flight.turn(None)) is FlightTurn.LEAD:
            self._flight.failed(None)
            if self._flight.is_over:
                return FlightTurn.LATE
        return landing

    async def _feed_stream(self, lead: Lead, joined: JoinedStream) -> None:
        is_whole = False

        async def finish() -> bytes:
            nonlocal is_whole
            is_whole = not joined.broadcast.listener.error
            return b""

        reader = StreamClient(True, self._patience, finish, lambda _: None)
        head = _ACCEPTED_WRITER if joined.is_accepted else _WRITER
        await lead.send(head + orjson.dumps(structs.asdict(joined.writer)))
        async with aclosing(joined.broadcast.reading(joined.place, reader)) as pieces:
            async for piece in pieces:
                if is_whole or not await self._is_still_wanted(lead, joined.broadcast):
                    break
                await lead.send(_EVENTS + piece)
        if is_whole:
            await lead.send(_END + orjson.dumps(structs.asdict(joined.broadcast.listener.paid)))

    async def _is_still_wanted(self, lead: Lead, broadcast: Broadcast) -> bool:
        """Whether to go on sending: asks now and then, once nobody here reads any more."""
        now_s = self._patience.monotonic_s()
        if not broadcast.is_lonely or now_s - self._asked_s < _ASK_EVERY_S:
            return True
        self._asked_s = now_s
        return await lead.is_wanted()


class RemoteStream:
    """A stream that another process reads from its upstream. Both `Source` and `Owner` of it here."""

    def __init__(self, frames: CancelSafe[bytes], flight: Flight) -> None:
        self._frames = frames
        self._flight = flight
        self._reader = EventReader()
        self._paid: Usage | None = None

    async def next_piece(self) -> bytes | None:
        """The next frame's events, at last DONE. Raises AttemptFailed if the other process does not get that far."""
        frame = await self._frames.next()
        if frame is None:
            message = "the process that was answering has gone"
            raise AttemptFailed.transient(message, "stream_cut", reached_model=True)
        if frame[:1] == _END:
            self._paid = json.decode(frame[1:], type=Usage)
            return DONE  # it is whole for the leader, even if no choice says that it has finished
        return frame[1:]

    def words(self, piece: bytes) -> Words | None:
        """The words of a frame that differs from earlier events in nothing else; None for any other."""
        return self._reader.words(piece)

    def told(self, piece: bytes) -> list[Told]:
        """The events of a frame."""
        return list(self._reader.feed(piece))

    async def close(self) -> None:
        """Stop following."""
        await self._frames.close()

    def close_books(self, listener: Listener) -> None:
        """It is paid elsewhere."""
        listener.paid = self._paid or NO_USAGE

    async def keep(self, _: Listener) -> None:
        """It is stored by whoever has paid for it."""
        self._flight.end()

    def abandon(self, _: Listener) -> None:
        """Nobody here reads any more."""
        self._flight.end()


async def followed(frames: AsyncIterator[bytes], flight: Flight) -> Whole | JoinedStream | None:
    """The leading process's answer, for all of `flight`; None if it has none (any more)."""
    items = CancelSafe(frames)
    try:
        first = await items.next()
    except BaseException:
        await items.close()
        raise
    if first is None or first[:1] == _WHOLE:
        await items.close()
        if answer := unpack(first[1:]) if first else None:
            flight.whole(answer)
            flight.end()
        return Whole(answer) if answer else None
    writer = json.decode(first[1:], type=Writer)
    remote = RemoteStream(items, flight)
    listener = Listener(_MOST_KEPT_BYTES, is_accepted=first[:1] == _ACCEPTED_WRITER)
    broadcast = Broadcast(remote, listener, remote)
    joined = JoinedStream(writer, broadcast, broadcast.enter())
    flight.begun(writer, broadcast)
    return joined
