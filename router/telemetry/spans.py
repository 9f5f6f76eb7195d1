"""A request as spans, in the words of OpenTelemetry's conventions for generative AI.

https://opentelemetry.io/docs/specs/semconv/gen-ai/. A server span stands for the request, and a client
span for each call to an upstream: also those that failed, those that a cascade rejected, and hedges.
Everything is known from the books, so nothing is measured for spans while a request is in progress.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from router.decision.explain import headline
from router.domain.booked_request import BookedRequest, ErrorResponse
from router.domain.ledger import Entry, Outcome
from router.domain.money import PICO_PER_USD
from router.domain.trace import Trace
from router.domain.usage import Usage
from router.ledger.unrouted import UnroutedKind

Value = str | int | float | bool | list[str]

_CHAT, _EMBEDDINGS, _PASSED = "chat", "embeddings", "pass_through"
_ERRORS = frozenset({Outcome.FAILED, Outcome.CUT})


class ServerAddress(Struct, frozen=True):
    """Where an upstream is: OpenTelemetry's name for the provider, and host and port if they are known."""

    provider: str
    host: str = ""
    port: int = 0


class Span(Struct, frozen=True):
    """One span; ids are hexadecimal digits, `parent` is "" for none, times are Unix times. `error` is "" for none."""

    name: str
    trace: Trace
    span_id: str
    parent: str
    began_s: float
    ended_s: float
    is_server: bool
    attributes: Mapping[str, Value] = field(default_factory=dict)
    error: str = ""


def spans_of(booked: BookedRequest, places: Mapping[str, ServerAddress]) -> Iterator[Span]:
    """The spans of a request, or of what came after its end; none without a trace.

    `places` are the upstreams by name.
    """
    if booked.trace is None:
        return
    for entry in booked.entries:
        if entry.attempt:  # an answer from the cache is no call
            yield _call(entry, booked.trace, places)
    if (end := booked.end) is not None:
        yield _request(booked, end, booked.trace, places)


def refused_span(refusal: ErrorResponse) -> Iterator[Span]:
    """The span of a request that was refused before anything was booked; none without a trace."""
    if (trace := refusal.trace) is not None:
        said: dict[str, Value] = {
            "http.response.status_code": refusal.status,
            "url.path": refusal.path,
            "error.type": refusal.code,
            "farthing.request_id": refusal.request_id,
        }
        times = (refusal.at_s, refusal.at_s)
        ids = (trace.span, trace.parent)
        yield Span("refused", trace, *ids, *times, True, said, refusal.code)


def _request(
    booked: BookedRequest, end: Entry, trace: Trace, places: Mapping[str, ServerAddress]
) -> Span:
    error = _error_of(end)
    said: dict[str, Value] = {
        **_words(end, places),
        "gen_ai.request.model": end.asked,
        "http.response.status_code": booked.status,
        "farthing.request_id": booked.request_id,
        "farthing.policy": end.policy or "none",
        "farthing.category": end.category,
        "farthing.attempts": booked.attempts,
        "farthing.cache_hit": end.outcome is Outcome.CACHE_HIT,
        "farthing.cost_usd": booked.cost.pico / PICO_PER_USD,
        "farthing.saving_usd": booked.saving.pico / PICO_PER_USD,
    }
    if end.is_answer:
        said["gen_ai.response.model"] = end.model
        said |= _used(end.usage)
    if booked.finish_reasons:
        said["gen_ai.response.finish_reasons"] = sorted(booked.finish_reasons)
    if (first_s := booked.first_content_s) is not None:
        said["gen_ai.response.time_to_first_chunk"] = first_s
    if booked.decision is not None:
        said["farthing.reference"] = end.reference
        said["farthing.reason"] = headline(booked.decision)
    if error:
        said["error.type"] = error
    name = f"{_operation(end)} {end.asked}"
    times = (booked.began_at_s, booked.ended_at_s)
    return Span(name, trace, trace.span, trace.parent, *times, True, said, error)


def _call(entry: Entry, trace: Trace, places: Mapping[str, ServerAddress]) -> Span:
    error = _error_of(entry)
    place = places.get(entry.upstream, ServerAddress(entry.upstream))
    said: dict[str, Value] = {
        **_words(entry, places),
        **_used(entry.usage),
        "gen_ai.request.model": entry.model,
        "farthing.upstream": entry.upstream,
        "farthing.attempt": entry.attempt,
        "farthing.outcome": entry.outcome.value,
        "farthing.cost_usd": entry.cost.pico / PICO_PER_USD,
    }
    if place.host:
        said |= {"server.address": place.host, "server.port": place.port}
    if entry.first_content_s is not None:
        said["gen_ai.response.time_to_first_chunk"] = entry.first_content_s
    if entry.status:
        said["http.response.status_code"] = entry.status
    if error:
        said["error.type"] = error
    name, span_id = f"{_operation(entry)} {entry.model}", trace.span_of(entry.attempt)
    times = (entry.at_s, entry.at_s + entry.total_s)
    return Span(name, trace, span_id, trace.span, *times, False, said, error)


def _error_of(entry: Entry) -> str:
    """What went wrong; "" if nothing did."""
    return entry.error or entry.outcome.value if entry.outcome in _ERRORS else ""


def _words(entry: Entry, places: Mapping[str, ServerAddress]) -> dict[str, Value]:
    place = places.get(entry.upstream)
    return {
        "gen_ai.operation.name": _operation(entry),
        "gen_ai.provider.name": place.provider if place else entry.upstream,
        "gen_ai.request.stream": entry.stream,
    }


def _operation(entry: Entry) -> str:
    if entry.category == UnroutedKind.PASSED:
        return _PASSED
    # Before the first attempt, the only call is for a vector of the request's own words.
    is_vector = entry.category == UnroutedKind.EMBEDDING or entry.attempt < 0
    return _EMBEDDINGS if is_vector else _CHAT


def _used(usage: Usage) -> dict[str, Value]:
    """Tokens by the convention's names, whose buckets overlap; those of ours without such a name are left out."""
    told: dict[str, Value] = {
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.total_output_tokens,
    }
    parts = {
        "gen_ai.usage.cache_read.input_tokens": usage.cache_read_tokens,
        "gen_ai.usage.cache_creation.input_tokens": usage.cache_write_tokens
        + usage.cache_write_1h_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
    }
    return told | {name: tokens for name, tokens in parts.items() if tokens}
