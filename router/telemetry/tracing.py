"""Traces: which requests are recorded, and where they are sent."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from router.domain.booked_request import BookedRequest, ErrorResponse
from router.domain.trace import Trace
from router.telemetry.background_thread import BackgroundThread
from router.telemetry.spans import ServerAddress, Span, refused_span, spans_of
from router.wire.trace_context import trace_of

_MOST_WAITING = 4_096
_AT_ONCE = 64
_PAUSE_S = 5.0
_LAST_WORDS_S = 5.0


class Traces:
    """Implements `router.telemetry.observers.Watcher`: sampled requests become spans, which a thread sends.

    `export` sends spans, and says whether they have arrived. A `share` from 0 to 1 of the traces that begin here
    is recorded. Spans are made at once: what they are made from is many times as large, and would have to wait.
    """

    def __init__(
        self,
        export: Callable[[Sequence[Span]], bool],
        places: Mapping[str, ServerAddress],
        share: float,
    ) -> None:
        self._export = export
        self._places = places
        self._share = share
        self._lost_spans = 0
        self._aside: BackgroundThread[tuple[Span, ...]] = BackgroundThread(
            self._sent, name="traces", most=_MOST_WAITING, batch=_AT_ONCE, pause_s=_PAUSE_S
        )

    @property
    def dropped(self) -> Mapping[str, int]:
        """What was lost: requests that came while too many others waited, and spans that were not accepted."""
        return {"requests": self._aside.dropped, "spans": self._lost_spans}

    def trace(self, request_id: str, headers: Mapping[str, str]) -> Trace:
        """The place of a request in a trace."""
        return trace_of(request_id, headers, self._share)

    def closed(self, booked: BookedRequest) -> None:
        """A request has ended."""
        if booked.trace is not None and booked.trace.is_sampled:
            self._take(spans_of(booked, self._places))

    def refused(self, refusal: ErrorResponse) -> None:
        """A request was refused."""
        if refusal.trace is not None and refusal.trace.is_sampled:
            self._take(refused_span(refusal))

    def close(self) -> None:
        """Send what waits, as far as that takes no more than five seconds."""
        self._aside.close(_LAST_WORDS_S)

    def _take(self, spans: Iterator[Span]) -> None:
        if made := tuple(spans):
            self._aside.put(made)

    def _sent(self, requests: Sequence[tuple[Span, ...]]) -> None:
        spans = [span for request in requests for span in request]
        if not self._export(spans):
            self._lost_spans += len(spans)
