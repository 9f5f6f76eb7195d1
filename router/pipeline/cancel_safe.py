"""Wait for the next item of an iterator so that a cancelled wait loses nothing."""

import asyncio
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

_T = TypeVar("_T")


class CancelSafe(Generic[_T]):
    """Items of an async generator, which would be finished once a wait inside it was cancelled.

    So a task of its own does the waiting; after a cancelled wait, the next caller takes it up.
    """

    def __init__(self, items: AsyncIterator[_T]) -> None:
        self._items = items
        self._waiting: asyncio.Task[_T | None] | None = None

    async def next(self) -> _T | None:
        """The next item; None at the end. Raises what the iterator raises."""
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._anext())
        waiting = self._waiting
        try:
            item = await asyncio.shield(waiting)
        except asyncio.CancelledError:
            # The item may have come in the same instant: then it waits for the next caller.
            if waiting.cancelled():
                self._waiting = None
            raise
        except BaseException:
            self._waiting = None
            raise
        self._waiting = None
        return item

    async def close(self) -> None:
        """Stop waiting, and close the iterator if it can be closed."""
        if self._waiting is not None:
            self._waiting.cancel()
            await asyncio.gather(self._waiting, return_exceptions=True)
            self._waiting = None
        if (aclose := getattr(self._items, "aclose", None)) is not None:
            await aclose()

    async def _anext(self) -> _T | None:
        return await anext(self._items, None)
