"""The HTTP protocol's own refusals, in our shape.

aiohttp answers invalid HTTP with a text that quotes it, and logs it with a traceback. What it quotes
may be a key or a prompt, so neither is done here.
"""

import logging
import re
from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import HttpVersion11, web
from aiohttp.http_exceptions import BadHttpMessage, HttpProcessingError, LineTooLong

from router.domain.errors import ApiError
from router.server.faults import told_error

_LOG = logging.getLogger(__name__)
_QUOTES_NOTHING = re.compile(
    r"Duplicate '[A-Za-z-]+' header found\.|Missing 'Host' header in request\.|Too many headers received"
)
"""What aiohttp says of headers by their names only."""
_SERVER = "farthing"
"""What answers say of the software: aiohttp would tell Python's version, and its own, to everybody."""


class QuietRequestHandler(web.RequestHandler):
    """One connection of a client; invalid HTTP on it is neither quoted nor logged.

    `new_id` makes the ids of requests that are refused before they are ours.
    """

    def __init__(self, *args: object, new_id: Callable[[], str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # aiohttp's, passed on
        self.new_id = new_id

    @property
    def asked(self) -> int:
        """How many requests have come over it."""
        return self._request_count

    @property
    def is_silent(self) -> bool:
        """Whether it has no request in progress."""
        return self._waiter is not None and not self._waiter.done()

    def data_received(self, data: bytes) -> None:
        """What the client sends. While it closes, the rest of a body is still read, which aiohttp would drop."""
        if (self._close or self._force_close) and self._is_reading_body:
            self._read_on(data)
        else:
            super().data_received(data)

    @property
    def _is_reading_body(self) -> bool:
        """Whether the request in progress has not come whole."""
        request = self._current_request
        return request is not None and not request.content.is_eof()

    def _read_on(self, data: bytes) -> None:
        """Read more of a body; further requests behind it get no answer."""
        assert self._parser is not None  # noqa: S101 - there is one as long as there is a connection
        try:
            self._parser.feed_data(data)
        except HttpProcessingError:
            self.force_close()

    def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> Coroutine[Any, Any, tuple[web.StreamResponse, bool]]:
        """Send `resp`; what aiohttp itself says of an expectation (RFC 9110, section 10.1.1) quotes it."""
        if isinstance(resp, web.HTTPExpectationFailed):
            message = "Only 'Expect: 100-continue' is supported."
            error = _refusal(resp.status, message, code="expectation_failed")
            resp = told_error(error, request.path, self.new_id())
        return super().finish_response(request, resp, start_time)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's signature; it quotes the request
    ) -> web.StreamResponse:
        """An error response in the shape of the path's API, after which the connection is closed."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun; no other can be sent")
        kind, request_id = type(exc).__name__ if exc else "unknown", self.new_id()
        level = logging.ERROR if status >= 500 else logging.DEBUG
        _LOG.log(level, "request %s: HTTP error %s: %s", request_id, status, kind)
        error = _refusal(status, _why(exc), code="invalid_http")
        response = told_error(error, request.path, request_id)
        response.force_close()
        response.headers["server"] = _SERVER
        return response


async def say_who(_: web.Request, response: web.StreamResponse) -> None:
    """What aiohttp calls before it sends the head of an answer."""
    response.headers["server"] = _SERVER


async def close_where_nothing_is_said(request: web.Request, response: web.StreamResponse) -> None:
    """What aiohttp calls then, too: in HTTP/1.0 a connection ends with the answer unless this says otherwise.

    That is how a stream ends where there are no chunks. aiohttp keeps the connection if the client wishes it to,
    although it does not say so, and the client would wait for more.
    """
    if request.version < HttpVersion11 and "connection" not in response.headers:
        response.force_close()


def _why(exc: BaseException | None) -> str:
    """What is wrong, without quoting anything."""
    if isinstance(exc, LineTooLong):
        limit = exc.args[1]
        return f"A header or the request line is longer than the limit of {limit} bytes."
    if isinstance(exc, BadHttpMessage) and _QUOTES_NOTHING.fullmatch(exc.message):
        return f"The request is not valid HTTP: {exc.message.rstrip('.')}."
    return "The request is not valid HTTP."


def _refusal(status: int, message: str, *, code: str) -> ApiError:
    """The error of what has not become one of our requests."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return ApiError(status, message, code=code, kind=kind)
