"""Who watches over the requests of a running Farthing: counts, a log, traces."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct

from router.config.proxies import variable_for
from router.config.settings import (
    LitellmSettings,
    OtlpSettings,
    Settings,
    SimulatedSettings,
    UpstreamSettings,
)
from router.domain.errors import ConfigError, Problem
from router.ports import Observer, World
from router.providers.endpoints import AnthropicEndpoint, Endpoint
from router.telemetry.log import Lines
from router.telemetry.loop_lag import LoopLag
from router.telemetry.observers import Observers, Watcher
from router.telemetry.request_log import RequestLog
from router.telemetry.request_metrics import RequestMetrics
from router.telemetry.spans import ServerAddress
from router.telemetry.tallies import Collects
from router.telemetry.tracing import Traces

if TYPE_CHECKING:
    from router.telemetry.otlp import OtlpExporter

_MISSING = "needs packages that are not installed: pip install 'farthing[otel]'"
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})
_PROVIDERS: Mapping[str, str] = {
    "api.anthropic.com": "anthropic",
    "api.cohere.com": "cohere",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.openai.com": "openai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
    "generativelanguage.googleapis.com": "gcp.gemini",
}
_LITELLM_PROVIDERS: Mapping[str, str] = {
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "vertex_ai": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}
"""OpenTelemetry's names for providers, by where they are, and by litellm's names. Others keep their own."""


class Telemetry(Struct, frozen=True):
    """The observer of requests, and what `/metrics` has besides the state of what runs."""

    observer: Observer
    collectors: Callable[[], tuple[Collects, ...]]


async def telemetry_of(
    settings: Settings, world: World, stack: AsyncExitStack, lines: Lines | None
) -> Telemetry:
    """Counts always, a log and traces as configured; `lines` is what the process's own log is written to.

    Raises ConfigError if traces are configured but OpenTelemetry is not installed.
    """
    counts, lag = RequestMetrics(), LoopLag(world.monotonic_s, world.sleep)
    stack.callback(asyncio.create_task(lag.watch()).cancel)
    others: list[Watcher] = []
    if settings.logs_requests:
        lines = lines or _lines_of_our_own(stack)
        others.append(RequestLog(lines))
    traces = None if settings.otlp is None else _traces(settings.otlp, settings, stack)
    if traces is not None:
        others.append(traces)
    observer = Observers(None if traces is None else traces.trace, counts, others)
    lost = _lost_by(lines, traces)
    return Telemetry(observer, lambda: (counts, lag, *_collectors(lost)))


def _collectors(lost: Callable[[], Mapping[str, int]]) -> tuple[Collects, ...]:
    # Imported when Prometheus first asks: not everybody has it.
    from prometheus_client import ProcessCollector

    from router.telemetry.lost_metrics import LostCollector

    return LostCollector(lost), ProcessCollector(registry=None)


def _lines_of_our_own(stack: AsyncExitStack) -> Lines:
    lines = Lines(sys.stderr.fileno())
    stack.push_async_callback(asyncio.to_thread, lines.close)
    return lines


def _lost_by(lines: Lines | None, traces: Traces | None) -> Callable[[], Mapping[str, int]]:
    def lost() -> Mapping[str, int]:
        dropped = {} if traces is None else dict(traces.dropped)
        return dropped if lines is None else {"lines": lines.dropped, **dropped}

    return lost


def _traces(otlp: OtlpSettings, settings: Settings, stack: AsyncExitStack) -> Traces:
    exporter = _exporter(otlp)
    places = {name: place_of(name, each) for name, each in settings.upstreams.items()}
    traces = Traces(exporter.send, places, otlp.share)
    stack.callback(exporter.close)
    stack.push_async_callback(asyncio.to_thread, traces.close)
    return traces


def _exporter(otlp: OtlpSettings) -> "OtlpExporter":
    # Imported here and nowhere else: it is an extra, and takes a fifth of a second.
    try:
        from router.telemetry.otlp import OtlpExporter
    except ImportError:
        raise ConfigError((Problem("telemetry.otlp", "", _MISSING),)) from None
    return OtlpExporter(
        otlp.endpoint, otlp.headers, otlp.service_name, is_direct=_is_direct(otlp, os.environ)
    )


def _is_direct(otlp: OtlpSettings, environ: Mapping[str, str]) -> bool:
    """Whether the environment names a proxy, but none for the collector."""
    if not any(each.lower() in _PROXIES for each in environ):
        return False
    stated = (environ.get(f"OTEL_EXPORTER_OTLP_{each}ENDPOINT") for each in ("TRACES_", ""))
    url = next(filter(None, (otlp.endpoint, *stated)), "http://localhost:4318")
    return not variable_for(url, environ)


def place_of(name: str, upstream: UpstreamSettings) -> ServerAddress:
    """The address of an upstream, as far as it is known, and the provider there."""
    match upstream:
        case Endpoint(base_url=url) | AnthropicEndpoint(base_url=url):
            address = urlsplit(url)
            host = address.hostname or ""
            port = address.port or (443 if address.scheme == "https" else 80)
            return ServerAddress(_provider(host) or name, host, port)
        case LitellmSettings(provider=provider):
            return ServerAddress(_LITELLM_PROVIDERS.get(provider, provider))
        case SimulatedSettings():
            return ServerAddress("simulated")


def _provider(host: str) -> str:
    if host.endswith(".openai.azure.com"):
        return "azure.ai.openai"
    if host.endswith(".api.openai.com"):
        return "openai"
    return _PROVIDERS.get(host, "")
