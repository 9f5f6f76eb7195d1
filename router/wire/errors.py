"""Errors in the shape that OpenAI's clients turn into their own exceptions."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from router.domain.errors import ApiError


def error_object(error: ApiError) -> dict[str, Any]:
    """`{"error": {...}}`, as in https://platform.openai.com/docs/guides/error-codes."""
    return {
        "error": {
            "message": error.message,
            "type": error.kind,
            "param": error.param,
            "code": error.code,
            **error.more,
        }
    }


def error_body(error: ApiError) -> bytes:
    """The JSON body of an error answer."""
    return orjson.dumps(error_object(error))


def error_headers(error: ApiError) -> dict[str, str]:
    """The headers that go with an error: Retry-After in whole seconds, rounded up."""
    if error.retry_after_s is None:
        return dict(error.headers)
    return {**error.headers, "retry-after": str(max(0, -int(-error.retry_after_s // 1)))}


def read_error(raw: bytes) -> Mapping[str, Any] | None:
    """The error object in an upstream's error body, or None if the body has a shape that nobody sends.

    Besides OpenAI's there are flat bodies (vLLM before 0.11, Mistral), and mere texts as `error` (Ollama, TGI) or
    `detail` (what is made with FastAPI).
    """
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(body, dict):
        return None
    error = body.get("error")
    return _writable(error) if isinstance(error, dict) else _flat(body)


def error_in(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The error object that an event of a stream tells, in the same shapes; None for an event that tells none."""
    error = event.get("error")
    if isinstance(error, dict):
        return _writable(error) or None
    return (_flat(event) or {}) if error or event.get("object") == "error" else None


def _writable(error: Mapping[str, Any]) -> Mapping[str, Any]:
    """`error` as it can be sent on: orjson reads four times as many levels as it writes."""
    try:
        orjson.dumps({"error": error})
    except orjson.JSONEncodeError:
        return {name: told for name, told in error.items() if not isinstance(told, dict | list)}
    return error


def _flat(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    texts = (body.get(name) for name in ("message", "error", "detail"))
    message = next((text for text in texts if isinstance(text, str) and text), None)
    if message is None:
        return None
    more = {name: body[name] for name in ("type", "param", "code") if body.get(name) is not None}
    return {"message": message, **more}


def retry_after_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """How long an upstream asks to be left alone, in seconds; None if it does not say.

    Understands both forms of RFC 9110, section 10.2.3 (`now_s` is Unix time, for the date), and
    the `retry-after-ms` of some vendors.
    """
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return _wait(float(milliseconds) / 1000)
        if not (value := headers.get("retry-after")):
            return None
        if value.replace(".", "", 1).isdigit():
            return _wait(float(value))
        return _wait(parsedate_to_datetime(value).timestamp() - now_s)
    except (ValueError, TypeError):
        return None


def _wait(seconds: float) -> float | None:
    """A sane wait: not negative; NaN and infinities say nothing."""
    return max(0.0, seconds) if abs(seconds) < float("inf") else None
