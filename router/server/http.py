"""The HTTP surface: `/v1/chat/completions`, `/healthz`, `/readyz`, and errors for the rest."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing

import orjson
from aiohttp import web
from aiohttp.http import StreamWriter
from msgspec import Struct

from router.domain.booked_request import ErrorResponse
from router.domain.errors import ApiError
from router.domain.fault import code_of
from router.pipeline.current import Current
from router.pipeline.flow import Pipeline
from router.pipeline.mistakes import place_of
from router.pipeline.reply import PlainReply, StreamReply
from router.pipeline.request_context import Caller
from router.pipeline.time_limit import at_most
from router.server.admin import Admin
from router.server.callers import caller_of
from router.server.faults import told_error
from router.server.gate import Gate
from router.server.policy_status import policies_told
from router.wire.encoding import refuse_multitudes, too_large, unpacked
from router.wire.headers import listed

_LOG = logging.getLogger(__name__)
_JSON = "application/json"
_OF_STREAMS = {
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",  # nginx would else keep events until it has 4 KB of them
}
_OK = b'{"status":"ok"}'
_MEANT = re.compile(
    r"(?:/v1)*/((?:models|responses)/.+)"
    r"|(?:/.*?)??/(chat/completions|completions|embeddings|messages(?:/count_tokens)?|models|responses)"
)
"""What ends like one of our paths: a base URL that lacks the /v1 at its end, has it twice, or is another API's."""
_DOORS = dict.fromkeys(
    ("/", "/v1", "/dashboard/"), "; the API is below /v1/, the dashboard at /dashboard"
)
"""What people try in a browser."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Frontend(Struct, frozen=True):
    """What the handlers need: the pipeline, the gate, and how large a body may be.

    `crew` tells what each worker at this address is doing; empty if there is only one process.
    """

    current: Current
    gate: Gate
    max_body_bytes: int
    write_timeout_s: float
    new_id: Callable[[], str]
    stopping: asyncio.Event
    crew: Callable[[], Sequence[Mapping[str, object]]] = tuple

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline for a request that arrives now. Read it once per request: a reload may replace it meanwhile."""
        return self.current.pipeline

    async def chat_completions(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/chat/completions`."""
        raw, caller = await self.asked(request)
        reply = await self.pipeline.answer(raw, caller)
        if isinstance(reply, PlainReply):
            return web.Response(body=reply.body, headers=reply.headers, content_type=_JSON)
        return await send_stream(request, reply)

    def refused(self, request: web.Request, error: ApiError) -> web.Response:
        """The response that tells the client of `error`; the observer is told as well."""
        request_id, path, runtime = request[REQUEST_ID], request.path, self.pipeline.runtime
        trace = runtime.observer.trace(request_id, request.headers)
        at_s = runtime.world.unix_s()
        # An upstream's code goes to the client as it is, but may quote the prompt.
        code = code_of({"code": error.code}, otherwise="error")
        key = self.gate.name(request.headers)
        runtime.observer.refused(
            ErrorResponse(request_id, at_s, path, error.status, code, trace, key)
        )
        return told_error(error, path, request_id)

    async def asked(self, request: web.Request) -> tuple[bytes, Caller]:
        """The request's body and its caller. Raises ApiError if the gate refuses it, or the body is too large."""
        key = await self.gate.admit(request.headers)
        raw = await self.body(request)
        return raw, caller_of(request.headers, request[REQUEST_ID], key)

    async def healthz(self, _: web.Request) -> web.StreamResponse:
        """`GET /healthz`: the process runs."""
        return web.Response(body=_OK, content_type=_JSON)

    async def readyz(self, _: web.Request) -> web.StreamResponse:
        """`GET /readyz`: requests are welcome; 503 from the moment Farthing is told to stop."""
        if self.stopping.is_set():
            raise ApiError(503, "Farthing is shutting down.", code="stopping", kind="server_error")
        ledger = self.pipeline.ledger.standing
        return _json(
            {
                "status": "ready",
                "models": len(self.pipeline.models),
                "ledger": {"state": ledger.state, "waiting_rows": ledger.waiting_rows},
                "policies": policies_told(self.current),
                **({"workers": crew} if (crew := self.crew()) else {}),
            }
        )

    async def body(self, request: web.Request) -> bytes:
        """The body of `request`. Raises ApiError as soon as it is too large, or at once if its content-length says so.

        It may also have too many values. Read piece by piece: `request.read()` would keep the body in memory while the
        connection is idle.
        """
        if (request.content_length or 0) > self.max_body_bytes:
            raise too_large(self.max_body_bytes)
        pieces, size, content = [], 0, request.content
        while not content.at_eof():
            pieces.append(await self.piece(request))
            size += len(pieces[-1])
            if size > self.max_body_bytes:
                raise too_large(self.max_body_bytes)
        raw = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        raw = unpacked(raw, listed(request.headers, "content-encoding"), self.max_body_bytes)
        refuse_multitudes(raw)
        return raw

    async def piece(self, request: web.Request) -> bytes:
        """The next piece of the body, b"" at its end. Raises ApiError when it breaks off or stops coming."""
        content = request.content
        try:
            if content.is_eof():  # it is all here, and nothing can take long
                return await content.readany()
            with at_most(self.write_timeout_s):
                return await content.readany()
        except web.RequestPayloadError:
            message = "The request body ended too early or is malformed."
            raise ApiError(400, message, code="invalid_body") from None
        except TimeoutError:
            message = "The request body stopped arriving."
            raise ApiError(408, message, code="request_timeout") from None


def build_web_app(
    frontend: Frontend, admin: Admin, more: Iterable[web.RouteDef] = ()
) -> web.Application:
    """The aiohttp application of `frontend`, `admin` and `more` routes."""
    app = web.Application(
        client_max_size=frontend.max_body_bytes, middlewares=[_errors_in_their_shape(frontend)]
    )
    app.add_routes(
        [
            web.post("/v1/chat/completions", frontend.chat_completions),
            web.get("/healthz", frontend.healthz),
            web.get("/readyz", frontend.readyz),
            *admin.routes(),
            *more,
        ]
    )
    return app


REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)


def _errors_in_their_shape(frontend: Frontend) -> Callable[..., Awaitable[web.StreamResponse]]:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[REQUEST_ID] = frontend.new_id()
        try:
            return await handler(request)
        except ConnectionError:
            raise
        except Exception as error:  # the last line of defence: the client gets no traceback
            if request.writer.output_size:
                raise _cut_off(request, error) from error
            return _told(frontend, request, error)

    return middleware


def _told(frontend: Frontend, request: web.Request, error: Exception) -> web.Response:
    """The response that tells the client of `error`, before anything was sent."""
    match error:
        case ApiError():
            return frontend.refused(request, error)
        case web.HTTPException():
            response = frontend.refused(request, _of_http(error, request))
            if allowed := error.headers.get("allow"):
                response.headers["allow"] = allowed
            return response
    _LOG.error("request %s failed: %s", request[REQUEST_ID], place_of(error))
    ours = "Farthing failed; its log says why."
    return frontend.refused(
        request, ApiError(500, ours, code="internal_error", kind="server_error")
    )


def _cut_off(request: web.Request, error: Exception) -> ConnectionError:
    """What to raise once a part of the answer has gone out: its connection ends, which is no ending of an answer."""
    message = "request %s failed after its answer had begun: %s"
    _LOG.error(message, request[REQUEST_ID], place_of(error))
    if request.transport is not None:
        request.transport.abort()
    return ConnectionError("the answer broke off")


async def send_stream(request: web.Request, reply: StreamReply) -> web.StreamResponse:
    """Send the pieces as they come. Headers leave with the first piece, never before it.

    A client that reads slowly slows the reading from the upstream.
    """
    response = web.StreamResponse(headers={**reply.headers, **_OF_STREAMS})
    try:
        async with aclosing(reply.pieces) as pieces:
            async for piece in pieces:
                await write_piece(request, response, piece)
        await response.write_eof()
    except ConnectionError:
        _LOG.debug("request %s: the client disconnected", request[REQUEST_ID])
    return response


async def write_piece(request: web.Request, response: web.StreamResponse, piece: bytes) -> None:
    """Send a piece, after the headers if it is the first, and wait until the client has taken nearly all of it.

    Whoever listens disconnects a client that takes nothing. Raises ConnectionResetError when it has gone.
    """
    writer = request.writer if response.prepared else await response.prepare(request)
    assert isinstance(writer, StreamWriter)  # noqa: S101 - aiohttp's server has no other
    await writer.write(piece, drain=False)
    if request.protocol.writing_paused:
        await writer.drain()


def not_here(request: web.Request) -> str:
    """That there is nothing at the path of `request`, and where what it seems to look for is."""
    path = request.rel_url.raw_path
    meant = _MEANT.fullmatch(re.sub("/+", "/", path).rstrip("/"))
    at = f"/v1/{meant[1] or meant[2]}" if meant else path
    there = f"; it is at {at}" if at != path else _DOORS.get(request.path, "")
    return f"There is no {request.method} {request.path} here{there}."


def _json(body: Mapping[str, object]) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type=_JSON)


def _of_http(error: web.HTTPException, request: web.Request) -> ApiError:
    if error.status == 404:
        return ApiError(404, not_here(request), code="not_found")
    if isinstance(error, web.HTTPMethodNotAllowed):
        asked, allowed = f"{error.method} {request.path}", ", ".join(sorted(error.allowed_methods))
        message = f"There is no {asked} here; this path answers {allowed}."
        return ApiError(405, message, code="bad_request")
    return ApiError(error.status, f"{error.reason}.", code="bad_request")
