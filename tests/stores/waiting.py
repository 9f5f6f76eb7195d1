"""Waiting without luck: until something is so, and sleeps that end when a test says so."""

import asyncio
from collections.abc import Callable

_WITHIN_S = 20.0
_LOOK_EVERY_S = 0.002


async def until(is_so: Callable[[], bool], within_s: float = _WITHIN_S) -> None:
    """Return as soon as the condition holds; fail if it does not in time."""
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(_LOOK_EVERY_S)


class Naps:
    """A sleep that lasts until `wake`, unless it is for no time at all; it remembers for how long."""

    def __init__(self) -> None:
        self.asked_s: list[float] = []
        self._awake = asyncio.Event()

    async def __call__(self, for_s: float) -> None:
        self.asked_s.append(for_s)
        if for_s > 0:
            await self._awake.wait()
            self._awake.clear()

    def wake(self) -> None:
        """End the sleep in progress, or the next one."""
        self._awake.set()
