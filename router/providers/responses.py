"""OpenAI and others, spoken to by Responses: chat tells less of models that think between calls."""

import re
from collections.abc import Callable
from dataclasses import replace

from router.domain.fault import Fault, FaultKind
from router.ports import Call
from router.providers.direct import Endpoint, Line, bearer
from router.providers.translated import TranslatedUpstream, Wording
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.seals import origin_of

_OPENAI = "https://api.openai.com/"
_THINKS_NOT = re.compile(r"gpt-(3|4)|chatgpt|.*-chat-latest")
"""OpenAI's models that never think, and refuse to be asked for a sealed thought."""
_BROKEN_SEAL = "invalid_encrypted_content"


def responses_upstream(
    endpoint: Endpoint, *, unix_s: Callable[[], float], connect_s: float = 10.0
) -> TranslatedUpstream:
    """The way to a server that answers at `base_url/responses`. Made inside a running loop."""
    url = f"{endpoint.base_url.rstrip('/')}/responses"
    headers = bearer(endpoint.api_key) | dict(endpoint.headers)
    line = Line(url, headers, endpoint.api_key, unix_s=unix_s, connect_s=connect_s)
    is_openais = endpoint.base_url.startswith(_OPENAI)
    return TranslatedUpstream(
        line, lambda call: _worded(call, is_openais), unix_s=unix_s, understood=_understood
    )


def _understood(fault: Fault) -> Fault:
    """The fault; a thought that was not accepted after all is not sent to other models."""
    is_sealed = fault.kind is FaultKind.CLIENT and fault.code == _BROKEN_SEAL
    return replace(fault, kind=FaultKind.UNSUITED) if is_sealed else fault


def _worded(call: Call, is_openais: bool) -> Wording:
    model = call.model
    target = Target(
        Dialect.RESPONSES,
        origin_of(model.upstream, model.name),
        cache_marks=is_openais,
        seals_thoughts=_THINKS_NOT.match(model.name) is None,
    )
    return Wording({**call.fields, "model": model.name, "stream": call.stream}, target)
