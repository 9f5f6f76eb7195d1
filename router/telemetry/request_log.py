"""The log of requests: one line each, with what was decided and why. Neither prompts nor keys are in it."""

import json
from collections.abc import Mapping

import orjson

from router.decision.explain import headline
from router.domain.booked_request import BookedRequest, ErrorResponse
from router.domain.ledger import Entry
from router.domain.money import PICO_PER_USD
from router.domain.trace import Trace
from router.telemetry.log import Lines, written

LOGGER = "farthing.requests"
"""The value of `logger` in these lines."""


class RequestLog:
    """Implements `router.telemetry.observers.Watcher`.

    A line is made at once. If that were left to the thread that writes it, everything that is known about a request
    would have to be kept until then, and the garbage collector would traverse it all, which takes as long.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def closed(self, booked: BookedRequest) -> None:
        """Write a line for a request; what comes after its end has none."""
        if (end := booked.end) is not None:
            self._lines.put(_closed(booked, end))

    def refused(self, refusal: ErrorResponse) -> None:
        """Write a line for an error."""
        self._lines.put(_refused(refusal))


def _closed(booked: BookedRequest, end: Entry) -> str:
    usage, decision = end.usage, booked.decision
    first_s = booked.first_content_s
    said = {
        **_head(booked.ended_at_s, booked.request_id, booked.trace),
        "key": end.key,
        "asked": end.asked,
        "model": end.model,
        "upstream": end.upstream,
        "upstream_request_id": end.upstream_request_id,
        "policy": end.policy or "none",
        "category": end.category,
        "stream": end.stream,
        "status": booked.status,
        "outcome": end.outcome.value,
        "error": end.error,
        "attempts": booked.attempts,
        "input_tokens": usage.input_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "output_tokens": usage.total_output_tokens,
        "cost_usd": booked.cost.pico / PICO_PER_USD,
        "saving_usd": booked.saving.pico / PICO_PER_USD,
        "total_s": round(booked.total_s, 6),
        "first_content_s": None if first_s is None else round(first_s, 6),
        "finish_reasons": sorted(booked.finish_reasons),
        "why": headline(decision) if decision else "named by the request",
    }
    return _line(said)


def _refused(refusal: ErrorResponse) -> str:
    said = {
        **_head(refusal.at_s, refusal.request_id, refusal.trace),
        "key": refusal.key,
        "path": refusal.path,
        "status": refusal.status,
        "outcome": "refused",
        "error": refusal.code,
    }
    return _line(said)


def _head(at_s: float, request_id: str, trace: Trace | None) -> dict[str, str]:
    head = {"at": written(at_s), "level": "info", "logger": LOGGER, "request_id": request_id}
    return {**head, "trace_id": trace.trace_id} if trace else head


def _line(said: Mapping[str, object]) -> str:
    try:
        return orjson.dumps(said).decode()
    except orjson.JSONEncodeError:
        # A lone surrogate, in a name that a client or an upstream has given.
        return json.dumps(said)
