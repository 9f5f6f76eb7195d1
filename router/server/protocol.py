"""The HTTP protocol's own refusals, in our shape.

aiohttp answers invalid HTTP with a text that quotes it, and logs it with a traceback. What it quotes
may be a key or a prompt, so neither is done here.
"""

import logging

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from router.domain.errors import ApiError
from router.wire.errors import error_body

_LOG = logging.getLogger(__name__)
_SERVER = "farthing"
"""What answers say of the software: aiohttp would tell Python's version, and its own, to everybody."""


class QuietRequestHandler(web.RequestHandler):
    """One connection of a client; invalid HTTP on it is neither quoted nor logged."""

    @property
    def asked(self) -> int:
        """How many requests have come over it."""
        return self._request_count

    @property
    def is_silent(self) -> bool:
        """Whether it has no request in progress."""
        return self._waiter is not None and not self._waiter.done()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's signature; it quotes the request
    ) -> web.StreamResponse:
        """An error response in OpenAI's shape, after which the connection is closed."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun; no other can be sent")
        kind = type(exc).__name__ if exc else "unknown"
        _LOG.log(
            logging.ERROR if status >= 500 else logging.DEBUG, "HTTP error %s: %s", status, kind
        )
        response = refusal(status, _why(exc), code="invalid_http")
        response.force_close()
        response.headers["server"] = _SERVER
        return response


async def say_who(_: web.Request, response: web.StreamResponse) -> None:
    """What aiohttp calls before it sends the head of an answer."""
    response.headers["server"] = _SERVER


def _why(exc: BaseException | None) -> str:
    """What is wrong, without quoting anything."""
    if isinstance(exc, LineTooLong):
        limit = exc.args[1]
        return f"A header or the request line is longer than the limit of {limit} bytes."
    return "The request is not valid HTTP."


def refusal(status: int, message: str, *, code: str) -> web.Response:
    """An error response for what has not become one of our requests."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    body = error_body(ApiError(status, message, code=code, kind=kind))
    return web.Response(body=body, status=status, content_type="application/json")


async def meet_expectation(request: web.Request) -> web.StreamResponse | None:
    """Answer `Expect: 100-continue` (RFC 9110, section 10.1.1); refuse any other expectation."""
    if request.version != (1, 1):
        return None
    if request.headers.get("expect", "").lower() != "100-continue":
        return refusal(417, "Only 'Expect: 100-continue' is supported.", code="expectation_failed")
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    # This is not part of the answer, which must not be taken to have begun.
    request.writer.output_size = 0
    return None
