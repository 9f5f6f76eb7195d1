"""The configuration of traces and of the request log."""

from collections.abc import Callable, Mapping

from pydantic import Field

from router.config.references import References, Unresolved
from router.config.sendable import UNREACHABLE, is_reachable, unsendable_headers
from router.config.settings import OtlpSettings
from router.config.words import Options, Probability, Section, Url
from router.config.yaml_file import Place

_PLACE: Place = ("telemetry", "otlp")


class OtlpSection(Section):
    """Of `telemetry`: the collector that traces are sent to; needs farthing[otel]."""

    endpoint: Url | None = None
    headers: Options = {}
    sample: Probability = 0.1
    service_name: str | None = Field(None, min_length=1)


class TelemetrySection(Section):
    """Who is told about requests, besides the ledger."""

    otlp: OtlpSection | None = None


class LogSection(Section):
    """What is logged."""

    requests: bool = False


def otlp_of(
    section: TelemetrySection, references: References, wrong: Callable[[Place, str], None]
) -> OtlpSettings | None:
    """Where traces go, with secrets resolved; None for nowhere, or if something is `wrong`."""
    if (otlp := section.otlp) is None:
        return None
    try:
        headers: Mapping[str, str] = {
            name: references.resolve(value) for name, value in otlp.headers.items()
        }
        endpoint = references.resolve(otlp.endpoint or "")
    except Unresolved as missing:
        wrong(_PLACE, str(missing))
        return None
    for at, why in unsendable_headers(headers):
        wrong((*_PLACE, *at), why)
    if endpoint and not references.spared and not is_reachable(endpoint):
        wrong((*_PLACE, "endpoint"), UNREACHABLE)
    return OtlpSettings(endpoint, headers, otlp.sample, otlp.service_name or "")
