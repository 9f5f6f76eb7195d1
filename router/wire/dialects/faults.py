"""Errors of one dialect for the clients of another: a status and a body."""

from typing import Any

from router.domain.errors import ApiError
from router.wire.dialects.answer import ReportedError
from router.wire.dialects.chat.read_answer import read_fault as read_openai_fault
from router.wire.dialects.chat.write_answer import written_fault as written_openai_fault
from router.wire.dialects.dialect import Dialect
from router.wire.dialects.messages.read_answer import read_fault as read_messages_fault
from router.wire.dialects.messages.write_answer import written_fault as written_messages_fault
from router.wire.errors import error_object

_OVERLOADED, _UNAVAILABLE = 529, 503
"""Anthropic has a status of its own for an overloaded server."""
_NO_REASON = "The upstream gave no reason."
_TOO_LONG = "prompt is too long"
_LOST_CODES = frozenset({"previous_response_not_found", "response_stored_elsewhere"})
_LOST = {"error_code": "thread_not_found"}
"""By these details of an error Anthropic's clients know that the whole conversation has to be sent."""


def translate_error(
    status: int, body: object, source: Dialect, target: Dialect
) -> tuple[int, dict[str, Any]]:
    """The status and the body of an upstream's error, for a client that speaks `target`.

    If `body` does not have the shape of `source`, it becomes an error that gives no reason.
    """
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return told(ReportedError(status, _NO_REASON), target)
    if source is Dialect.MESSAGES:
        found = read_messages_fault(error, status)
        # The types of its errors are its own; the status says the same to OpenAI's clients.
        return told(ReportedError(status, found.message), target)
    return told(read_openai_fault(error, status), target)


def own_error(error: ApiError, target: Dialect) -> tuple[int, dict[str, Any]]:
    """The status and the body of an error that we raise ourselves."""
    if target is not Dialect.MESSAGES:
        return error.status, error_object(error)
    status, body = told(ReportedError(error.status, _in_its_words(error)), target)
    details = _LOST if error.code in _LOST_CODES else error.more.get("details")
    if details is not None:
        body["error"]["details"] = details
    return status, body


def _in_its_words(error: ApiError) -> str:
    """The message, with Anthropic's words for a prompt that does not fit: Messages have no code for it."""
    if error.code != "context_length_exceeded" or _TOO_LONG in error.message:
        return error.message
    return f"{_TOO_LONG}: {error.message}"


def told(fault: ReportedError, target: Dialect) -> tuple[int, dict[str, Any]]:
    """The status and the body of an error, in the shape of `target`."""
    if target is Dialect.MESSAGES:
        status = _OVERLOADED if fault.status == _UNAVAILABLE else fault.status
        return status, written_messages_fault(fault)
    status = _UNAVAILABLE if fault.status == _OVERLOADED else fault.status
    return status, written_openai_fault(fault)
