"""From the first content on: a stream's events go to its clients as they came.

No other model can take over now. A stream that breaks off ends in an `error` event, never in a
made-up ending; a stream that is whole is in the ledger before its last event leaves.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from itertools import count
from typing import Protocol

from msgspec import Struct

from router.domain.fault import AttemptFailed
from router.pipeline.listener import Listener
from router.pipeline.mistakes import place_of
from router.pipeline.time_limit import TimeLimit
from router.wire.answer import EventKind, StreamEvent, Told, Words
from router.wire.native.forms import CHAT_FORM, StreamForm
from router.wire.sse import DONE

_LOG = logging.getLogger(__name__)

Batch = tuple[bytes, bytes]
"""What arrived at once, without the usage chunk and with it. Only bytes, since the garbage collector would
look at held events again and again."""

_TOO_LATE = "timeout"
_MOST_HELD_BYTES = 16 * 2**20
"""Held of a stream for clients that read more slowly than others: one that falls further behind is dropped."""


class Patience(Struct, frozen=True):
    """How long to wait for the next piece: `stall_s`, and never beyond the request's deadline.

    `is_hurried` says that the deadline is the client's own wish.
    """

    stall_s: float
    deadline_s: float
    monotonic_s: Callable[[], float]
    is_hurried: bool = False

    def rest_s(self) -> float:
        """Seconds until the request's deadline."""
        return max(0.0, self.deadline_s - self.monotonic_s())

    def left_s(self, since_s: float, now_s: float) -> float:
        """Seconds that the next piece, awaited since `since_s`, may still take."""
        until_s = since_s + self.stall_s
        left_s = min(until_s, self.deadline_s) - now_s
        return left_s if left_s > 0 else 0.0

    def is_clients_time_up(self) -> bool:
        """Whether the client's own deadline has passed."""
        return self.is_hurried and self.monotonic_s() >= self.deadline_s

    def complaint(self) -> str:
        """What to say when it has taken longer."""
        if self.monotonic_s() >= self.deadline_s:
            return "the request's deadline has passed"
        return f"the upstream sent nothing for {self.stall_s:g} s"


class EventSource(Protocol):
    """Where the events of a stream come from."""

    def next_piece(self) -> Awaitable[bytes | None]:
        """What comes next; None at the end. Raises AttemptFailed. A cancelled wait loses nothing."""
        ...

    def words(self, piece: bytes) -> Words | None:
        """The words of a piece that differs from earlier events in nothing else, as nearly all do; else None."""
        ...

    def told(self, piece: bytes) -> list[Told]:
        """The events that any piece completes."""
        ...

    async def close(self) -> None:
        """Abandon what was not read."""
        ...


class Owner(Protocol):
    """Accounts for a stream, whoever reads it: the request whose attempt it is."""

    def close_books(self, listener: Listener) -> None:
        """The stream has ended, whole or broken off. Called once, unless it is abandoned."""
        ...

    async def keep(self, listener: Listener) -> None:
        """Store the ended stream, if it may be stored. Called once, after `close_books`."""
        ...

    def abandon(self, listener: Listener) -> None:
        """Nobody reads the stream any more."""
        ...


class StreamClient(Struct, frozen=True):
    """A client of a stream. `shows_usage` says whether it wants the usage chunk.

    `finish` is awaited when the stream has ended, before its last event is sent; what it returns is
    sent before that event. `leave` is called instead, with the reason, when the client does not
    get that far.
    """

    shows_usage: bool
    patience: Patience
    finish: Callable[[], Awaitable[bytes]]
    leave: Callable[[str], None]


