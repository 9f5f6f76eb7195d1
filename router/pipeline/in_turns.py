"""Long work in the event loop that lets other tasks run between its parts."""

import asyncio
from typing import TypeVar

from router.domain.turns import Turns
from router.wire.parted import LONG_BYTES

T = TypeVar("T")


async def in_turns(work: Turns[T]) -> T:
    """The result of `work`; whenever it yields, other tasks may run. Short work is done at once."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: T = done.value
            return result
        await asyncio.sleep(0)


async def turn_after(size_bytes: int) -> None:
    """Let other tasks run after a step that took long because the request is large."""
    if size_bytes > LONG_BYTES:
        await asyncio.sleep(0)
