"""Errors in each dialect: the third table. Chat and Responses have one shape."""

from collections.abc import Mapping
from typing import Any

from tests.wire.dialects.conformance import Members

FAULTS: tuple[tuple[str, int, str, int, str], ...] = (
    ("the request is wrong", 400, "invalid_request_error", 400, "invalid_request_error"),
    ("no key, or a wrong one", 401, "authentication_error", 401, "authentication_error"),
    ("not allowed", 403, "permission_error", 403, "permission_error"),
    ("no such model", 404, "invalid_request_error", 404, "not_found_error"),
    ("too large", 413, "invalid_request_error", 413, "request_too_large"),
    ("too many requests", 429, "rate_limit_error", 429, "rate_limit_error"),
    ("the provider's fault", 500, "server_error", 500, "api_error"),
    ("too busy", 503, "server_error", 529, "overloaded_error"),
    ("too slow", 504, "server_error", 504, "timeout_error"),
)
"""What is wrong; status and type with OpenAI; status and type with Anthropic."""


def openai_error(kind: str) -> dict[str, Any]:
    """The body of an error of chat and Responses."""
    return {"error": {"message": "No.", "type": kind, "param": None, "code": None}}


def anthropic_error(kind: str) -> dict[str, Any]:
    """The body of an error of Messages."""
    return {"type": "error", "error": {"type": kind, "message": "No."}}


STREAM_ERRORS: Mapping[str, Members] = {
    "chat": openai_error("server_error"),
    "responses": {
        "type": "error",
        "code": "server_error",
        "message": "No.",
        "param": None,
        "sequence_number": 1,
    },
    "messages": anthropic_error("api_error"),
}
"""An error amid a stream."""
