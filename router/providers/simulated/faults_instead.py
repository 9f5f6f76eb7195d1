"""Faults that replace the answer: the model never works, and nothing is charged."""

import zlib
from collections.abc import Iterator, Mapping

from msgspec import Struct

from router.providers.simulated.errors import Refusal, too_long
from router.providers.simulated.script import (
    JSON_TYPE,
    STREAM_TYPE,
    Body,
    Call,
    Close,
    End,
    Hang,
    Head,
    Headers,
    Script,
    page,
    refused,
)

ELSEWHERE = "/simulate/elsewhere"
_MIB = 2**20
# What OpenAI's API says with each status: type, code, message.
_SAYINGS: Mapping[int, tuple[str, str | None, str]] = {
    400: ("invalid_request_error", "invalid_value", "The request is not valid."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    402: ("insufficient_quota", "insufficient_quota", "There is no credit left on this account."),
    403: ("invalid_request_error", "permission_denied", "You are not allowed to use this model."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist."),
    408: ("timeout", None, "The request timed out."),
    409: ("conflict_error", None, "The request conflicts with another one."),
    413: ("invalid_request_error", "request_too_large", "The request is too large."),
    422: ("invalid_request_error", "unprocessable_entity", "The request cannot be processed."),
    429: ("rate_limit_error", "rate_limit_exceeded", "Rate limit reached. Please try again later."),
    500: ("server_error", None, "The server had an error while processing your request."),
    502: ("server_error", None, "Bad gateway."),
    503: ("server_error", "service_unavailable", "The engine is currently overloaded."),
    504: ("server_error", None, "The gateway timed out."),
    529: ("overloaded_error", None, "The service is overloaded."),
}


def require(is_right: bool, message: str) -> None:
    """Raise ValueError with the message unless it is right."""
    if not is_right:
        raise ValueError(message)


class Status(Struct, frozen=True):
    """An error with that status (400 to 599); retry_after is the header's value, in seconds."""

    code: int = 503
    retry_after: str = ""
    message: str = ""

    def __post_init__(self) -> None:
        """Refuse a status that is no error."""
        require(400 <= self.code <= 599, f"code must be 400 to 599, not {self.code}")

    def play(self, call: Call) -> Script:
        """An error answer."""
        kind, code, message = _SAYINGS.get(self.code, ("server_error", None, "An error occurred."))
        headers = (("retry-after", self.retry_after),) if self.retry_after else ()
        refusal = Refusal(self.code, self.message or message, type=kind, code=code)
        return refused(refusal, call.headers + headers)


class ContextLengthExceeded(Struct, frozen=True):
    """A 400 that says that the prompt is too long for the model."""

    def play(self, call: Call) -> Script:
        """An error answer."""
        limit = call.model.context_tokens
        return refused(too_long(limit, limit + call.answer.prompt_tokens).refusal, call.headers)


class Reset(Struct, frozen=True):
    """The connection is reset before any byte of an answer."""

    def play(self, call: Call) -> Script:  # noqa: ARG002  as every fault
        """Nothing but a reset."""
        yield Close(reset=True)


class Drop(Struct, frozen=True):
    """The connection is closed cleanly before any byte of an answer."""

    def play(self, call: Call) -> Script:  # noqa: ARG002  as every fault
        """Nothing but the end of the connection."""
        yield Close()


class Silence(Struct, frozen=True):
    """The request is accepted, and no byte of an answer ever comes."""

    def play(self, call: Call) -> Script:  # noqa: ARG002  as every fault
        """Nothing at all."""
        yield Hang()


class Redirect(Struct, frozen=True):
    """A redirect (301, 302, 303, 307 or 308) to another path of this server, where visits count."""

    code: int = 307

    def __post_init__(self) -> None:
        """Refuse a status that redirects nobody."""
        right = (301, 302, 303, 307, 308)
        require(self.code in right, f"code must be one of {right}, not {self.code}")

    def play(self, call: Call) -> Script:
        """An empty answer with a location."""
        headers: Headers = (*call.headers, ("location", ELSEWHERE))
        return page(self.code, "text/plain", b"", headers)


class Empty(Struct, frozen=True):
    """A 200 with an empty body."""

    def play(self, call: Call) -> Script:
        """A head and no body."""
        kind = STREAM_TYPE if call.request.stream else JSON_TYPE
        return page(200, kind, b"", call.headers)


class Html(Struct, frozen=True):
    """A page of HTML, as gateways send it, with a 200 unless another code is named."""

    code: int = 200

    def __post_init__(self) -> None:
        """Refuse what is no status of a page."""
        require(200 <= self.code <= 599, f"code must be 200 to 599, not {self.code}")

    def play(self, call: Call) -> Script:
        """A page."""
        text = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>\n"
        return page(self.code, "text/html; charset=utf-8", text, call.headers)


class GzipBomb(Struct, frozen=True):
    """A small gzip body that unpacks to this many MiB of JSON that never ends."""

    mb: int = 100

    def __post_init__(self) -> None:
        """Refuse a bomb of nothing."""
        require(self.mb > 0, f"mb must be above 0, not {self.mb}")

    def play(self, call: Call) -> Script:
        """The compressed body, a MiB of zeros at a time."""
        packed = (("content-encoding", "gzip"),)
        yield Head(200, STREAM_TYPE if call.request.stream else JSON_TYPE, call.headers + packed)
        yield from map(Body, _bomb(self.mb, b"data: " if call.request.stream else b""))
        yield End(whole=False)


def _bomb(mb: int, prefix: bytes) -> Iterator[bytes]:
    packer = zlib.compressobj(6, wbits=31)
    parts = [packer.compress(prefix + b'{"choices":[{"message":{"content":"')]
    zeros = b"0" * _MIB
    for _ in range(mb):
        parts.append(packer.compress(zeros))
        if sum(map(len, parts)) > 1024:
            yield b"".join(parts)
            parts.clear()
    parts.append(packer.flush())
    yield b"".join(parts)
