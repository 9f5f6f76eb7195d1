"""The doors besides chat completions: Responses, Messages, and completions.

A request's chat view goes the way of all chat requests; it is another API only here, at the edge.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing

import orjson
from aiohttp import web
from msgspec import Struct

from router.domain.errors import ApiError
from router.domain.members import replace
from router.pipeline.reply import PlainReply, Reply, StreamReply
from router.server.faults import MESSAGES_PATH, id_headers
from router.server.http import REQUEST_ID, Frontend, send_stream
from router.wire.answer import MalformedAnswer
from router.wire.doors.completions import COMPLETIONS
from router.wire.doors.door import Asked, Door
from router.wire.doors.stream_conversion import StreamConversion
from router.wire.doors.translated import MESSAGES, RESPONSES
from router.wire.headers import listed
from router.wire.native.stored import is_seen_whole
from router.wire.original import Original
from router.wire.parted import LONG_BYTES

_JSON = "application/json"
_RESPONSES_PATH = "/v1/responses"
_VERSION = "anthropic-version"
_OF_THE_API = ("anthropic-beta", _VERSION, "openai-beta")
"""Headers that are meant for the model's provider rather than for the proxy; all but the version are lists."""


class Doors(Struct, frozen=True):
    """The routes. `unix_s` is the time."""

    frontend: Frontend
    unix_s: Callable[[], float]

    async def responses(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/responses`."""
        return await self._answered(request, RESPONSES)

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/messages`."""
        return await self._answered(request, MESSAGES)

    async def completions(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/completions`."""
        return await self._answered(request, COMPLETIONS)

    async def message_tokens(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/messages/count_tokens`: how long a prompt is, by our own count."""
        return _json(request, {"input_tokens": await self._counted(request, MESSAGES)})

    async def response_tokens(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/responses/input_tokens`: how long a prompt is, by our own count."""
        tokens = await self._counted(request, RESPONSES)
        return _json(request, {"object": "response.input_tokens", "input_tokens": tokens})

    async def stored(self, request: web.Request) -> web.StreamResponse:
        """`/v1/responses/{id}` and everything below it: nothing is stored, so nothing is there."""
        await self.frontend.gate.admit(request.headers)
        raise ApiError(
            404,
            "Responses are not stored here: keep the answers yourself and send the whole conversation.",
            code="response_not_stored",
            param="response_id",
        )

    def routes(self) -> list[web.RouteDef]:
        """The routes to add."""
        posts = {
            _RESPONSES_PATH: self.responses,
            f"{_RESPONSES_PATH}/input_tokens": self.response_tokens,
            MESSAGES_PATH: self.messages,
            f"{MESSAGES_PATH}/count_tokens": self.message_tokens,
            "/v1/completions": self.completions,
        }
        one = _RESPONSES_PATH + "/{id}"
        return [
            *(web.post(path, to) for path, to in posts.items()),
            web.get(one, self.stored),
            web.get(f"{one}/input_items", self.stored),
            web.delete(one, self.stored),
            web.post(f"{one}/cancel", self.stored),
        ]

    async def _answered(self, request: web.Request, door: Door) -> web.StreamResponse:
        raw, caller = await self.frontend.asked(request)
        asked = await read_by(door, raw)
        try:
            original = _with_headers(asked.original, request.headers)
            reply = await self.frontend.pipeline.answer(asked.chat, caller, original)
        except ApiError as error:
            raise door.in_its_words(error) from None
        told = retold(reply, asked, int(self.unix_s()), _ids(request))
        if isinstance(told, PlainReply):
            return web.Response(body=told.body, headers=told.headers, content_type=_JSON)
        return await send_stream(request, told)

    async def _counted(self, request: web.Request, door: Door) -> int:
        raw, caller = await self.frontend.asked(request)
        asked = await read_by(door, raw)
        original = asked.original
        if original is not None and original.unsaid and not is_seen_whole(original):
            raise original.unsaid
        try:
            return await self.frontend.pipeline.count(asked.chat, caller)
        except ApiError as error:
            raise door.in_its_words(error) from None


async def read_by(door: Door, raw: bytes) -> Asked:
    """The request. A long one is read in a thread, which the interpreter interrupts for others every 5 ms."""
    return door.read(raw) if len(raw) <= LONG_BYTES else await asyncio.to_thread(door.read, raw)


def retold(reply: Reply, asked: Asked, now_s: int, ids: Mapping[str, str]) -> Reply:
    """The reply in the client's API, with `ids` in its headers; unchanged if it is already in that dialect.

    Raises ApiError 502 if it cannot be understood.
    """
    headers = {**reply.headers, **ids}
    if asked.original is not None and reply.dialect is asked.original.dialect:
        return replace(reply, headers=headers)
    match reply:
        case PlainReply(body=body, is_answer=True):
            return PlainReply(headers, _whole(body, asked, now_s))
        case PlainReply():
            return replace(reply, headers=headers)
        case StreamReply(pieces=pieces):
            return StreamReply(
                headers, _in_pieces(pieces, StreamConversion(asked.event_writer(now_s)))
            )


def _whole(body: bytes, asked: Asked, now_s: int) -> bytes:
    try:
        return orjson.dumps(asked.told(orjson.loads(body), now_s))
    except (MalformedAnswer, orjson.JSONDecodeError, orjson.JSONEncodeError):
        message = "The upstream's answer cannot be understood."
        raise ApiError(502, message, code="malformed_answer", kind="server_error") from None


async def _in_pieces(
    pieces: AsyncGenerator[bytes], stream_conversion: StreamConversion
) -> AsyncGenerator[bytes]:
    async with aclosing(pieces):
        async for piece in pieces:
            if told := stream_conversion.feed(piece):
                yield told
        if told := stream_conversion.end():
            yield told


def _with_headers(original: Original | None, headers: Mapping[str, str]) -> Original | None:
    """The request with those of its headers that belong to its API."""
    if original is None:
        return None
    told = {name: listed(headers, name) for name in _OF_THE_API if name in headers}
    if _VERSION in told:
        told[_VERSION] = headers[_VERSION]
    return replace(original, headers=told) if told else original


def _ids(request: web.Request) -> dict[str, str]:
    return id_headers(request.path, request[REQUEST_ID])


def _json(request: web.Request, body: Mapping[str, object]) -> web.Response:
    return web.Response(body=orjson.dumps(body), headers=_ids(request), content_type=_JSON)
