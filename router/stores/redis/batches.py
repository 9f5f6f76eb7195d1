"""Commands that wait at the same time are sent together: one round trip, and one turn of redis-py's machinery.

    fewer than two in flight    a command is sent at once, alone
    two in flight               commands wait; the next to return takes up to sixteen of them along

So batches grow with the load, and the cost of a command falls: from 40 us of CPU time with one caller to 17 with
sixteen (docs/adr/0037-batches.md).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

Word = str | bytes | int | float
Words = tuple[Word, ...]
"""A command and its arguments."""

SENDERS = 2
"""Two, so that the next batch need not wait for the network. With more, batches would hardly form."""
MOST_AT_ONCE = 16
_MOST_BYTES = 2**18
"""Maximum size of a batch, unless it has only one command: all its commands wait for the whole."""

Carry = Callable[[Sequence[Words], float], Awaitable[Sequence[Any]]]
"""Sends commands together, and returns the reply to each, before a deadline on the event loop's clock."""


class _Waiting(NamedTuple):
    words: Words
    size: int
    until_s: float
    reply: "asyncio.Future[Any]"


class Batches:
    """Sends commands by `carry`. Each has `timeout_s` seconds, including the wait for its turn.

    A batch has until the deadline of its latest command, so that none is cut short by the others.
    """

    def __init__(self, carry: Carry, timeout_s: float) -> None:
        self._carry = carry
        self._timeout_s = timeout_s
        self._waiting: deque[_Waiting] = deque()
        self._under_way = 0
        self._senders: set[asyncio.Task[None]] = set()

    async def reply(self, words: Words) -> Any:
        """The reply to a command. If its caller is cancelled, it may be carried out all the same.

        Raises what `carry` raises for the batch, and TimeoutError if its turn did not come in time.
        """
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._timeout_s
        if self._under_way < SENDERS:
            return await self._alone(words, until_s)
        reply: asyncio.Future[Any] = loop.create_future()
        size = sum(len(word) for word in words if isinstance(word, str | bytes))
        self._waiting.append(_Waiting(words, size, until_s, reply))
        return await reply

    async def close(self) -> None:
        """Return when all that wait have been answered."""
        while self._senders:
            await asyncio.wait(self._senders)

    async def _alone(self, words: Words, until_s: float) -> Any:
        """The reply to a command that is sent alone: it needs no task and no future."""
        self._under_way += 1
        try:
            (reply,) = await self._carry((words,), until_s)
            return reply
        finally:
            self._under_way -= 1
            if self._waiting:
                self._start_sender()

    def _start_sender(self) -> None:
        self._under_way += 1
        sender = asyncio.get_running_loop().create_task(self._travel())
        self._senders.add(sender)
        sender.add_done_callback(self._senders.discard)

    async def _travel(self) -> None:
        """Carry batches until no commands wait."""
        try:
            while batch := self._next():
                await self._deliver(batch)
        finally:
            self._under_way -= 1

    async def _deliver(self, batch: Sequence[_Waiting]) -> None:
        try:
            replies = await self._carry([each.words for each in batch], batch[-1].until_s)
        except Exception as error:  # noqa: BLE001 - it is for those who wait
            _fail(batch, error)
        except asyncio.CancelledError:
            _fail(batch, asyncio.CancelledError())
            raise
        else:
            _answer(batch, replies)

    def _next(self) -> list[_Waiting]:
        """The commands to send next, without those whose callers have left, or whose time is over."""
        now_s, size, batch = asyncio.get_running_loop().time(), 0, list[_Waiting]()
        while self._waiting and len(batch) < MOST_AT_ONCE:
            first = self._waiting[0]
            if batch and size + first.size > _MOST_BYTES:
                break
            self._waiting.popleft()
            if first.reply.done():
                continue
            if first.until_s <= now_s:
                first.reply.set_exception(TimeoutError())
                continue
            batch.append(first)
            size += first.size
        return batch


def _answer(batch: Sequence[_Waiting], replies: Sequence[Any]) -> None:
    for each, reply in zip(batch, replies, strict=True):
        if not each.reply.done():
            each.reply.set_result(reply)


def _fail(batch: Sequence[_Waiting], error: BaseException) -> None:
    for each in batch:
        if each.reply.done():
            continue
        if isinstance(error, asyncio.CancelledError):
            each.reply.cancel()
        else:
            each.reply.set_exception(type(error)(*error.args))  # each its own traceback
