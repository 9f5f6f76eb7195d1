"""Every other path below `/v1/`: passed to the upstream that is configured for it, or refused with an explanation."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from aiohttp import web
from msgspec import Struct

from router.domain.errors import ApiError
from router.domain.fault import AttemptFailed
from router.domain.key import ANONYMOUS
from router.pipeline.passthrough import Passthrough, PassthroughReply
from router.pipeline.passthrough_upstream import PassthroughCall
from router.server.callers import caller_of
from router.server.gate import refuse_other_names
from router.server.http import REQUEST_ID, Frontend, not_here, write_piece
from router.wire.encoding import too_large
from router.wire.passthrough import BodyEnds, request_headers

_LOG = logging.getLogger(__name__)
_NO_IDS = frozenset({"/v1/responses/compact"})
"""Paths of OpenAI's that look like those of one Response."""
_WITHOUT_ORIGIN = ("GET", "HEAD")
"""A page whose own name leads to this machine may read these answers, and its browser names no origin with them."""


class PassthroughHandlers(Struct, frozen=True):
    """The route. `passthrough` is None where nothing is passed through."""

    frontend: Frontend
    passthrough: Passthrough | None
    max_body_bytes: int

    async def other(self, request: web.Request) -> web.StreamResponse:
        """Any method on any path that no other route handles."""
        _check_socket(request)
        passthrough = self.passthrough
        if passthrough is None or passthrough.pattern_of(request.raw_path) is None:
            await _check_method(request)
            await self.frontend.gate.admit(request.headers)
            raise self._refused(request)
        key = await self.frontend.gate.admit(request.headers)
        if key is ANONYMOUS and request.method in _WITHOUT_ORIGIN:
            refuse_other_names(request.headers)
        caller = caller_of(request.headers, request[REQUEST_ID], key)
        upload = _Upload(self.frontend, request, self.max_body_bytes)
        call = PassthroughCall(
            method=request.method,
            target=request.raw_path.removeprefix("/v1"),
            headers=request_headers(request.headers.items()),
            body=upload.pieces() if request.body_exists else None,
        )
        try:
            reply = await passthrough.passed(self.frontend.pipeline, call, upload.heard, caller)
        except ApiError:
            if upload.trouble is not None:
                raise upload.trouble from None
            raise
        return await self._send(request, reply, passthrough.terms.upstream)

    def routes(self) -> list[web.RouteDef]:
        """The routes to add, after all others."""
        return [web.route("*", "/v1/{other:.*}", self.other)]

    async def _send(
        self, request: web.Request, reply: PassthroughReply, upstream: str
    ) -> web.StreamResponse:
        """Send the pieces as they come. A body that breaks off upstream breaks off here too."""
        response = web.StreamResponse(status=reply.status)
        for name, value in reply.headers:
            response.headers.add(name, value)
        response.headers["x-request-id"] = request[REQUEST_ID]
        response.headers["x-farthing-upstream"] = upstream
        try:
            async with aclosing(reply.body) as pieces:
                await response.prepare(request)
                async for piece in pieces:
                    await write_piece(request, response, piece)
            await response.write_eof()
        except ConnectionError:
            _LOG.debug("request %s: the client disconnected", request[REQUEST_ID])
        except AttemptFailed:
            if request.transport is not None:
                request.transport.abort()
        return response

    def _refused(self, request: web.Request) -> ApiError:
        message = (
            f"{not_here(request)} Farthing serves /v1/chat/completions,"
            " /v1/responses, /v1/messages, /v1/completions, /v1/embeddings and /v1/models; other"
            " paths are passed through to an upstream if the configuration allows it:"
            " passthrough: {upstream: NAME, paths: [/v1/audio/*]}."
        )
        return ApiError(404, message, code="not_found")


@dataclass(slots=True)
class _Upload:
    """A request's body on its way to the upstream; `trouble` is what was wrong with it, None for nothing."""

    frontend: Frontend
    request: web.Request
    max_bytes: int
    heard: BodyEnds = field(init=False)
    trouble: ApiError | None = None

    def __post_init__(self) -> None:
        if (self.request.content_length or 0) > self.max_bytes:
            raise too_large(self.max_bytes)
        self.heard = BodyEnds(self.request.headers.get("content-type", ""))

    async def pieces(self) -> AsyncGenerator[bytes]:
        """The body as it comes. Raises ApiError when it breaks off or is too large."""
        size = 0
        try:
            while piece := await self.frontend.piece(self.request):
                size += len(piece)
                if size > self.max_bytes:
                    raise too_large(self.max_bytes)
                self.heard.feed(piece)
                yield piece
        except ApiError as error:
            self.trouble = error
            raise


async def _check_method(request: web.Request) -> None:
    """Raise 405 if other routes handle this path with other methods."""
    if request.path in _NO_IDS:
        return
    allowed: set[str] = set()
    for resource in request.app.router.resources():
        if "{other}" not in resource.canonical:
            allowed |= (await resource.resolve(request))[1]
    if allowed:
        raise web.HTTPMethodNotAllowed(request.method, sorted(allowed))


def _check_socket(request: web.Request) -> None:
    if request.headers.get("upgrade", "").lower() == "websocket":
        raise ApiError(
            400,
            "WebSockets are neither offered nor passed through: POST what is for /v1/responses;"
            " for the realtime API, connect to the upstream directly.",
            code="websocket_not_supported",
        )
