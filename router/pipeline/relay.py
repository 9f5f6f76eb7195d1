"""From the first content on: a stream's events go to the client as they came.

No other model can take over now. A stream that breaks off ends in an `error` event, never in a
made-up ending; a stream that is whole is in the ledger before its last event leaves.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import InitVar, dataclass

from router.domain.errors import ApiError
from router.domain.fault import AttemptFailed, code_of
from router.domain.usage import Usage
from router.ledger.account import Heard
from router.pipeline.opened import OpenedStream
from router.wire.answer import EventKind, StreamEvent
from router.wire.errors import error_body
from router.wire.sse import DONE, event_of

_MAX_KEPT_BYTES = 2**18


@dataclass(slots=True)
class Listener:
    """What is heard of a stream while it passes by.

    `error` says what broke it, "" while nothing did; `done` is the upstream's own last event, `last`
    the last one that spoke of a choice. `kept` are the events as a client would get them with
    usage, for the cache; None when the stream is not to be kept, or is too long.
    """

    keeps: InitVar[bool]
    usage: Usage | None = None
    output_chars: int = 0
    finish_reasons: frozenset[str] = frozenset()
    begun: frozenset[int] = frozenset()
    finished: frozenset[int] = frozenset()
    calls_tools: bool = False
    error: str = ""
    error_code: str = ""
    done: bytes = b""
    last: bytes = b""
    service_tier: str = ""
    kept: list[bytes] | None = None
    _kept_bytes: int = 0

    def __post_init__(self, keeps: bool) -> None:
        """Begin to keep, if so wished."""
        self.kept = [] if keeps else None

    def hear(self, events: list[StreamEvent]) -> list[StreamEvent]:
        """Take events in; returns those that belong to the answer, up to its end or an error."""
        for place, event in enumerate(events):
            if event.kind is EventKind.DONE:
                self.done = event.raw
            elif event.kind is EventKind.ERROR:
                said = event.error or {}
                message = said.get("message") or "the upstream reported an error"
                self.broke(str(message), code_of(said, otherwise="stream_error"))
            else:
                self._hear(event)
                continue
            return events[:place]
        return events

    def ended(self) -> None:
        """The upstream has closed the stream: fine after every choice has finished, else a break."""
        is_whole = bool(self.finished) and self.begun <= self.finished
        if not self.done and not is_whole and not self.error:
            message = "the upstream closed the stream before the answer was finished"
            self.broke(message, "stream_cut")

    def broke(self, message: str, code: str) -> None:
        """The stream has broken off: `message` is for the client, `code` for the books."""
        self.error, self.error_code = message, code

    @property
    def heard(self) -> Heard:
        """What an account needs to know."""
        return Heard(self.usage, self.output_chars, self.service_tier)

    def _hear(self, event: StreamEvent) -> None:
        self.usage = event.usage or self.usage
        self.output_chars += event.output_chars
        self.service_tier = event.service_tier or self.service_tier
        if event.choices:
            self.begun |= event.choices
            self.last = event.raw
        if event.finish_reasons:
            self.finish_reasons |= event.finish_reasons
            self.finished |= event.finished
        self.calls_tools = self.calls_tools or event.calls_tools
        self._keep(event.raw)

    def _keep(self, raw: bytes) -> None:
        self._kept_bytes += len(raw)
        if self._kept_bytes > _MAX_KEPT_BYTES:
            self.kept = None
        elif self.kept is not None:
            self.kept.append(raw)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for the next piece: `stall_s`, and never beyond the request's deadline."""

    stall_s: float
    deadline_s: float
    monotonic_s: Callable[[], float]

    def left_s(self) -> float:
        """Seconds that the next piece may take."""
        return min(self.stall_s, max(0.0, self.deadline_s - self.monotonic_s()))

    def complaint(self) -> str:
        """What to say when it has taken longer."""
        if self.monotonic_s() >= self.deadline_s:
            return "the request's deadline has passed"
        return f"the upstream sent nothing for {self.stall_s:g} s"


async def relay(
    opened: OpenedStream,
    listener: Listener,
    *,
    shows_usage: bool,
    patience: Patience,
    settle: Callable[[], Awaitable[bytes]],
    abandon: Callable[[], None],
) -> AsyncGenerator[bytes]:
    """The pieces for the client, to the end of the stream or its break.

    `settle` is awaited once when the stream has ended, before its last event is sent; what it
    returns is sent before that event. `abandon` is called instead when the client leaves first.
    """
    settled = False
    try:
        async for piece in _passing(opened, listener, shows_usage, patience):
            yield piece
        settled = True  # from here on: even if the client leaves while the books are written
        remark = await settle()
        yield remark + (_error_event(listener.error) if listener.error else listener.done or DONE)
    finally:
        if not settled:
            abandon()
        await opened.close()


async def _passing(
    opened: OpenedStream, listener: Listener, shows_usage: bool, patience: Patience
) -> AsyncIterator[bytes]:
    try:
        async for events in _timed(opened.batches(), patience):
            shown = listener.hear(events)
            if piece := b"".join(
                e.raw for e in shown if shows_usage or e.kind is not EventKind.USAGE
            ):
                yield piece
            if listener.done or listener.error:
                return
        listener.ended()
    except AttemptFailed as failed:
        listener.broke(failed.fault.message, failed.fault.code)
    except TimeoutError:
        listener.broke(patience.complaint(), "timeout")


async def _timed(
    batches: AsyncIterator[list[StreamEvent]], patience: Patience
) -> AsyncIterator[list[StreamEvent]]:
    while True:
        async with asyncio.timeout(patience.left_s()):
            events = await anext(batches, None)
        if events is None:
            return
        yield events


def _error_event(message: str) -> bytes:
    error = ApiError(
        502, f"The answer broke off: {message}.", code="stream_cut", kind="server_error"
    )
    return event_of(error_body(error))
