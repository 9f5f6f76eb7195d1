"""A request's place in a distributed trace: https://www.w3.org/TR/trace-context/."""

from hashlib import blake2b

from msgspec import Struct

_SPAN_BYTES = 8
_TRACE_BYTES = 16


class Trace(Struct, frozen=True):
    """A request's trace; ids are hexadecimal digits, as the standard writes them.

    `parent` is the span that sent the request, "" if none was stated; `state` is what vendors have added,
    to be passed on. Ids of our own spans follow from the request's id, so that whoever sends a call and
    whoever reports it later agree on them without communicating.
    """

    request_id: str
    trace_id: str
    parent: str = ""
    is_sampled: bool = True
    state: str = ""

    def __post_init__(self) -> None:
        """Refuse ids of another length."""
        if len(self.trace_id) != 2 * _TRACE_BYTES or len(self.parent) not in (0, 2 * _SPAN_BYTES):
            raise ValueError(f"impossible trace: {self!r}")

    @property
    def span(self) -> str:
        """The id of the request's own span."""
        return _digits(self.request_id, _SPAN_BYTES)

    def span_of(self, attempt: int) -> str:
        """The id of an attempt's span."""
        return _digits(f"{self.request_id}/{attempt}", _SPAN_BYTES)


def trace_id_for(request_id: str) -> str:
    """The id of the trace that a request begins if its client states none."""
    return _digits(request_id, _TRACE_BYTES)


def _digits(text: str, length: int) -> str:
    return blake2b(text.encode(), digest_size=length).hexdigest()
