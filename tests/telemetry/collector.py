"""An OpenTelemetry collector that keeps what it is sent: OTLP over HTTP, in protobuf."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan


@dataclass(frozen=True)
class Received:
    """One span as it came; ids are hexadecimal digits, "" for none."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent: str
    state: str
    seconds: float
    began_s: float
    error: str
    said: Mapping[str, Any]


@dataclass
class Collector:
    """What has arrived, and where. `status` is what it answers."""

    url: str = ""
    status: int = 200
    spans: list[Received] = field(default_factory=list)
    resources: list[Mapping[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)

    def one(self, kind: str, **said: Any) -> Received:
        """The only span of a kind whose attributes match; `_` stands for a dot."""
        asked = {name.replace("__", "."): value for name, value in said.items()}
        found = [s for s in self.spans if s.kind == kind and asked.items() <= s.said.items()]
        assert len(found) == 1, self.spans
        return found[0]

    async def take(self, request: web.Request) -> web.Response:
        sent = ExportTraceServiceRequest.FromString(await request.read())
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        if self.status != 200:
            return web.Response(status=self.status)
        for each in sent.resource_spans:
            self.resources.append(_said(each.resource.attributes))
            self.spans += [_received(span) for scope in each.scope_spans for span in scope.spans]
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(),
            content_type="application/x-protobuf",
        )


@asynccontextmanager
async def collecting(tls: ssl.SSLContext | None = None) -> AsyncIterator[Collector]:
    """A collector on a free port, behind `tls` if that is given."""
    collector, app = Collector(), web.Application()
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        scheme = "https" if tls else "http"
        collector.url = f"{scheme}://127.0.0.1:{runner.addresses[0][1]}"
        yield collector
    finally:
        await runner.cleanup()


def _received(span: ProtoSpan) -> Received:
    took_ns = span.end_time_unix_nano - span.start_time_unix_nano
    return Received(
        name=span.name,
        kind=ProtoSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        state=span.trace_state,
        seconds=took_ns / 1e9,
        began_s=span.start_time_unix_nano / 1e9,
        error=span.status.message,
        said=_said(span.attributes),
    )


def _said(attributes: Any) -> Mapping[str, Any]:
    pairs: list[KeyValue] = list(attributes)
    return {pair.key: _plain(pair.value) for pair in pairs}


def _plain(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_plain(each) for each in value.array_value.values]
    return getattr(value, kind) if kind else None
