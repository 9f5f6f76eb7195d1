"""Follows one request to its end, and tells the observer of all requests what has become of it."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from router.domain.booked_request import BookedRequest, ErrorResponse
from router.domain.decision import Decision
from router.domain.ledger import Entry
from router.domain.trace import Trace
from router.pipeline.attempts import Runtime
from router.pipeline.request_context import Caller
from router.ports import Observer, World
from router.wire.trace_context import headers_for

_NOTHING: Mapping[str, str] = {}


class RequestObserver(Struct):
    """Tells an observer about one request, which came at `began_s` by the monotonic clock.

    `status` is what its client gets, `finish_reasons` how the choices of its answer ended.
    """

    observer: Observer
    world: World
    request_id: str
    began_s: float
    trace: Trace | None
    decision: Decision | None = None
    status: int = 200
    finish_reasons: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, runtime: Runtime, caller: Caller, began_s: float, decision: Decision | None = None
    ) -> "RequestObserver":
        """The observer of what `caller` asks."""
        trace = runtime.observer.trace(caller.request_id, caller.headers)
        return cls(runtime.observer, runtime.world, caller.request_id, began_s, trace, decision)

    def onward(self, attempt: int) -> Mapping[str, str]:
        """The headers that make an attempt's call part of the trace; none without a trace."""
        return _NOTHING if self.trace is None else headers_for(self.trace, attempt)

    def tell(self, entries: Sequence[Entry]) -> None:
        """Report entries that have gone into the books together."""
        if not entries:
            return
        now_s = self.world.unix_s()
        began_at_s = now_s - (self.world.monotonic_s() - self.began_s)
        booked = BookedRequest(
            self.request_id,
            tuple(entries),
            began_at_s,
            now_s,
            self.status,
            self.finish_reasons,
            self.decision,
            self.trace,
        )
        self.observer.closed(booked)


class Nobody:
    """Implements `router.ports.Observer`: nobody watches."""

    def trace(self, request_id: str, headers: Mapping[str, str]) -> Trace | None:  # noqa: ARG002
        """None: nobody asks for traces."""
        return None

    def closed(self, booked: BookedRequest) -> None:
        """Nobody is told."""

    def refused(self, refusal: ErrorResponse) -> None:
        """Nobody is told."""
