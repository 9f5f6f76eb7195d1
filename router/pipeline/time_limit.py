"""A limit on each of many waits, at the price of one timer.

`asyncio.timeout` sets up a timer and takes it down again for every wait, which costs a stream more than
reading its events does. Here one timer is left to run: when it fires, it checks whether a wait has
lasted too long, and if not, runs on until the current one would have.

A process can be stopped while it waits: with its virtual machine, by a freezer of containers, or for want of CPU. What
has come meanwhile lies unread, and event loops run timers before they read. So a timer that fires much too late lets
the wait go on for a moment, once.
"""

import asyncio
from collections.abc import Callable
from typing import Self

NEVER = float("inf")
STOOD_STILL_S = 1.0
"""A timer that is later than this has been held up by more than other requests."""
_BEATS_S = 0.25
GRACE_S = 1.0
"""Enough to read what thousands of connections have brought."""


class TimeLimit:
    """Watches the waits of one task, one after the other. Made inside a running loop; must be closed."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = self._until_s = self._prolonged_s = NEVER
        self._cancelling = 0
        self._is_over = False

    def within(self, delay_s: float) -> Self:
        """For a `with` statement: raises TimeoutError there if what is awaited in it takes longer."""
        self._until_s = until_s = self._loop.time() + delay_s
        if self._due_s > until_s:
            self._set(until_s)
        return self

    def __enter__(self) -> None:
        """The task that waits is the one that may be cancelled."""
        self._task = task = asyncio.current_task()
        assert task is not None  # noqa: S101 - so it is, wherever something is awaited
        self._cancelling = task.cancelling()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """The wait is over. Our own cancellation becomes a TimeoutError."""
        self._until_s = NEVER
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
            self._timer, self._due_s = None, NEVER

    def _set(self, at_s: float) -> None:
        self.close()
        self._due_s, self._timer = at_s, self._loop.call_at(at_s, self._look)

    def _look(self) -> None:
        now_s = self._loop.time()
        late_s = now_s - self._due_s
        self._timer, self._due_s = None, NEVER
        if late_s > STOOD_STILL_S and self._prolonged_s != self._until_s <= now_s:
            self._until_s = self._prolonged_s = now_s + GRACE_S
        if self._until_s > now_s:
            if self._until_s < NEVER:
                self._set(self._until_s)
        elif self._task is not None:
            self._is_over = True
            self._task.cancel()


class _Once(TimeLimit):
    """Watches a single wait."""

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """The wait is over, and nothing is left to watch."""
        self.close()
        super().__exit__(kind, *rest)


def at_most(delay_s: float) -> TimeLimit:
    """A limit on one wait, for a `with` statement: raises TimeoutError there as `TimeLimit.within` does.

    Below 0 is 0: a wait that begins when its time is up has not been held up.
    """
    return _Once().within(max(0.0, delay_s))


class Pulse:
    """Calls `woke` when this process has not run for a while, before what has come meanwhile is judged.

    It goes by the calendar, since the other clock stands still while a machine sleeps. A clock that is set forward
    looks the same. Made inside a running loop; must be closed.
    """

    def __init__(self, woke: Callable[[], None], unix_s: Callable[[], float]) -> None:
        self._loop = asyncio.get_running_loop()
        self._woke = woke
        self._unix_s = unix_s
        self._beat()

    def close(self) -> None:
        """Watch no more."""
        self._timer.cancel()

    def _beat(self) -> None:
        # A timer and no task: what a task does comes a turn of the loop later.
        self._at_s = self._unix_s()
        self._timer = self._loop.call_later(_BEATS_S, self._look)

    def _look(self) -> None:
        if self._unix_s() - self._at_s > _BEATS_S + STOOD_STILL_S:
            self._woke()
        self._beat()


def stood_still(timer: asyncio.TimerHandle) -> bool:
    """Whether this process did not run when `timer`, which has just fired, was due."""
    return asyncio.get_running_loop().time() - timer.when() > STOOD_STILL_S
