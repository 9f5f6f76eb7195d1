"""Spans on their way to an OpenTelemetry collector, by OTLP over HTTP.

The only file that imports OpenTelemetry, and only where traces are configured. What is not configured comes
from the standard environment variables: OTEL_EXPORTER_OTLP_ENDPOINT, _HEADERS, _TIMEOUT, _COMPRESSION,
_CERTIFICATE, each also as _TRACES_; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES.
"""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import requests  # noqa: TID251 - the exporter uses it, in a thread
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState
from requests.adapters import HTTPAdapter  # noqa: TID251 - as above

from router.telemetry.spans import Span

_PATH = "/v1/traces"
_NAMELESS = "unknown_service"
_OURS = "farthing"
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)


class OtlpExporter:
    """Sends spans to a collector, and retries where that may help, for ten seconds at most by default.

    `endpoint` is the collector's address, with or without the path for traces; "" for the one in the
    environment. With `is_direct` no proxy leads there, whatever the environment says.
    """

    def __init__(
        self,
        endpoint: str,
        headers: Mapping[str, str],
        service_name: str,
        *,
        is_direct: bool = False,
    ) -> None:
        self._exporter = OTLPSpanExporter(
            endpoint=_address(endpoint) or None,
            headers=dict(headers) or None,
            session=_without_proxy() if is_direct else None,
        )
        found = _resource(service_name)
        self._resource = _Ourselves(found.attributes, found.schema_url)
        self._scope = InstrumentationScope(_OURS, version(_OURS))

    def send(self, spans: Sequence[Span]) -> bool:
        """Whether the collector has taken them. Blocks."""
        made = [self._readable(span) for span in spans]
        return self._exporter.export(made) is SpanExportResult.SUCCESS

    def close(self) -> None:
        """Stop trying, at once."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # it says nothing of what it returns

    def _readable(self, span: Span) -> ReadableSpan:
        state = TraceState.from_header([span.trace.state]) if span.trace.state else None
        return ReadableSpan(
            span.name,
            context=_context(span, span.span_id, state, is_remote=False),
            parent=_context(span, span.parent, state, is_remote=span.is_server),
            resource=self._resource,
            attributes=span.attributes,
            kind=SpanKind.SERVER if span.is_server else SpanKind.CLIENT,
            instrumentation_scope=self._scope,
            status=Status(StatusCode.ERROR, span.error) if span.error else Status(),
            start_time=_ns(span.began_s),
            end_time=_ns(span.ended_s),
        )


class _Ourselves(Resource):
    """The one resource of a process.

    Spans are grouped by resource, and OpenTelemetry's is written as JSON each time to look it up, which
    takes a fifth of the time that a span takes.
    """

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


def _context(
    span: Span, span_id: str, state: TraceState | None, *, is_remote: bool
) -> SpanContext | None:
    if not span_id:
        return None
    trace_id = int(span.trace.trace_id, 16)
    return SpanContext(trace_id, int(span_id, 16), is_remote, _SAMPLED, state)


class _Direct(HTTPAdapter):
    """Goes past every proxy. What else the environment says still holds, such as whose certificates to trust."""

    def send(
        self, request: requests.PreparedRequest, *args: Any, **named: Any
    ) -> requests.Response:
        return super().send(request, *args, **{**named, "proxies": None})


def _without_proxy() -> requests.Session:
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Direct())
    return session


def _address(endpoint: str) -> str:
    base = endpoint.rstrip("/")
    return base if not base or base.endswith(_PATH) else base + _PATH


def _resource(service_name: str) -> Resource:
    """Our resource: named by the configuration, else by the environment, else by our own name."""
    if service_name:
        return Resource.create({SERVICE_NAME: service_name})
    found = Resource.create()
    if not str(found.attributes[SERVICE_NAME]).startswith(_NAMELESS):
        return found
    return found.merge(Resource({SERVICE_NAME: _OURS}))


def _ns(unix_s: float) -> int:
    return int(unix_s * 1e9)
