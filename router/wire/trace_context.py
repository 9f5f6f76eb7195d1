"""The headers of distributed traces: https://www.w3.org/TR/trace-context/."""

import re
from collections.abc import Mapping

from router.domain.trace import Trace, trace_id_for
from router.wire.headers import listed

_PARENT, _STATE = "traceparent", "tracestate"
_WRITTEN = re.compile(
    r"(?!ff|00.{53}-)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?"
)
"""Later versions may have more after the flags, version 00 has not."""
_NOUGHTS = ("0" * 32, "0" * 16)
_SAMPLED = 1
_MOST_STATE_CHARS = 512
_WHOLE = 2**64


def trace_of(request_id: str, headers: Mapping[str, str], share: float) -> Trace:
    """The trace that the client's headers say a request belongs to, else a new one.

    The client decides whether its trace is recorded. Of those that begin here, a `share` from 0 to 1 is; this
    depends only on the id, so that every service that samples by it records the same ones.
    """
    told = _WRITTEN.fullmatch(listed(headers, _PARENT).strip())  # two parents are none
    if told is None or told[1] == _NOUGHTS[0] or told[2] == _NOUGHTS[1]:
        trace_id = trace_id_for(request_id)
        is_sampled = int(trace_id[16:], 16) < share * _WHOLE
        return Trace(request_id, trace_id, is_sampled=is_sampled)
    state = listed(headers, _STATE)
    return Trace(
        request_id,
        trace_id=told[1],
        parent=told[2],
        is_sampled=bool(int(told[3], 16) & _SAMPLED),
        state=state if len(state) <= _MOST_STATE_CHARS else "",
    )


def headers_for(trace: Trace, attempt: int) -> dict[str, str]:
    """The headers that tell an attempt's upstream which trace it belongs to."""
    flags = "01" if trace.is_sampled else "00"
    told = {_PARENT: f"00-{trace.trace_id}-{trace.span_of(attempt)}-{flags}"}
    return {**told, _STATE: trace.state} if trace.state else told
