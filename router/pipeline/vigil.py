"""A limit on each of many waits, at the price of one timer.

`asyncio.timeout` sets up a timer and takes it down again for every wait, which costs a stream more than
reading its events does. Here one timer is left to run: when it fires, it checks whether a wait has
lasted too long, and if not, runs on until the current one would have.
"""

import asyncio
from typing import Self

_NEVER = float("inf")


class Vigil:
    """Watches the waits of one task, one after the other. Made inside a running loop; must be closed."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = self._until_s = _NEVER
        self._cancelling = 0
        self._is_over = False

    def within(self, delay_s: float) -> Self:
        """For a `with` statement: raises TimeoutError there if what is awaited in it takes longer."""
        self._until_s = until_s = self._loop.time() + delay_s
        if self._timer is None or self._due_s > until_s:
            self._set(until_s)
        return self

    def __enter__(self) -> None:
        """The task that waits is the one that may be cancelled."""
        self._task = task = asyncio.current_task()
        assert task is not None  # noqa: S101 - so it is, wherever something is awaited
        self._cancelling = task.cancelling()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """The wait is over. Our own cancellation becomes a TimeoutError."""
        self._until_s = _NEVER
        if not self._is_over:
            return
        self._is_over = False
        assert self._task is not None  # noqa: S101 - `__enter__` has set it
        if self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from None

    def close(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, at_s: float) -> None:
        self.close()
        self._due_s, self._timer = at_s, self._loop.call_at(at_s, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._until_s > self._loop.time():
            if self._until_s < _NEVER:
                self._set(self._until_s)
        elif self._task is not None:
            self._is_over = True
            self._task.cancel()
