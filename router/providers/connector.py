"""Connections to upstreams that are made in time, or not at all."""

import asyncio
from typing import Any

import aiohttp
from aiohttp.client_reqrep import ClientRequest


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
        async with asyncio.timeout(timeout.sock_connect):
            return await super()._create_connection(req, traces, timeout)
