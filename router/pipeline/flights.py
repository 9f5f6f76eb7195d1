r"""Identical requests at the same time are one flight: one of them leads, the others wait for its answer.

    board ---> turn: LEAD   the first one. It looks into the cache, then asks an upstream.
         \---> turn: waits  until the leader knows:
                 JoinedStream  a stream has begun: read along, from its first event on
                 Whole      the whole answer is there
                 LOOK       it was stored all the time: look for yourself
                 LEAD       the leader has failed or left: you are next
                 LATE       your own time is up, or the flight is over

Once the upstreams of two leaders have failed, one after the other, all who wait are told the second
error: a hundred that tried in turn would wait a hundred times as long. An error in the request itself
is everybody's at once; one that concerns its sender (a budget, a limit, a deadline) is nobody else's.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Hashable
from contextlib import suppress
from enum import Enum, auto
from typing import Any, Protocol

from msgspec import Struct, field

from router.domain.caching import Writer
from router.domain.errors import ApiError
from router.pipeline.relay import Broadcast
from router.pipeline.time_limit import NEVER, at_most
from router.wire.cached import StoredAnswer

_ENOUGH_FAILURES = 2
_LAST_WORDS_S = 1.0
"""What is done in the background has this long in any case: mostly it is a few words to Redis."""
_SENDERS_OWN = frozenset({401, 402, 403, 408, 429, 504})
"""Statuses that concern one sender only: no money, no permission, too many, too late."""


class FlightPublisher(Protocol):
    """What other processes see of a flight."""

    def end(self) -> None:
        """The flight is over."""
        ...


class FlightTurn(Enum):
    """What a request that waits for an answer is to do."""

    LEAD = auto()
    LOOK = auto()
    LATE = auto()


class Whole(Struct, frozen=True):
    """The complete answer that another request has got."""

    answer: StoredAnswer

    @property
    def writer(self) -> Writer:
        """Who wrote it."""
        return self.answer.origin.writer

    @property
    def is_accepted(self) -> bool:
        """Whether it has passed a cascade's checks."""
        return self.answer.origin.is_accepted

    async def leave(self) -> None:
        """Nothing to give back."""


class JoinedStream(Struct, frozen=True):
    """A stream that another request has begun, and a place in it that must be read from, or left."""

    writer: Writer
    broadcast: Broadcast
    place: int

    @property
    def is_accepted(self) -> bool:
        """Whether it has passed a cascade's checks."""
        return self.broadcast.listener.is_accepted

    async def leave(self) -> None:
        """Give the place up."""
        await self.broadcast.leave(self.place)


Landing = FlightTurn | Whole | JoinedStream


