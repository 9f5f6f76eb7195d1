"""All watchers of requests, told by one call."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from router.domain.booked_request import BookedRequest, ErrorResponse
from router.domain.trace import Trace

Tracing = Callable[[str, Mapping[str, str]], Trace]
"""The place in a trace of a request with this id and these headers."""

_MOST_REMEMBERED = 1_024
_ERROR = 400


class Watcher(Protocol):
    """Is told about requests; its methods return at once and never raise."""

    def closed(self, booked: BookedRequest) -> None:
        """A request, or what came after its end, has gone into the books."""
        ...

    def refused(self, refusal: ErrorResponse) -> None:
        """A client is told about an error in a request that `closed` has not reported."""
        ...


class Observers:
    """Implements `router.ports.Observer` for several watchers.

    `tracing` is None if nobody asks for traces. `counts` is told about all error responses, `others` only
    of those to requests that have not gone into the books, so that they are told about each request once.
    """

    def __init__(self, tracing: Tracing | None, counts: Watcher, others: Sequence[Watcher]) -> None:
        self._tracing = tracing
        self._counts = counts
        self._others = others
        self._failed: dict[str, None] = {}

    def trace(self, request_id: str, headers: Mapping[str, str]) -> Trace | None:
        """The place of a request in a trace, if anybody asks for traces."""
        return None if self._tracing is None else self._tracing(request_id, headers)

    def closed(self, booked: BookedRequest) -> None:
        """Tell everybody."""
        self._counts.closed(booked)
        if not self._others:
            return
        for other in self._others:
            other.closed(booked)
        if booked.status >= _ERROR:
            self._remember(booked.request_id)

    def refused(self, refusal: ErrorResponse) -> None:
        """Tell everybody who does not know yet."""
        self._counts.refused(refusal)
        if refusal.request_id in self._failed:
            del self._failed[refusal.request_id]
            return
        for other in self._others:
            other.refused(refusal)

    def _remember(self, request_id: str) -> None:
        """Its client is about to be told, mostly by an error that comes to `refused`; the oldest is forgotten."""
        if len(self._failed) >= _MOST_REMEMBERED:
            del self._failed[next(iter(self._failed))]
        self._failed[request_id] = None
