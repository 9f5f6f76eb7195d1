"""Anthropic's own API, and servers that speak its Messages as well: no litellm is in between."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from router.domain.fault import Fault, FaultKind
from router.ports import Call
from router.providers.claude import Claude
from router.providers.direct import Line
from router.providers.translated import TranslatedUpstream, Wording
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.seals import origin_of

ANTHROPIC_URL = "https://api.anthropic.com"
_VERSION = "2023-06-01"
_FILES_BETA = {"anthropic-beta": "files-api-2025-04-14"}
_NO_CREDIT = "credit balance is too low"
"""With this Anthropic refuses an account, by a 400, that has nothing left to pay with."""


@dataclass(frozen=True, slots=True)
class AnthropicEndpoint:
    """Where a server is that speaks Messages. `base_url` ends before `/v1/messages`."""

    base_url: str = ANTHROPIC_URL
    api_key: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def anthropic_upstream(
    endpoint: AnthropicEndpoint, *, unix_s: Callable[[], float], connect_s: float = 10.0
) -> TranslatedUpstream:
    """The way to its models. Made inside a running loop."""
    base = endpoint.base_url.rstrip("/").removesuffix("/v1")
    key = {"x-api-key": endpoint.api_key} if endpoint.api_key else {}
    headers = {"anthropic-version": _VERSION, **key, **endpoint.headers}
    line = Line(
        f"{base}/v1/messages", headers, endpoint.api_key, unix_s=unix_s, connect_s=connect_s
    )
    betas = {name: value for name, value in headers.items() if name.lower() == "anthropic-beta"}
    return TranslatedUpstream(
        line, lambda call: _worded(call, betas), unix_s=unix_s, understood=_understood
    )


def _worded(call: Call, betas: Mapping[str, str]) -> Wording:
    model, claude = call.model, Claude.named(call.model.name)
    fields = {**claude.worded(call.fields), "model": model.name, "stream": call.stream}
    target = Target(
        Dialect.MESSAGES,
        origin_of(model.upstream, model.name),
        max_output_tokens=model.max_output_tokens,
        manual_thinking=not claude.is_adaptive,
    )
    return Wording(fields, target, _with_files(betas) if b'"file_id"' in call.body else {})


def _with_files(betas: Mapping[str, str]) -> Mapping[str, str]:
    """The header that lets a request name uploaded files, beside those `betas` that are on anyway."""
    listed = ",".join([*betas.values(), *_FILES_BETA.values()])
    return {"anthropic-beta": listed}


def _understood(fault: Fault) -> Fault:
    """The fault, where Anthropic has a status of its own for it."""
    said = str((fault.error or {}).get("message", "")).lower()
    if fault.kind is FaultKind.CLIENT and _NO_CREDIT in said:
        return replace(fault, kind=FaultKind.REFUSED, error=None)
    return fault
