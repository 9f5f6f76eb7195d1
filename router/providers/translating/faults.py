"""litellm's exceptions as our faults.

They are OpenAI's by name and status, but their statuses are sometimes guessed
(Anthropic's 529 becomes a 500) and their messages wrap the provider's: so the trace of the
connection has the first word, then the exception's class, then its message. Classes are
distinguished by name, which is all of them that is public and stable.
"""

import re
from collections.abc import Mapping, Sequence
from json import JSONDecodeError, JSONDecoder
from typing import Any

from router.dispatch.faults import fault_of_status
from router.domain.fault import AttemptFailed, Fault, FaultKind
from router.domain.members import replace
from router.providers.translating.connection import ConnectionTrace, Loss
from router.wire.errors import retry_after_s
from router.wire.request_ids import request_id_in

_LONGEST_MESSAGE = 500
_UNACCEPTABLE = {
    "UnsupportedParamsError": (FaultKind.UNSUITED, "unsupported_parameter"),
    "ImageFetchError": (FaultKind.CLIENT, "invalid_image_url"),
    "ContextWindowExceededError": (FaultKind.CONTEXT, "context_length_exceeded"),
}
"""What litellm's words say for certain: another provider may know the field; nobody can fetch the picture."""


def failure_of(
    error: Exception, trace: ConnectionTrace, now_s: float, secrets: Sequence[str]
) -> AttemptFailed:
    """The failure that `error` means after what `trace` saw, without any of the `secrets`.

    `now_s` is Unix time.
    """
    fault = _meant(error, trace, now_s, secrets).fault
    headers = trace.headers or _headers_of(error)
    return AttemptFailed(replace(fault, request_id=request_id_in(headers, is_error=True)))


def _meant(
    error: Exception, trace: ConnectionTrace, now_s: float, secrets: Sequence[str]
) -> AttemptFailed:
    said = _error_object(error, secrets)
    names = {kind.__name__ for kind in type(error).__mro__}
    for name in names & _UNACCEPTABLE.keys():
        return _unacceptable(*_UNACCEPTABLE[name], said)
    status = trace.status or _status_of(error)
    if trace.lost or trace.status == 200 or (trace.status is None and status >= 500):
        return _no_answer(error, trace)
    shown = said if status >= 400 else None
    wait_s = retry_after_s(trace.headers or _headers_of(error), now_s)
    return AttemptFailed(fault_of_status(status, shown, wait_s))


def _no_answer(error: Exception, trace: ConnectionTrace) -> AttemptFailed:
    """The failure of a call for which no upstream reported an error."""
    if trace.lost is Loss.UNREACHABLE:
        return AttemptFailed.unreachable("it cannot be reached")
    if trace.lost is Loss.BROKEN:
        return AttemptFailed.transient("the connection broke", "connection_broken")
    if trace.status == 200:
        return AttemptFailed.transient(
            "its answer was cut off or invalid", "malformed_answer", reached_model=True
        )
    return AttemptFailed.transient(_mishap(error), "not_translated")


def _unacceptable(kind: FaultKind, code: str, said: Mapping[str, object]) -> AttemptFailed:
    error = {**said, "type": "invalid_request_error", "code": code}
    message = "it does not accept this request"
    return AttemptFailed(Fault(kind, 400, message, code, error=error))


def _status_of(error: Exception) -> int:
    """The status that litellm gave an error that it raised before anything was sent."""
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) and 400 <= status < 600 else 502


def _headers_of(error: Exception) -> Mapping[str, str]:
    """The headers of the response, if litellm has kept them."""
    return _mapping(getattr(error, "litellm_response_headers", None))


def _mishap(error: Exception) -> str:
    """What went wrong if no provider said anything: what an operator can act on, and no more."""
    missing = re.search(r"No module named '[\w.]+'", str(error))
    return f"it failed in litellm ({missing.group() if missing else type(error).__name__})"


def _error_object(error: Exception, secrets: Sequence[str]) -> dict[str, object]:
    """The provider's own error object, as far as it may be shown, else litellm's words for it."""
    text = str(getattr(error, "message", "") or error)
    found = _mapping(getattr(error, "body", None)) or _json_in(text)
    inner = _mapping(found.get("error")) or found
    said = {
        "message": inner.get("message") or _unwrapped(text),
        "type": inner.get("type"),
        "code": _code(inner),
        "param": inner.get("param"),
    }
    return {name: _shown(str(value), secrets) for name, value in said.items() if value}


def _code(inner: Mapping[str, Any]) -> object:
    """OpenAI's `code` is a word; Google's is the status again, and the word is in `status`."""
    code = inner.get("code")
    return inner.get("status") if isinstance(code, int) else code


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _json_in(text: str) -> Mapping[str, Any]:
    start = text.find("{")
    if start < 0:
        return {}
    try:
        return _mapping(JSONDecoder().raw_decode(text, start)[0])
    except (JSONDecodeError, RecursionError):
        return {}


_WRAPPING = re.compile(
    r"(?:litellm\.\w+: |\w+Exception \w+Error - |\w+(?:Exception|Error) - "
    r"|(?:ContextWindowExceeded|InternalServer|BadRequest)Error: )+"
)
_ADVICE = re.compile(
    r"(\.? *Handle with `litellm|,? or set `litellm|To drop |If you want to use these params).*",
    re.DOTALL,
)


def _unwrapped(text: str) -> str:
    return _ADVICE.sub("", _WRAPPING.sub("", text, count=1)).strip()


def _shown(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "***")
    return _KEY_LIKE.sub("***", text)[:_LONGEST_MESSAGE]


_KEY_LIKE = re.compile(
    r"\b(?:(?:sk|rk|pk|gsk|xai)[-_][\w*.-]{8,}|AKIA\w{12,}|AIza[\w-]{20,}|Bearer [\w.~+/-]{8,})"
)
"""What looks like a credential: providers repeat the one they were sent, or parts of it."""
