"""Connections to upstreams that are made in time, or not at all, and whose end is noticed; through a proxy, if need be.

For an https: upstream the proxy is asked for a tunnel (CONNECT), through which TLS is spoken with the upstream itself.
Of an http: upstream it is asked for the whole address, since most proxies make tunnels for TLS alone.
"""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from http import HTTPStatus
from typing import Any

import aiohttp
from aiohttp.client_reqrep import ClientRequest
from multidict import CIMultiDict
from yarl import URL

from router.pipeline.time_limit import NEVER, at_most
from router.providers.proxy import Proxy

_QUIET_S = 15
"""So long after its last word an upstream is asked for a sign of life. What stands between may forget a connection that
says nothing for minutes, as one does that waits for a long answer; Linux would ask after two hours."""
_SIGNS = 3
"""So many signs of life are asked for, at this interval, before a connection is given up."""


class TunnelFailed(aiohttp.ClientConnectorError):
    """There was a proxy, but no tunnel through it."""

    def __init__(self, request: ClientRequest, why: str) -> None:
        super().__init__(request.connection_key, OSError(None, why))


class TimelyConnector(aiohttp.TCPConnector):
    """A connector for which `sock_connect`, the time for a new connection, includes that of resolving its name.

    aiohttp leaves that to the system's resolver, which may try for a minute. A kept connection needs no timer. One
    that waits for an answer, and whose other side has vanished without a word, is given up after a minute.
    """

    def __init__(self, **pool: Any) -> None:
        super().__init__(socket_factory=_watched, **pool)

    def aim(self, request: ClientRequest) -> None:
        """Have a new request go the way that these connections go: here, directly."""

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's name for its settings
    ) -> Any:
        limit_s = NEVER if timeout.sock_connect is None else timeout.sock_connect
        blaming = _proxy_blamed(req, req.proxy) if req.proxy else nullcontext()
        try:
            with blaming, at_most(limit_s):
                return await super()._create_connection(req, traces, timeout)
        except UnicodeError:  # a name with an empty part, or one of more than 63 letters
            why = OSError(None, "there can be no such name")
            raise aiohttp.ClientConnectorDNSError(req.connection_key, why) from None


class ProxiedConnector(TimelyConnector):
    """Connections through `proxy`."""

    def __init__(self, proxy: Proxy, **pool: Any) -> None:
        super().__init__(**pool)
        self._url = URL(proxy.url)
        self._authorization = proxy.authorization

    def aim(self, request: ClientRequest) -> None:
        """Have a new request go through the proxy."""
        known_by = {"Proxy-Authorization": self._authorization} if self._authorization else {}
        if request.is_ssl():
            request.update_proxy(self._url, None, CIMultiDict(_TO_PROXY | known_by))
        else:
            request.update_proxy(self._url, None, None)
            request.headers.update(known_by)

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's name for its settings
    ) -> Any:
        """A connection for `req`, new or from the pool."""
        self.aim(req)  # each time, since aiohttp writes into what it is given
        return await super().connect(req, traces, timeout)


_TO_PROXY = {"User-Agent": "farthing", "Connection": "keep-alive"}
"""A tunnel is to be kept, also for a single request."""


def connector_by(proxy: Proxy | None, **pool: Any) -> TimelyConnector:
    """Connections through `proxy`, or directly if there is none; `pool` is as aiohttp's connector takes it."""
    return TimelyConnector(**pool) if proxy is None else ProxiedConnector(proxy, **pool)


@contextmanager
def _proxy_blamed(request: ClientRequest, proxy: URL) -> Iterator[None]:
    """Say of what goes wrong at the proxy that it was there, so that nobody looks for it at the upstream."""
    try:
        yield
    except aiohttp.ClientConnectorError as error:
        if (error.host, error.port) != (proxy.raw_host, proxy.port):
            raise
        raise aiohttp.ClientProxyConnectionError(request.connection_key, error.os_error) from None
    except aiohttp.ClientHttpProxyError as error:
        raise TunnelFailed(request, f"the proxy refused a tunnel: {_named(error.status)}") from None
    except aiohttp.ClientResponseError:
        raise TunnelFailed(request, "the proxy's answer is not HTTP") from None
    except aiohttp.ClientConnectionError:
        raise TunnelFailed(request, "the proxy closed the connection") from None
    except TimeoutError:
        raise TunnelFailed(request, "no connection through the proxy in time") from None


def _watched(address: aiohttp.AddrInfoType) -> socket.socket:
    """A socket whose other side is asked for signs of life while it says nothing."""
    made = socket.socket(*address[:3])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sys.platform == "linux":
        # No TCP_USER_TIMEOUT: it would also end those whose other side lives, but is too busy to read.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _QUIET_S)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _QUIET_S)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _SIGNS)
    return made


def _named(status: int) -> str:
    """The status with its standard phrase: the proxy's own may say anything."""
    known = {each.value: each.phrase for each in HTTPStatus}
    return f"{status} {known.get(status, '')}".strip()
