"""A connection pool to Redis (or Valkey) with bounded patience: what is away is left alone a moment.

Redis being down or slow must never become the client's problem: each command has a time to answer,
and after a failure the next ones fail at once for a moment. It is logged once per change.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

_LOG = logging.getLogger(__name__)
_CONNECTIONS = 16
_PAGE = 200


class RedisAway(Exception):
    """Redis does not answer, or not in time."""


class RedisLink:
    """A Redis named by URL. Made inside a running event loop."""

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float,
        monotonic_s: Callable[[], float],
        pause_s: float = 1.0,
    ) -> None:
        # A pool that makes commands wait for a connection: the usual one refuses the hundredth,
        # which would look as if Redis were gone.
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=timeout_s,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),  # a request must not wait for a second try
        )
        self.client = redis.asyncio.Redis(connection_pool=pool)
        self._timeout_s = timeout_s
        self._monotonic_s = monotonic_s
        self._pause_s = pause_s
        self._asleep_until_s = float("-inf")
        self._is_up = True

    async def ask(self, command: Callable[[], Awaitable[Any]]) -> Any:
        """The reply. Raises RedisAway; after a failure Redis is left alone for a moment."""
        if self._monotonic_s() < self._asleep_until_s:
            raise RedisAway
        try:
            async with asyncio.timeout(self._timeout_s):
                reply = await command()
        except (RedisError, OSError, TimeoutError) as error:
            self._went_down(error)
            raise RedisAway from None
        self._came_up()
        return reply

    async def names(self, pattern: str) -> AsyncIterator[str]:
        """The keys that match `pattern`. Raises RedisAway when it breaks off."""
        cursor = 0
        while True:
            cursor, page = await self.ask(partial(self._page, cursor, pattern))
            for name in page:
                yield name.decode()
            if cursor == 0:
                return

    async def _page(self, cursor: int, pattern: str) -> Any:
        return await self.client.scan(cursor, match=pattern, count=_PAGE)

    async def close(self) -> None:
        """Close the connections."""
        await self.client.aclose()
        await self.client.connection_pool.disconnect()

    def _went_down(self, error: Exception) -> None:
        self._asleep_until_s = self._monotonic_s() + self._pause_s
        if self._is_up:
            _LOG.warning("Redis does not answer (%s): going on without", type(error).__name__)
        self._is_up = False

    def _came_up(self) -> None:
        if not self._is_up:
            _LOG.info("Redis answers again")
        self._is_up = True
