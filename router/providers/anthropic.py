"""Anthropic's own API, and other servers that speak Messages: no litellm in between."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from router.domain.fault import Fault, FaultKind
from router.domain.members import replace
from router.ports import Call
from router.providers.claude import Claude
from router.providers.direct import UpstreamClient
from router.providers.endpoints import AnthropicEndpoint
from router.providers.translated import CallWording, TranslatedCall, TranslatedUpstream
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.seals import origin_of
from router.wire.dialects.shape import JsonObject
from router.wire.native.asked import native_bytes

_BETA = "anthropic-beta"
_PASSED = (_BETA, "anthropic-version")
_VERSION = "2023-06-01"
_FILES_BETA = "files-api-2025-04-14"
_BINDING_BETA = "thinking-binding-controls-2026-08-01"
_THOUGHTS = (b'"type":"thinking"', b'"type":"redacted_thinking"')
_NOBODY = "nobody"
"""An origin that owns no thoughts: a model that is not to think gets none."""
_NO_CREDIT = "credit balance is too low"
"""With this message Anthropic refuses, by a 400, an account that has nothing left to pay with."""
_BROKEN_SEALS = ("invalid `signature` in `thinking` block", "invalid `data` in `redacted_thinking`")
"""With these it refuses a thought after all, for example one of another account: other models are not sent it."""


def anthropic_upstream(
    endpoint: AnthropicEndpoint, *, unix_s: Callable[[], float], connect_s: float = 10.0
) -> TranslatedUpstream:
    """The way to its models. Made inside a running loop."""
    base = endpoint.base_url.rstrip("/").removesuffix("/v1")
    key = {"x-api-key": endpoint.api_key} if endpoint.api_key else {}
    headers = {"anthropic-version": _VERSION, **key, **endpoint.headers}
    upstream_client = UpstreamClient(
        f"{base}/v1/messages",
        headers,
        endpoint.secrets,
        unix_s=unix_s,
        connect_s=connect_s,
        proxy=endpoint.proxy,
    )
    betas = [value for name, value in headers.items() if name.lower() == _BETA]
    return TranslatedUpstream(
        upstream_client,
        _worded,
        unix_s=unix_s,
        posted_as=lambda body: _posted_as(body, betas),
        understood=_understood,
        passed=lambda call: _passed(call, betas),
    )


def _passed(call: Call, betas: Sequence[str]) -> TranslatedCall | None:
    """The client's own request, with the betas and the version that it asks for.

    None for another dialect, and for what this model would refuse if the client did not mean it for this model,
    as long as the request can be worded differently.
    """
    original, model = call.original, call.model
    if original is None or original.dialect is not Dialect.MESSAGES:
        return None
    if original.unsaid is None and _is_left_no_room_to_think(call):
        return None
    if not (original.is_meant_for(model) or Claude.named(model.name).takes(original.body)):
        return None
    own = origin_of(model.upstream, model.name)
    body = native_bytes(original, call.fields, model.name, own, owns_thoughts=call.owns_thoughts)
    asked = {name: original.headers[name] for name in _PASSED if name in original.headers}
    if betas and _BETA in asked:
        asked[_BETA] = ",".join([*betas, asked[_BETA]])
    return TranslatedCall(body, asked)


def _is_left_no_room_to_think(call: Call) -> bool:
    """Whether lowering the limit of the answer left no room for the thinking budget, which Messages would refuse."""
    asked: Mapping[str, Any] = call.original.body if call.original else {}
    thinking, limit = asked.get("thinking"), call.fields.get("max_completion_tokens")
    budget = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
    if not isinstance(budget, int) or not isinstance(limit, int):
        return False
    return bool(limit <= budget < asked["max_tokens"])


def _worded(call: Call) -> CallWording:
    model, claude = call.model, Claude.named(call.model.name)
    fields = {**claude.worded(call.fields), "model": model.name, "stream": call.stream}
    thinks = fields.get("reasoning_effort") != "none"
    target = Target(
        Dialect.MESSAGES,
        origin_of(model.upstream, model.name) if thinks else _NOBODY,
        max_output_tokens=model.longest_answer(None),
        manual_thinking=not claude.is_adaptive,
        hides_thoughts=claude.hides_thoughts,
    )
    return CallWording(fields, target)


def _posted_as(body: JsonObject, betas: Sequence[str]) -> TranslatedCall:
    """What is posted, with the betas that the body needs added to those that are always on."""
    raw = orjson.dumps(body)
    needed = [_FILES_BETA] if b'"type":"file"' in raw else []
    if any(sign in raw for sign in _THOUGHTS) and Claude.named(body["model"]).binds_thoughts:
        # Clients shorten histories, and chat has no order of thoughts and words: a thought that has
        # moved is to be dropped, rather than the whole request refused.
        binding = {"block_binding": {"prefix_mismatch_behavior": "drop_block"}}
        thinking = {"type": "adaptive", **(body.get("thinking") or {}), **binding}
        raw = orjson.dumps({**body, "thinking": thinking})
        needed.append(_BINDING_BETA)
    return TranslatedCall(raw, {_BETA: ",".join([*betas, *needed])} if needed else {})


def _understood(fault: Fault) -> Fault:
    """The fault, reclassified if Anthropic calls a request invalid although the client made no mistake."""
    said = str((fault.error or {}).get("message", "")).lower()
    if fault.kind is not FaultKind.CLIENT:
        return fault
    if _NO_CREDIT in said:
        return replace(fault, kind=FaultKind.REFUSED, error=None)
    is_sealed = any(each in said for each in _BROKEN_SEALS)
    return replace(fault, kind=FaultKind.UNSUITED) if is_sealed else fault
