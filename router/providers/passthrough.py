"""Calls that are passed through: any method, path and body, streamed both ways, sent once.

Nothing is retried (half of an upload may have arrived), redirects are not followed, and compression is
neither requested nor undone. The key is ours; it is removed from error answers before they are passed on.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from router.dispatch.faults import fault_of_status
from router.domain.fault import AttemptFailed
from router.pipeline.passthrough_upstream import PassthroughCall
from router.providers.connector import connector_by
from router.providers.endpoints import Endpoint, without
from router.providers.exchange import KEEPALIVE_S
from router.providers.unreached import UNREACHED, unreached
from router.wire.request_ids import request_id_in

_PIECE_BYTES = 2**16
_MAX_ERROR_BYTES = 2**20
_NOT_OF_OUR_OWN = ("Accept", "Content-Type", "User-Agent")
"""Headers that are sent only if the client sends them."""
_NOT_OF_CLIENTS = 407
"""A proxy on the way asks for a password, which is ours."""


class DirectPassthrough:
    """Implements `router.pipeline.passthrough_upstream.PassthroughUpstream` with one pool of connections. Made inside a running loop."""

    def __init__(self, endpoint: Endpoint, *, connect_s: float, silence_s: float) -> None:
        self._base_url = endpoint.base_url.rstrip("/")
        self._secrets = endpoint.secrets
        key = {"authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}
        self._own = {**key, **endpoint.headers, "accept-encoding": "identity"}
        self._session = aiohttp.ClientSession(
            connector=connector_by(endpoint.proxy, limit=0, keepalive_timeout=KEEPALIVE_S),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_s, sock_read=silence_s),
            skip_auto_headers=_NOT_OF_OUR_OWN,
            auto_decompress=False,
            middlewares=(_once,),
        )

    async def send(self, call: PassthroughCall) -> "DirectPassthroughAnswer":
        """The head of the answer. Raises AttemptFailed if the connection breaks before it comes."""
        headers = CIMultiDict(call.headers)
        headers.update(self._own)
        with _translated():
            response = await self._session.request(
                call.method,
                URL(self._base_url + call.target, encoded=True),
                data=call.body,
                headers=headers,
                allow_redirects=False,
            )
        if response.status == _NOT_OF_CLIENTS:
            response.close()
            raise AttemptFailed(fault_of_status(response.status, None, None))
        return DirectPassthroughAnswer(response, self._secrets)

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()


class DirectPassthroughAnswer:
    """Implements `router.pipeline.passthrough_upstream.PassthroughAnswer`."""

    def __init__(self, response: aiohttp.ClientResponse, secrets: tuple[bytes, ...]) -> None:
        self._response = response
        self._secrets = secrets

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status

    @property
    def request_id(self) -> str:
        """What the upstream calls the request; "" if it does not say."""
        return request_id_in(self._response.headers, is_error=self.status >= 400)

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        """All that the upstream has sent, except an error's length, since removing secrets may change it."""
        headers = tuple(self._response.headers.items())
        if self.status < 400:
            return headers
        return tuple(each for each in headers if each[0].lower() != "content-length")

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises AttemptFailed if it breaks off."""
        if self.status >= 400:
            yield await self._error()
            return
        while piece := await self._next():
            yield piece

    async def close(self) -> None:
        """Close the connection: what was not read is abandoned."""
        self._response.close()

    async def _next(self) -> bytes:
        with _translated():
            return await self._response.content.read(_PIECE_BYTES)

    async def _error(self) -> bytes:
        """The body of an error without our secrets."""
        body = bytearray()
        while piece := await self._next():
            body += piece
            if len(body) > _MAX_ERROR_BYTES:
                raise AttemptFailed.transient("its error is too large", "answer_too_large")
        return without(self._secrets, bytes(body))


async def _once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send it once: on an error of its own kind, aiohttp would send a GET, PUT or DELETE a second time."""
    with _translated():
        return await send(request)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn connection errors into AttemptFailed."""
    try:
        yield
    except UNREACHED as error:
        raise unreached(error) from None
    except TimeoutError:
        raise AttemptFailed.transient(
            "it sent nothing for too long", "timeout", status=504, reached_model=True
        ) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        message = f"the connection broke ({type(error).__name__})"
        raise AttemptFailed.transient(message, "connection_broken", reached_model=True) from None
