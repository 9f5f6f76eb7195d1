"""A limit on each of many waits, at the price of one timer.

`asyncio.timeout` sets a timer up and takes it down again for every wait, which costs a stream more than
reading its events does. Here one timer is left to run: when it is over it looks whether a wait has
lasted too long, and if not goes on until the one of that moment would have.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

_T = TypeVar("_T")
_NEVER = float("inf")


class Vigil:
    """Watches the waits of one task, one after the other. Made inside a running loop; must be closed."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._until_s = _NEVER
        self._is_over = False

    async def within(self, delay_s: float, wait: Awaitable[_T]) -> _T:
        """What `wait` brings. Raises TimeoutError when that takes longer than `delay_s`; it is cancelled then."""
        self._until_s = self._loop.time() + delay_s
        if self._timer is None or self._timer.when() > self._until_s:
            self._set(self._until_s)
        self._task = task = asyncio.current_task()
        assert task is not None  # noqa: S101 - so it is, wherever something is awaited
        cancelling = task.cancelling()
        try:
            return await wait
        except asyncio.CancelledError:
            if self._is_over and task.uncancel() <= cancelling:
                raise TimeoutError from None
            raise
        finally:
            self._until_s, self._is_over = _NEVER, False

    def close(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, at_s: float) -> None:
        self.close()
        self._timer = self._loop.call_at(at_s, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._until_s > self._loop.time():
            if self._until_s < _NEVER:
                self._set(self._until_s)
        elif self._task is not None:
            self._is_over = True
            self._task.cancel()
