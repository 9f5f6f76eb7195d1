"""OpenAI and others through Responses: by chat, less is known of models that think between calls."""

import re
from collections.abc import Callable

import orjson

from router.domain.fault import Fault, FaultKind
from router.domain.members import replace
from router.ports import Call
from router.providers.direct import UpstreamClient, bearer
from router.providers.endpoints import Endpoint
from router.providers.translated import CallWording, TranslatedCall, TranslatedUpstream
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.seals import origin_of
from router.wire.dialects.shape import JsonObject
from router.wire.native.asked import native_bytes

_PATH = "/responses"
_THINKS_NOT = re.compile(r"gpt-(3|4)|chatgpt|.*-chat-latest")
"""OpenAI's models that never think, and refuse to be asked for sealed thoughts."""
_SEALED = "reasoning.encrypted_content"
_PASSED = ("openai-beta",)
_BROKEN_SEAL = "invalid_encrypted_content"


def responses_upstream(
    endpoint: Endpoint, *, unix_s: Callable[[], float], connect_s: float = 10.0
) -> TranslatedUpstream:
    """The way to a server that answers at `base_url/responses`. Made inside a running loop."""
    url = endpoint.base_url.rstrip("/")
    headers = bearer(endpoint.api_key) | dict(endpoint.headers)
    upstream_client = UpstreamClient(
        url,
        headers,
        endpoint.secrets,
        unix_s=unix_s,
        connect_s=connect_s,
        proxy=endpoint.proxy,
    )
    return TranslatedUpstream(
        upstream_client,
        lambda call: _worded(call, endpoint.is_openais),
        unix_s=unix_s,
        understood=_understood,
        posted_as=lambda body: TranslatedCall(orjson.dumps(body), path=_PATH),
        passed=_passed,
    )


def _passed(call: Call) -> TranslatedCall | None:
    """The client's own request.

    None for another dialect, and for a model that never thinks if the request asks for thoughts, unless it was
    meant for that model, or cannot be worded differently.
    """
    original, model = call.original, call.model
    if original is None or original.dialect is not Dialect.RESPONSES:
        return None
    thinks_not = _THINKS_NOT.match(model.name) is not None
    if thinks_not and _asks_to_think(original.body) and not original.is_meant_for(model):
        return None
    own = origin_of(model.upstream, model.name)
    body = native_bytes(original, call.fields, model.name, own, owns_thoughts=call.owns_thoughts)
    asked = {name: original.headers[name] for name in _PASSED if name in original.headers}
    return TranslatedCall(body, asked, _PATH)


def _asks_to_think(body: JsonObject) -> bool:
    included = body.get("include")
    wants_seals = isinstance(included, list) and _SEALED in included
    return bool(body.get("reasoning")) or wants_seals


def _understood(fault: Fault) -> Fault:
    """The fault; if a thought was not accepted after all, it is not sent to other models."""
    is_sealed = fault.kind is FaultKind.CLIENT and fault.code == _BROKEN_SEAL
    return replace(fault, kind=FaultKind.UNSUITED) if is_sealed else fault


def _worded(call: Call, is_openais: bool) -> CallWording:
    model = call.model
    target = Target(
        Dialect.RESPONSES,
        origin_of(model.upstream, model.name),
        cache_marks=is_openais,
        seals_thoughts=_THINKS_NOT.match(model.name) is None,
    )
    return CallWording({**call.fields, "model": model.name, "stream": call.stream}, target)
