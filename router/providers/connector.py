"""Connections to upstreams that are made in time, or not at all."""

from typing import Any

import aiohttp
from aiohttp.client_reqrep import ClientRequest

from router.pipeline.vigil import NEVER, at_most


class TimelyConnector(aiohttp.TCPConnector):
    """A connector for which `sock_connect`, the time for a new connection, includes that of resolving its name.

    aiohttp leaves that to the system's resolver, which may try for a minute. A kept connection needs no timer.
    """

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's name for its settings
    ) -> Any:
        with at_most(NEVER if timeout.sock_connect is None else timeout.sock_connect):
            return await super()._create_connection(req, traces, timeout)
