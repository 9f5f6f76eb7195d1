"""The direct way: any OpenAI-compatible server, bytes in and bytes out.

Nothing is parsed here but errors. Redirects are not followed (a redirect could carry the key
elsewhere), compression is neither asked for nor undone (bytes are relayed as they come, and a few
kilobytes cannot expand to gigabytes), and nothing is retried (the attempt machine does that).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import aiohttp
import orjson

from router.dispatch.faults import fault_of_status
from router.domain.answer_limit import LIMITS
from router.domain.fault import AttemptFailed
from router.domain.members import replace
from router.domain.model import Model
from router.ports import Call, Response
from router.providers.connector import connector_by
from router.providers.endpoints import Endpoint, without
from router.providers.exchange import KEEPALIVE_S, Exchange, Exchanges
from router.providers.proxy import Proxy
from router.providers.translated import written_down
from router.providers.unreached import UNREACHED, unreached
from router.wire.dialects.chat.foreign_calls import (
    THOUGHT_IN_PARTS,
    Taken,
    is_mistrals,
    is_openais,
)
from router.wire.dialects.dialect import Dialect
from router.wire.dialects.history import with_own_thoughts
from router.wire.dialects.ids import user_id
from router.wire.dialects.openai import SHARED
from router.wire.errors import read_error, retry_after_s
from router.wire.request_ids import request_id_in
from router.wire.splice import set_members, without_member

_EVENT_STREAM = "text/event-stream"
_PIECE_BYTES = 2**16
_MAX_ERROR_BYTES = 64 * 2**10
_ERROR_S = 5.0
"""How long the body of an error is waited for: its status is known."""
_AS_IT_IS = frozenset({"", "identity"})
_MAX_ANSWER_BYTES = 64 * 2**20


class DirectUpstream:
    """Implements `router.ports.Upstream` with one pool of connections. Made inside a running loop."""

    def __init__(
        self, endpoint: Endpoint, *, unix_s: Callable[[], float], connect_s: float = 10.0
    ) -> None:
        self.asks_usage = endpoint.asks_usage  # some older servers refuse `stream_options`
        url = endpoint.base_url.rstrip("/")
        headers = bearer(endpoint.api_key) | dict(endpoint.headers)
        self._upstream_client = UpstreamClient(
            url,
            headers,
            endpoint.secrets,
            unix_s=unix_s,
            connect_s=connect_s,
            proxy=endpoint.proxy,
        )

    async def send(self, call: Call) -> Response:
        """The head of the answer. Raises AttemptFailed for an error status or a broken connection."""
        body = call.body
        if call.original is not None:
            body = _of_a_user(body, call.fields)
            for name in _left_out(call.model):
                body = without_member(body, call.fields, name)
        if LIMITS[0] in call.fields and is_mistrals(call.model.name):
            body = _limited_as_before(body, call.fields)
        if any(sign in body for sign in _ANSWERED):
            body = _as_taken(body, call.model.name)
        return await self._upstream_client.post(
            body, fresh=call.fresh, headers=call.headers, path=call.path
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._upstream_client.close()


_EFFORT = "reasoning_effort"
"""What another API's thinking budget becomes in the chat view; some models refuse it."""
_METADATA = "metadata"
"""Labels, which Responses take as they are; in chat OpenAI refuses them unless the answer is to be stored."""
_LABELS = ("user", *SHARED)
"""What agents always say of themselves; Mistral's API forbids whatever it does not know."""
_SEALED = b'"reasoning_details"'
_ANSWERED = (b'"reasoning', b'"tool_calls"', THOUGHT_IN_PARTS, b'"provider_specific_fields"')
"""Without any of these bytes no other model has said anything in a request that this one would refuse."""


def _of_a_user(body: bytes, fields: Mapping[str, Any]) -> bytes:
    """The request with an id of its user that is not too long."""
    user = fields.get("user")
    short = user_id(user) if isinstance(user, str) else user
    return body if short == user else set_members(body, fields, {"user": short})


def _left_out(model: Model) -> Iterator[str]:
    """The members that requests of other APIs have in chat, and this model would refuse."""
    if not model.takes_effort:
        yield _EFFORT
    if is_openais(model.name):
        yield _METADATA
    if is_mistrals(model.name):
        yield from _LABELS


def _limited_as_before(body: bytes, fields: Mapping[str, Any]) -> bytes:
    """The request with the limit of its answer under the older name: Mistral's API forbids the newer one."""
    newer, older = LIMITS
    body = without_member(body, fields, newer)
    rest = {name: value for name, value in fields.items() if name != newer}
    limit = fields[newer]
    return body if limit is None else set_members(body, rest, {older: limit})


def _as_taken(body: bytes, model_name: str) -> bytes:
    """The request with other models' thoughts and tool calls as this one takes them: strict servers refuse others.

    Raises AttemptFailed if it cannot be written.
    """
    taken = Taken.by(model_name)
    if _SEALED not in body and taken.takes_all_of(body):
        return body
    asked = orjson.loads(body)
    own = taken.of(with_own_thoughts(asked, Dialect.CHAT, ""))
    with written_down():
        return body if own is asked else orjson.dumps(own)