class Broadcast:
    """A stream that any number of clients read, each at its own speed, from its first event on.

    No task pumps it: whichever client has got all there is reads the next batch, for everybody. So a
    slow client holds nobody up, one that leaves leaves nothing undone, and a lone one costs no task.
    """

    def __init__(
        self, source: EventSource, listener: Listener, owner: Owner, form: StreamForm = CHAT_FORM
    ) -> None:
        self.listener = listener
        self.form = form
        self._source = source
        self._owner = owner
        self._batches: list[Batch] = []
        self._dropped = 0
        self._held_bytes = 0
        self._places: dict[int, int] = {}
        self._numbers = count()
        self._waiting: list[asyncio.Future[None]] = []
        self._asked_s: float | None = None
        self._came_s: float | None = None
        self._is_fetching = False
        self._is_over = False

    @property
    def is_whole(self) -> bool:
        """Whether a client that comes now would still get everything from the first event on."""
        return self._dropped == 0 and self.listener.kept is not None and bool(self._places)

    @property
    def is_lonely(self) -> bool:
        """Whether there is only one reader."""
        return len(self._places) == 1

    def enter(self) -> int:
        """A place at the beginning. It must be read from, or left."""
        number = next(self._numbers)
        self._places[number] = 0
        return number

    async def reading(self, place: int, reader: StreamClient) -> AsyncGenerator[bytes]:
        """The pieces for one client, to the end of the stream or its break."""
        reason, time_limit = "client_left", TimeLimit()
        try:
            while (batch := self._next(place)) or not self._is_over:
                if batch is None:
                    await (self._wait if self._is_fetching else self._fetch)(
                        reader.patience, time_limit
                    )
                elif piece := batch[reader.shows_usage]:
                    yield piece
            reason = ""  # from here on: even if the client leaves while the books are written
            remark = await reader.finish()
            yield remark + self._last_event()
        except _Late as late:
            reason = _TOO_LATE
            yield self.form.broken(str(late))
        finally:
            time_limit.close()
            if reason:
                reader.leave(reason)
            await self.leave(place)

    async def leave(self, place: int) -> None:
        """Give a place up. With the last one the stream is closed, and abandoned if unfinished."""
        if self._places.pop(place, None) is None or self._places:
            return
        if not self._is_over:
            self._is_over = True
            self._owner.abandon(self.listener)
        await self._source.close()

    def _next(self, place: int) -> Batch | None:
        """The next batch for one reader; None if there is none yet."""
        at = self._places[place] - self._dropped
        if at >= len(self._batches):
            return None
        if at < 0:
            raise _Late("the answer was read too slowly")
        self._places[place] += 1
        batch = self._batches[at]
        if self.listener.kept is None:
            self._drop_passed(at + 1)
        return batch

    async def _wait(self, patience: Patience, time_limit: TimeLimit) -> None:
        """Return once another client has read more. Raises _Late when only others may go on waiting."""
        news: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(news)
        try:
            with time_limit.within(self._left_s(patience)):
                await news
        except TimeoutError:
            await self._late(patience)

    async def _fetch(self, patience: Patience, time_limit: TimeLimit) -> None:
        """Read the next batch, for everybody; another client takes over if this is cancelled.

        Raises _Late when only others may go on waiting.
        """
        self._is_fetching = True
        try:
            with time_limit.within(self._left_s(patience)):
                piece = await self._source.next_piece()
            if piece is not None:
                self._came_s = patience.monotonic_s()
                self._take(piece)
        except AttemptFailed as failed:
            self.listener.broke(failed.fault.message, failed.fault.code)
            piece = None
        except TimeoutError:
            await self._late(patience)
            return
        except Exception as error:  # noqa: BLE001 - a mistake of ours: clients and books need an end all the same
            _LOG.error("a stream could not be relayed: %s", place_of(error))
            self.listener.broke("Farthing failed; its log says why", "internal_error")
            piece = None
        finally:
            self._is_fetching = False
            if self._waiting:
                self._wake()
        if piece is None or self.listener.done or self.listener.error:
            self.listener.ended()
            await self._end()

    async def _late(self, patience: Patience) -> None:
        """Nothing came in time."""
        if self._is_over:
            return
        if not self.is_lonely:
            raise _Late(patience.complaint())
        self.listener.broke(patience.complaint(), _TOO_LATE)
        self.listener.is_hurried = patience.is_clients_time_up()
        await self._end()

    def _take(self, piece: bytes) -> None:
        if (words := self._source.words(piece)) is not None:
            self.listener.hear_words(words)
            self._hold((piece, piece))
        elif told := self._source.told(piece):
            self._hold(_batch_of(self.listener.hear(told)))
        else:
            return
        self._asked_s = None

    def _left_s(self, patience: Patience) -> float:
        now_s = patience.monotonic_s()
        if self._asked_s is None:
            self._asked_s = now_s
            if self._came_s is not None:
                self.listener.held_s += now_s - self._came_s
        return patience.left_s(self._asked_s, now_s)

    async def _end(self) -> None:
        self._is_over = True
        self._owner.close_books(self.listener)
        self._wake()
        await self._owner.keep(self.listener)

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for news in waiting:
            if not news.done():
                news.set_result(None)

    def _hold(self, batch: Batch) -> None:
        self._batches.append(batch)
        if len(self._places) == 1:
            return
        self._held_bytes += len(batch[1])
        while self._held_bytes > _MOST_HELD_BYTES and len(self._batches) > 1:
            self._drop(1)

    def _drop_passed(self, count: int) -> None:
        """Forget the batches that everybody has got, `count` at most: no client may come in any more."""
        self._drop(count if self.is_lonely else max(0, min(self._places.values()) - self._dropped))

    def _drop(self, count: int) -> None:
        if self._held_bytes:
            self._held_bytes -= sum(len(batch[1]) for batch in self._batches[:count])
        del self._batches[:count]
        self._dropped += count

    def _last_event(self) -> bytes:
        listener = self.listener
        if listener.error:
            return listener.complaint or self.form.broken(listener.error)
        return listener.done or DONE


class _Late(Exception):
    """A reader's own time is up, while others go on."""


def _batch_of(events: list[Told]) -> Batch:
    whole = b"".join(event.raw for event in events)
    if not any(map(_is_usage, events)):
        return whole, whole
    return b"".join(event.raw for event in events if not _is_usage(event)), whole


def _is_usage(event: Told) -> bool:
    return isinstance(event, StreamEvent) and event.kind is EventKind.USAGE
