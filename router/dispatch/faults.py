"""What an upstream's error means, and what the client is told about it."""

import re
from collections.abc import Mapping

from router.domain.errors import ApiError
from router.domain.fault import Fault, FaultKind, code_of
from router.domain.members import replace
from router.domain.money import Money

_BY_PROXY = 407
"""Proxy Authentication Required: it does not know us, or not by this password."""
_OURS = frozenset({401, 402, 403, _BY_PROXY})
_TOO_EARLY_OR_BUSY = frozenset({408, 409, 425})
_NOT_THERE = frozenset({404, 405, 410})
"""The model has been retired, or has another name there; or the address is not that of this API."""
_ABOUT_THE_REQUEST = ("content_policy", "content_filter", "moderation", "safety")
_LONG_CODE = "context_length_exceeded"
"""OpenAI's code for a prompt that does not fit, by which agents know that they have to shorten their conversation."""
_TOO_LONG = (
    _LONG_CODE,
    "maximum context length",
    "context window",
    "exceed context limit",
    "prompt is too long",
    "too many tokens",
    "exceeds the maximum number of tokens",
)
"""How vendors say that a prompt does not fit: OpenAI, vLLM, Anthropic, Mistral, Gemini."""

_TOO_LONG_AN_ANSWER = (
    "completion tokens, whereas you provided",
    "supports at most",
    "maximum allowed number of output tokens",
    "max_tokens is too large",
    "max_completion_tokens is too large",
    "max_output_tokens is too large",
    "max_tokens` must be less than",
)
"""How vendors say that a client allows a longer answer than the model can write: OpenAI, Anthropic, Groq."""

_NOT_OF_THIS_MODEL = (
    "unsupported parameter",
    "unsupported_parameter",
    "unsupported value",
    "unsupported_value",
    "unrecognized request argument",
    "unknown parameter",
    "is not supported with this model",
    "' is unsupported",
    "tool_use_failed",
    "json_validate_failed",
    "extra inputs are not permitted",
    "invalid schema for response_format",
    "output_config.format.schema: ",
    "output_format.schema: ",
    ".custom.input_schema: ",
    "schema is too complex for compilation",
    "schemas contains too many ",
    "compiled grammar is too large",
    "too many strict tools",
)
"""How vendors say that this model does not take a field, or its value, that others take: OpenAI, Groq, Mistral; that
what it wrote is no call or JSON (Groq); and that it takes no such schema: OpenAI, then Anthropic."""
_NO_SUCH_MODEL = ("model_not_found", "model not exist", "is not a valid model id")
"""How vendors say that there is no such model where the status is 400: DeepSeek, OpenRouter."""
_OF_THIS_MODEL = _TOO_LONG_AN_ANSWER + _NOT_OF_THIS_MODEL

_USUAL = frozenset({"message", "type", "param", "code"})
"""The members of OpenAI's error object. Others say more: Azure's `innererror`, OpenRouter's `metadata`, Anthropic's
`details`, by which its own client knows what to do."""

_STATUSES: Mapping[str, int] = {
    "invalid_request_error": 400,
    "invalid_prompt": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "too_many_requests": 429,
    "insufficient_quota": 429,
    "overloaded_error": 503,
    "server_is_overloaded": 503,
    "slow_down": 503,
}
"""The status with which a vendor sends an error of this code or type, where it comes before an answer."""

_KINDS: Mapping[int, str] = {429: "rate_limit_error"}
"""OpenAI's type of an error that says none, by its status."""

Said = Mapping[str, object]


def fault_of_said(said: Said, form: str) -> Fault:
    """The fault that an error means which comes in an answer or a stream (its `form`), with status 200."""
    message, status = f"the upstream reported an error in its {form}", _status_said(said)
    if status is not None:
        fault = fault_of_status(status, said, None)
        return replace(fault, message=message, reached_model=status >= 500)
    code = code_of(said, otherwise=f"{form}_error")
    return Fault(FaultKind.TRANSIENT, 502, message, code, error=said, reached_model=True)


def _status_said(said: Said) -> int | None:
    """The status that an error should have had: its `code`, be it in digits, or the one that its words go with.

    None if they go with none.
    """
    code = said.get("code")
    number = int(code) if isinstance(code, str) and re.fullmatch("[45][0-9]{2}", code) else code
    if isinstance(number, int) and 400 <= number < 600:
        return number
    if _mentions(said, _TOO_LONG):
        return 400
    names = (name for name in (code, said.get("type")) if isinstance(name, str))
    return next((_STATUSES[name] for name in names if name in _STATUSES), None)


