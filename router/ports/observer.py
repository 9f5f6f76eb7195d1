"""What operators see of requests."""

from collections.abc import Mapping
from typing import Protocol

from router.domain.booked_request import BookedRequest, ErrorResponse
from router.domain.trace import Trace


class Observer(Protocol):
    """Watches over requests, for operators. Its methods return at once, and never raise."""

    def trace(self, request_id: str, headers: Mapping[str, str]) -> Trace | None:
        """The place in a trace of a request with its client's `headers`; None if nobody asks for traces."""
        ...

    def closed(self, booked: BookedRequest) -> None:
        """A request, or what came after its end, has gone into the books."""
        ...

    def refused(self, refusal: ErrorResponse) -> None:
        """A client is told about an error, whether or not anything has gone into the books."""
        ...
