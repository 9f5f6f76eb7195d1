"""Items that are waited for one after the other, by callers that may leave at any moment."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from router.pipeline.cancel_safe import CancelSafe


class Items:
    """An iterator whose items come when the test says so; an exception among them is raised."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[str | Exception] = asyncio.Queue()

    def push(self, *items: str | Exception) -> None:
        for item in items:
            self._queue.put_nowait(item)

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        item = await self._queue.get()
        if isinstance(item, Exception):
            raise item
        return item


async def turns(count: int) -> None:
    """Let everything that is ready run, so many times."""
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("late", range(6))
async def test_whenever_a_caller_leaves_the_next_one_gets_the_item(late: int) -> None:
    items = Items()
    safe = CancelSafe(items)
    leaving = asyncio.create_task(safe.next())
    await turns(3)
    items.push("one", "two")
    await turns(late)
    leaving.cancel()
    (left_with,) = await asyncio.gather(leaving, return_exceptions=True)

    got = [] if isinstance(left_with, asyncio.CancelledError) else [left_with]
    async with asyncio.timeout(1):
        got += [await safe.next() for _ in range(2 - len(got))]
    assert got == ["one", "two"]


async def test_after_an_error_the_next_item_is_waited_for() -> None:
    items = Items()
    safe = CancelSafe(items)
    items.push(ValueError("no item"), "one")
    with pytest.raises(ValueError, match="no item"):
        await safe.next()
    assert await safe.next() == "one"


async def test_what_is_closed_is_waited_for_no_more() -> None:
    safe = CancelSafe(Items())
    waiting = asyncio.create_task(safe.next())
    await turns(3)
    await safe.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