def fault_of_status(status: int, error: Said | None, retry_after_s: float | None) -> Fault:
    """The fault that an upstream's error status means.

    408, 409 and 425 are retried, as OpenAI's own clients do. A redirect is not followed (it could
    take the key anywhere) and counts as a stumble. A 403 is about our account, unless it says that
    the content was refused. A 404 is about the model's name or address, which a policy has chosen, not the client.
    """
    said = error or {}
    code = code_of(said)
    kind = _kind_of(status, said)
    shown = None if kind is FaultKind.REFUSED else error
    who = "a proxy on the way" if status == _BY_PROXY else "the upstream"
    return Fault(kind, status, f"{who} answered with status {status}", code, retry_after_s, shown)


def _kind_of(status: int, said: Said) -> FaultKind:
    if status == 429:
        return FaultKind.RATE_LIMITED
    if status in _OURS and not (status == 403 and _mentions(said, _ABOUT_THE_REQUEST)):
        return FaultKind.REFUSED
    if status in _NOT_THERE:
        return FaultKind.NOT_FOUND
    if status in (400, 413, 422):
        return _kind_by_words(status, said)
    if 400 <= status < 500 and status not in _TOO_EARLY_OR_BUSY:
        return FaultKind.CLIENT
    return FaultKind.TRANSIENT


def _kind_by_words(status: int, said: Said) -> FaultKind:
    """What is wrong with a request, which may be that the wrong model was asked."""
    if _mentions(said, _TOO_LONG):
        return FaultKind.CONTEXT
    if status == 413:
        return FaultKind.CLIENT
    if _mentions(said, _NO_SUCH_MODEL):
        return FaultKind.NOT_FOUND
    # Agents tell all models the same, and a policy has chosen this one.
    return FaultKind.UNSUITED if _mentions(said, _OF_THIS_MODEL) else FaultKind.CLIENT


def _mentions(said: Said, signs: tuple[str, ...]) -> bool:
    text = " ".join(str(said.get(name, "")) for name in ("code", "type", "message")).lower()
    return any(sign in text for sign in signs)


def api_error_of(fault: Fault, model_id: str) -> ApiError:
    """What the client is told when `fault` was the last word.

    The upstream's own error object is passed on where it has one; credentials that were refused
    are ours, not the client's, and become a 502 without the upstream's words.
    """
    if fault.kind is FaultKind.REFUSED:
        return ApiError(
            502,
            f"The upstream of model '{model_id}' does not accept this proxy's credentials.",
            code="upstream_refused",
            kind="server_error",
        )
    said = fault.error or {}
    code = said.get("code") or fault.code or "upstream_error"
    status = fault.status if fault.status >= 400 else 502
    usual_kind = "server_error" if status >= 500 else _KINDS.get(status, "invalid_request_error")
    error = ApiError(
        status,
        str(said.get("message") or f"Model '{model_id}' could not answer: {fault.message}."),
        code=_LONG_CODE if fault.kind is FaultKind.CONTEXT else str(code),
        param=param if isinstance(param := said.get("param"), str) else None,
        kind=str(said.get("type") or usual_kind),
        retry_after_s=fault.retry_after_s,
    )
    more = {name: value for name, value in said.items() if name not in _USUAL}
    return error.with_more(more).with_headers(fault.headers)


def out_of_time(total_s: float) -> ApiError:
    """504: the request's own deadline has passed."""
    return ApiError(
        504,
        f"No model answered within {total_s:g} s.",
        code="deadline_exceeded",
        kind="server_error",
    )


def too_dear(spent: Money, ceiling: Money | None) -> ApiError:
    """503: any further call could exceed what all calls of the request may cost."""
    return ApiError(
        503,
        f"No model has answered yet: the calls so far have cost {spent} USD, and with another one the request could"
        f" cost more than its ceiling of {ceiling} USD.",
        code="no_model_available",
        kind="server_error",
    )


def resting(away: Mapping[str, str], for_s: float | None) -> ApiError:
    """503: no model may be asked; `away` says why for each, and `for_s` becomes Retry-After: when the first is back."""
    which = "; ".join(f"{model_id} is {why}" for model_id, why in away.items())
    return ApiError(
        503,
        f"No model that may answer this request is available now{which and f': {which}'}.",
        code="no_model_available",
        kind="server_error",
        retry_after_s=for_s,
    )
