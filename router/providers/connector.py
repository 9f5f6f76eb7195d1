"""Connections to upstreams that are made in time, or not at all, and whose end is noticed."""

import socket
import sys
from typing import Any

import aiohttp
from aiohttp.client_reqrep import ClientRequest

from router.pipeline.vigil import NEVER, at_most

_QUIET_S = 15
"""So long after its last word an upstream is asked for a sign of life. What stands between may forget a connection that
says nothing for minutes, as one does that waits for a long answer; Linux would ask after two hours."""
_SIGNS = 3
"""So many signs of life are asked for, at this interval, before a connection is given up."""


class TimelyConnector(aiohttp.TCPConnector):
    """A connector for which `sock_connect`, the time for a new connection, includes that of resolving its name.

    aiohttp leaves that to the system's resolver, which may try for a minute. A kept connection needs no timer. One
    that waits for an answer, and whose other side has vanished without a word, is given up after a minute.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(socket_factory=_watched, **options)

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's name for its settings
    ) -> Any:
        with at_most(NEVER if timeout.sock_connect is None else timeout.sock_connect):
            return await super()._create_connection(req, traces, timeout)


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