class Flight(Struct):
    """One answer, and those who wait for it. `over` is called once, when nobody may board any more.

    `publisher` is what other processes see of it, None if there are none, or one of them leads.
    """

    over: Callable[[], None]
    is_over: bool = False
    publisher: "FlightPublisher | None" = None
    _is_led: bool = False
    _failures: int = 0
    _stream: tuple[Writer, Broadcast] | None = None
    _whole: Whole | None = None
    _line: deque[asyncio.Future[Landing]] = field(default_factory=deque)

    def __repr__(self) -> str:
        return f"<Flight led={self._is_led} over={self.is_over} waiting={len(self._line)}>"

    @property
    def is_open(self) -> bool:
        """Whether a request that comes now would get the whole answer."""
        return not self.is_over and (self._stream is None or self._stream[1].is_whole)

    async def turn(self, patience_s: float | None) -> Landing:
        """What to do next, once that is known; waits `patience_s` at most, None for ever. Raises ApiError."""
        if not self._is_led:
            self._is_led = True
            return FlightTurn.LEAD
        if self._whole is not None:
            return self._whole
        if not self.is_open:
            # Nobody would ever call those who wait now, or the stream has lost its beginning.
            return FlightTurn.LATE
        if self._stream is not None:
            return self._aboard(*self._stream)
        place: asyncio.Future[Landing] = asyncio.get_running_loop().create_future()
        self._line.append(place)
        try:
            with at_most(NEVER if patience_s is None else patience_s):
                return await place
        except TimeoutError:
            await self._decline(place)
            return FlightTurn.LATE
        except asyncio.CancelledError:
            await self._decline(place)
            raise

    def look(self) -> None:
        """The answer was stored before: everybody may find it."""
        self._land(FlightTurn.LOOK)
        self.end()

    def begun(self, writer: Writer, broadcast: Broadcast) -> None:
        """The stream has begun; it is over when `end` is called."""
        self._stream = (writer, broadcast)
        while self._line:
            self._hand_out(lambda: self._aboard(writer, broadcast))

    def whole(self, answer: StoredAnswer) -> None:
        """The whole answer is there; it may be had here until `end` is called."""
        self._whole = Whole(answer)
        self._land(self._whole)

    def failed(self, error: ApiError | None) -> None:
        """The leader has no answer, for this reason, or has left: the next in line leads."""
        if self.is_over or self._stream is not None or self._whole is not None:
            return
        if error is not None and self._is_final(error):
            for place in self._line:
                if not place.done():
                    place.set_exception(_again(error))
            self._line.clear()
        if not self._hand_out(lambda: FlightTurn.LEAD):
            self.end()

    def end(self) -> None:
        """Nobody may board any more."""
        if not self.is_over:
            self.is_over = True
            self.over()
            if self.publisher is not None:
                self.publisher.end()

    def _is_final(self, error: ApiError) -> bool:
        if error.status in _SENDERS_OWN:
            return False
        self._failures += 1
        return error.status < 500 or self._failures >= _ENOUGH_FAILURES

    def _aboard(self, writer: Writer, broadcast: Broadcast) -> JoinedStream:
        return JoinedStream(writer, broadcast, broadcast.enter())

    def _land(self, landing: Landing) -> None:
        while self._hand_out(lambda: landing):
            """Everybody gets the same."""

    def _hand_out(self, landing: Callable[[], Landing]) -> bool:
        """Give this to the first in line that still waits; says whether there was one."""
        while self._line:
            if not (place := self._line.popleft()).done():
                place.set_result(landing())
                return True
        return False

    async def _decline(self, place: asyncio.Future[Landing]) -> None:
        """Stop waiting, and hand on what may have come at that very moment."""
        if place in self._line:
            self._line.remove(place)
        if place.done() and not place.cancelled() and place.exception() is None:
            await self.decline(place.result())

    async def decline(self, landing: object) -> None:
        """Hand on what has come for a request that is not there any more: its place, or else the lead."""
        match landing:
            case JoinedStream():
                await landing.leave()
            case Whole() | FlightTurn.LOOK | FlightTurn.LATE:
                """Nothing was promised."""
            case _:
                self.failed(None)


class Flights:
    """The flights of a process, by what is asked."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, Flight] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._optional: set[asyncio.Task[None]] = set()
        self._end_s = 0.0

    def __len__(self) -> int:
        return len(self._flights)

    def __repr__(self) -> str:
        return f"<Flights {list(self._flights.values())}>"

    def board(self, key: Hashable) -> Flight:
        """The flight for `key`, a new one if there is none, or none that can still be boarded whole."""
        flight = self._flights.get(key)
        if flight is None or not flight.is_open:
            flight = self._flights[key] = Flight(lambda: self._remove(key, flight))
        return flight

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` in the background: another process waits for it, or it is to be remembered."""
        _in_background(work, self._tasks)

    def start_optional(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` in the background, of which nothing is left when this process ends."""
        _in_background(work, self._optional)

    async def finished(self, within_s: float) -> None:
        """Wait until nothing is done in the background that is not optional, but not longer than `within_s` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self._tasks:
                    await asyncio.wait(self._tasks)

    def end_within(self, within_s: float) -> None:
        """What is done in the background has so many seconds from now; `close` waits for it."""
        self._end_s = asyncio.get_running_loop().time() + within_s

    async def close(self) -> None:
        """Finish in time what is done in the background, and stop what is optional or late."""
        await _stopped(self._optional)
        left_s = self._end_s - asyncio.get_running_loop().time()
        await self.finished(max(_LAST_WORDS_S, left_s))
        await _stopped(self._tasks)

    def _remove(self, key: Hashable, flight: Flight | None) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]


def _in_background(work: Coroutine[Any, Any, None], tasks: "set[asyncio.Task[None]]") -> None:
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)


async def _stopped(tasks: "set[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _again(error: ApiError) -> ApiError:
    """A copy for another request, since an exception keeps the traceback of whoever raised it."""
    again = ApiError(
        error.status, error.message, code=error.code, param=error.param, kind=error.kind
    )
    again.retry_after_s = error.retry_after_s
    return again.with_more(error.more)