class UpstreamClient:
    """Posts to one address over a pool of connections, through `proxy` if there is one. Made inside a running loop.

    `secrets` are taken out of errors: some upstreams quote what they were sent.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        secrets: tuple[bytes, ...],
        *,
        unix_s: Callable[[], float],
        connect_s: float,
        proxy: Proxy | None = None,
    ) -> None:
        self._unix_s = unix_s
        self._secrets = secrets
        own = _HEADERS | dict(headers)
        keeping = connector_by(proxy, limit=0, keepalive_timeout=KEEPALIVE_S)
        alone = connector_by(proxy, limit=0, force_close=True)
        self._kept = Exchanges(url, own, keeping, connect_s=connect_s, unix_s=unix_s)
        self._fresh = Exchanges(url, own, alone, connect_s=connect_s, unix_s=unix_s)

    async def post(
        self,
        body: bytes,
        *,
        fresh: bool,
        headers: Mapping[str, str],
        path: str,
    ) -> Response:
        """The head of the answer. Raises AttemptFailed for an error status or a broken connection.

        `fresh` asks for a connection of its own; `headers` are added for this request, `path` is appended to the
        address.
        """
        exchanges = self._fresh if fresh else self._kept
        try:
            response = await exchanges.post(body, headers, path)
        except _BREAKS as error:
            raise _broken(error, has_head=False) from None
        if response.status != 200:
            raise await self._failure_of(response)
        if response.headers.get("content-encoding", "").strip().lower() not in _AS_IT_IS:
            response.close()
            raise AttemptFailed.transient(
                "its answer is compressed, which was not asked for",
                "compressed",
                reached_model=True,
                request_id=request_id_in(response.headers),
            )
        return _DirectResponse(response, self._secrets)

    async def close(self) -> None:
        """Close all connections."""
        await self._kept.close()
        await self._fresh.close()

    async def _failure_of(self, response: Exchange) -> AttemptFailed:
        raw = await _said(response)
        wait_s = retry_after_s(response.headers, self._unix_s())
        said = read_error(without(self._secrets, raw))
        fault = fault_of_status(response.status, said, wait_s)
        return AttemptFailed(
            replace(fault, request_id=request_id_in(response.headers, is_error=True))
        )


async def _said(response: Exchange) -> bytes:
    """The body of an error, which may come in many pieces; what came of it, if it breaks off or takes long."""
    said = bytearray()
    try:
        async with asyncio.timeout(_ERROR_S):
            while piece := await response.content.read(_MAX_ERROR_BYTES - len(said)):
                said += piece
    except _BREAKS:
        """The status says what is to be done, as it would without a body."""
    finally:
        response.close()
    return bytes(said)


def bearer(api_key: str) -> dict[str, str]:
    """The header that carries a key as OpenAI wants it; none without a key."""
    return {"authorization": f"Bearer {api_key}"} if api_key else {}


class _DirectResponse(AsyncIterator[bytes]):
    def __init__(self, response: Exchange, secrets: tuple[bytes, ...]) -> None:
        self._response = response
        self._secrets = secrets
        self.request_id = request_id_in(response.headers)

    @property
    def is_stream(self) -> bool:
        kind, _, _ = self._response.headers.get("content-type", "").partition(";")
        return kind.strip().lower() == _EVENT_STREAM

    async def read(self) -> bytes:
        body, begun = bytearray(), b""
        async for piece in self.pieces():
            body += piece
            begun = begun or piece.lstrip()[:1]
            if begun not in (b"", b"{"):  # a stream of the wrong type would be paid to its end
                raise AttemptFailed.transient(
                    "its answer is not JSON", "malformed_answer", reached_model=True
                )
            if len(body) > _MAX_ANSWER_BYTES:
                raise AttemptFailed.transient(
                    "its answer is too large", "answer_too_large", reached_model=True
                )
        return bytes(body)

    def pieces(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        # Not a generator: one that is cancelled while it waits is finished, and cannot be read any further.
        try:
            piece = await self._response.content.read(_PIECE_BYTES)
        except _BREAKS as error:
            raise _broken(error) from None
        if not piece:
            raise StopAsyncIteration
        return without(self._secrets, piece) if b'"error"' in piece else piece

    def hear_out(self) -> None:
        self._response.hear_out()

    async def close(self) -> None:
        # A stream that was not read to its end must not go back to the pool, and closing is what
        # tells the upstream to stop generating.
        self._response.close()


_HEADERS = {
    "content-type": "application/json",
    "accept-encoding": "identity",
    "user-agent": "farthing",
}


_BREAKS = (aiohttp.ClientError, OSError, ValueError)
_DISCONNECTS = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError)


def _broken(error: Exception, *, has_head: bool = True) -> AttemptFailed:
    """A connection's error as the failure of an attempt."""
    if isinstance(error, UNREACHED):
        return unreached(error)
    message = f"the connection broke ({type(error).__name__})"
    if not has_head and isinstance(error, _DISCONNECTS):
        return AttemptFailed.disconnected(message)
    return AttemptFailed.transient(message, "connection_broken", reached_model=True)
