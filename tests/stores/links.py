"""Links to a real Redis, for tests: ordinary ones, and some that hold commands up, count them, or know no script."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

from redis.exceptions import NoScriptError

from router.stores.redis.batches import Word
from router.stores.redis.link import RedisLink


class Clocked(Protocol):
    """A clock that is moved by hand."""

    now_s: float


@asynccontextmanager
async def linked(url: str, timeout_s: float = 2.0) -> AsyncIterator[RedisLink]:
    """An ordinary one, which looks soon whether a Redis that went away is back."""
    loop = asyncio.get_running_loop()
    link = RedisLink(url, timeout_s=timeout_s, monotonic_s=loop.time, pause_s=0.05)
    try:
        yield link
    finally:
        await link.close()


async def pass_time(link: RedisLink, clock: Clocked, for_s: float) -> None:
    """Time passes, also for what is set aside: Redis goes by its own clock, which nobody moves."""
    clock.now_s += for_s
    async for name in link.names("farthing:*:holds"):
        for hold in await link.client.zrange(name, 0, -1):
            await link.client.zincrby(name, -for_s, hold)


class HeldUp(RedisLink):
    """Holds up the next script once `hold_up` was called, until `let_pass`; even if its caller leaves, it arrives."""

    def __init__(self, url: str) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(url, timeout_s=2.0, monotonic_s=loop.time, pause_s=0.05)
        self._gate: asyncio.Event | None = None
        self._holds_next = False

    def hold_up(self) -> None:
        """From the next script on: it waits, and what comes after it does not."""
        self._gate, self._holds_next = asyncio.Event(), True

    @property
    def has_one(self) -> bool:
        """Whether a script is being held up."""
        return self._gate is not None and not self._holds_next

    def let_pass(self) -> None:
        """Whatever is held up goes on its way."""
        assert self._gate is not None
        self._gate.set()

    async def send(self, *words: Word) -> Any:
        """As any link does, perhaps later."""
        if not self._holds_next or words[0] != "EVALSHA":
            return await super().send(*words)
        self._holds_next = False
        return await asyncio.shield(asyncio.create_task(self._sent_later(words)))

    async def _sent_later(self, words: tuple[Word, ...]) -> Any:
        assert self._gate is not None
        await self._gate.wait()
        return await super().send(*words)


class Forgetful(RedisLink):
    """Knows no script, however often it was loaded."""

    async def send(self, *words: Word) -> Any:
        """As any link does, but for scripts."""
        if words[0] == "EVALSHA":
            raise NoScriptError
        return await super().send(*words)


class Counting(RedisLink):
    """Knows which scripts have run, by their last argument but one, and how many of them waited at once at most."""

    def __init__(self, url: str) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(url, timeout_s=5.0, monotonic_s=loop.time, pause_s=0.05)
        self.forget()

    def forget(self) -> None:
        """Count anew."""
        self.seen = set[Word]()
        self.most = self._waiting = 0

    async def send(self, *words: Word) -> Any:
        """As any link does."""
        self._waiting += 1
        self.most = max(self.most, self._waiting)
        try:
            return await super().send(*words)
        finally:
            self._waiting -= 1
            self.seen.add(words[-2])


async def left_while_held_up(link: HeldUp, asking: "asyncio.Task[Any]") -> None:
    """The caller leaves while its script is held up; whatever is sent then is there before the script."""
    while not link.has_one:  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    for _ in range(10):
        await link.client.ping()
    link.let_pass()
