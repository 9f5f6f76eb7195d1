"""Redis (or Valkey) with bounded patience: while it is away, it is left alone, and no request has to look for it.

Redis being down, frozen or slow must never become the client's problem:

    UP    a command has a time limit, waiting for its turn included; the first that fails: DOWN
          (if it was the time limit, all commands in flight fail with it)
    DOWN  commands fail at once; one task in the background asks again, alone and with fresh
          connections: at once, then after pauses that double, until it is answered in time: UP

The task first asks at once, because most failures are a connection that the server has closed. If Redis
fails again soon after it was back, the pauses continue where they were, so that a merely slow one is not
asked and given up on by turns. It is logged once when it goes and once when it is back.

Commands go through `send`, where those that wait at the same time are sent together, or through `ask`, which gives a
command a connection of its own (those that block, or whose reply has many pages).

No command is sent a second time: it may have been carried out. A refusal (no memory, wrong type) is an
answer, which that command's caller has to do without; each kind is logged once.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import redis.exceptions
from msgspec import Struct
from redis.exceptions import (
    ClusterError,
    NoScriptError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
)

from router.stores.redis.address import parsed
from router.stores.redis.batches import Batches, Word, Words
from router.stores.redis.clients import connected

_LOG = logging.getLogger(__name__)
_PLACES = 16
"""How many commands are in flight at most, each on a connection."""
_SPARE = 16
"""Connections for callers that keep one to themselves, by `client`: a subscription is not a command."""
_PATIENCE_S = 1.0
"""How long the background task waits for a connection and an answer."""
_FIRST_PAUSE_S = 0.05
_STEADY_S = 10.0
"""A Redis that stays up for this long is trusted again."""
_FAILURES = (RedisError, RedisClusterException, OSError, TimeoutError)


class RedisAway(Exception):
    """Redis did not answer, not in time, or refused."""


class RedisLink:
    """A Redis at a URL. Made inside a running event loop. Raises ValueError for an invalid URL."""

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float,
        monotonic_s: Callable[[], float],
        pause_s: float = 1.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._patience_s = max(timeout_s, _PATIENCE_S)
        address = parsed(url)
        self._server = connected(address, connections=_PLACES + _SPARE, patience_s=self._patience_s)
        self._places = asyncio.Semaphore(_PLACES)
        self._timeout_s = timeout_s
        self._monotonic_s = monotonic_s
        self._longest_pause_s = pause_s
        self._sleep = sleep
        self._searching: asyncio.Task[None] | None = None
        self._pause_s = 0.0
        self._back_at_s = monotonic_s()
        self._limits: set[asyncio.Timeout] = set()
        self._batches = Batches(self._carry, timeout_s)
        self._refusals: set[str] = set()

    @property
    def client(self) -> Any:
        """redis-py's client: its commands and scripts go through `ask`."""
        return self._server.client

    @property
    def is_up(self) -> bool:
        """Whether Redis answered when it was last asked."""
        return self._searching is None or self._searching.done()

    async def open(self) -> None:
        """Find out whether Redis is there, so that no request has to. Never raises if it is not."""
        if (error := await self._failure()) is not None:
            self._lost(error)

    async def send(self, *words: Word) -> Any:
        """The reply to a command, which may travel with others. Raises as `ask`, and NoScriptError."""
        if not self.is_up:
            raise RedisAway
        try:
            reply = await self._reply(words)
        except TimeoutError:  # there was no turn for it in time
            raise RedisAway from None
        if not isinstance(reply, ResponseError):
            return reply
        if isinstance(reply, NoScriptError):
            raise reply
        self._failed(reply)
        raise RedisAway

    async def _reply(self, words: Words) -> Any:
        if self._server.takes_batches:
            return await self._batches.reply(words)
        (reply,) = await self.ask(partial(self._server.replies, (words,)))
        return reply

    async def ask(self, command: Callable[[], Awaitable[Any]], until_s: float | None = None) -> Any:
        """The result of `command`. Raises RedisAway, without delay when Redis is known to be down.

        It has until `until_s` by the event loop's clock, or as long as any command.
        """
        if not self.is_up:
            raise RedisAway
        if until_s is None:
            until_s = asyncio.get_running_loop().time() + self._timeout_s
        limit = _Limit(asyncio.timeout_at(until_s))
        try:
            return await self._within(limit, command)
        except _FAILURES as error:
            if limit.had_time and not self._was_late(limit.timeout):
                self._failed(error)
            raise RedisAway from None

    async def _carry(self, commands: Sequence[Words], until_s: float) -> Sequence[Any]:
        replies: Sequence[Any] = await self.ask(partial(self._server.replies, commands), until_s)
        return replies

    async def _within(self, limit: "_Limit", command: Callable[[], Awaitable[Any]]) -> Any:
        """The reply, bound by `limit`, which ends early when Redis turns out to be frozen."""
        async with limit.timeout as timeout:
            self._limits.add(timeout)
            try:
                async with self._places:
                    if not self.is_up:  # it went away while this command waited for its turn
                        raise RedisAway
                    limit.had_time = _left_s(timeout) > self._timeout_s / 2
                    return await _unless_cancelled(command)
            finally:
                self._limits.discard(timeout)

    async def names(self, pattern: str) -> AsyncIterator[str]:
        """The keys that match `pattern`, on all servers. Raises RedisAway if Redis stops answering."""
        await self.ask(self._server.ping)  # a cluster is explored before its nodes are known
        for page in self._server.walks(pattern):
            cursor = -1
            while cursor != 0:
                cursor, names = await self.ask(partial(page, max(cursor, 0)))
                for name in names:
                    yield name.decode()

    async def close(self) -> None:
        """Stop searching and close the connections."""
        if (searching := self._searching) is not None:
            searching.cancel()
            await asyncio.wait([searching])
        await self._batches.close()
        await self._server.close()

    def _failed(self, error: Exception) -> None:
        if not _is_refusal(error):
            self._lost(error)
        elif (kind := _kind(error)) not in self._refusals:
            self._refusals.add(kind)
            _LOG.warning("Redis refuses a command (%s): continuing without it", kind)

    # ------------------------------------------------------------------------ going and coming back

    def _lost(self, error: Exception) -> None:
        """From now on commands fail at once, and a task looks for Redis."""
        if not self.is_up:
            return
        if self._monotonic_s() - self._back_at_s >= _STEADY_S:
            self._pause_s = 0.0
        _LOG.warning("Redis does not answer (%s): continuing without it", type(error).__name__)
        self._searching = asyncio.create_task(self._search())
        if isinstance(error, TimeoutError | redis.exceptions.TimeoutError):
            now_s = asyncio.get_running_loop().time()
            for limit in self._limits:  # callers that are waiting need not wait any longer
                if not limit.expired():
                    limit.reschedule(now_s)

    async def _search(self) -> None:
        while True:
            await self._sleep(self._pause_s)
            self._pause_s = min(max(_FIRST_PAUSE_S, 2 * self._pause_s), self._longest_pause_s)
            if await self._failure() is None:
                break
        self._back_at_s = self._monotonic_s()
        _LOG.info("Redis answers again")

    async def _failure(self) -> Exception | None:
        """Why Redis does not answer over fresh connections: the first time in patience, then as fast as it must."""
        limit = _Limit(asyncio.timeout(None))
        async with self._alone():
            try:
                async with asyncio.timeout(self._patience_s):
                    await self._server.renew()
                    await self._server.ping()
                async with limit.timeout as timeout:
                    timeout.reschedule(asyncio.get_running_loop().time() + self._timeout_s)
                    await self._server.try_out()
            except _FAILURES as error:
                is_ours = limit.timeout.expired() and self._was_late(limit.timeout)
                return None if is_ours or _is_refusal(error) else error
        return None

    def _was_late(self, limit: asyncio.Timeout) -> bool:
        """Whether the event loop looked at it so late that this says nothing about Redis."""
        return _left_s(limit) <= -self._timeout_s / 2

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """A block during which no command is in flight: old ones end by their limits, and new ones fail."""
        taken = 0
        try:
            while taken < _PLACES:
                await self._places.acquire()
                taken += 1
            yield
        finally:
            for _ in range(taken):
                self._places.release()


class _Limit(Struct):
    """How long a command may take, and whether half of that was left when its turn came."""

    timeout: asyncio.Timeout
    had_time: bool = False


def _left_s(limit: asyncio.Timeout) -> float:
    """How many seconds are left, negative once it has passed."""
    when_s = limit.when()
    return 0.0 if when_s is None else when_s - asyncio.get_running_loop().time()


def _is_refusal(error: Exception) -> bool:
    """Whether this is the reply of a healthy server, so that nothing is gained by asking again."""
    moved = isinstance(error, ClusterError | ReadOnlyError)
    return isinstance(error, ResponseError) and not moved


def _kind(refusal: Exception) -> str:
    """What kind of refusal it is: redis-py has types for some of them, and others begin with a word."""
    if type(refusal) is ResponseError:
        return str(refusal).partition(" ")[0]
    return type(refusal).__name__


async def _unless_cancelled(command: Callable[[], Awaitable[Any]]) -> Any:
    """The reply. Before Python 3.12 `asyncio.wait_for`, which redis-py uses, can swallow a cancellation."""
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    reply = await command()
    if task and task.cancelling() > before:
        raise asyncio.CancelledError
    return reply
