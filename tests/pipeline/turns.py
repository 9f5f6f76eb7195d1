"""An event loop that can be stopped at each of its turns: in a time of its own, and always in the same order.

Nothing outside happens in it, so whatever is awaited in it ends by itself or by its timers, whose time comes at once.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from selectors import DefaultSelector, SelectorKey
from typing import Any


class StuckForEver(Exception):
    """Everybody waits, and for nothing that will happen."""


class TurningLoop(asyncio.SelectorEventLoop):
    """Counts its turns; `complaints` are what would have been logged, such as an exception that nobody has read."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0
        self.turns = 0
        self._struck: Collection[int] = ()
        self._strike: Callable[[], object] = int
        self.complaints: list[Mapping[str, Any]] = []
        super().__init__(_Hurry(self))
        self.set_default_executor(_HereAndNow())
        self.set_exception_handler(lambda _, context: self.complaints.append(context))

    def time(self) -> float:
        """Seconds, which pass only while everybody waits."""
        return self.now_s

    def strike(self, at: Collection[int], strike: Callable[[], object]) -> None:
        """Call `strike` before each of these turns, counted from now; `turns` says how many there were since."""
        self.turns, self._struck, self._strike = 0, at, strike

    def turn(self) -> None:
        """Another turn begins."""
        self.turns += 1
        if self.turns in self._struck:
            self._strike()


class _Hurry(DefaultSelector):
    """Lets time pass at once instead of waiting."""

    def __init__(self, loop: TurningLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        self._loop.turn()
        ready = super().select(0)
        if not ready and timeout is None and not self._loop._ready:  # type: ignore[attr-defined]  # noqa: SLF001
            raise StuckForEver
        if not ready and timeout:
            self._loop.now_s += timeout
        return ready


class _HereAndNow(ThreadPoolExecutor):
    """What would run in a thread is done at once."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(work(*args, **named))
        except Exception as error:  # noqa: BLE001 - it is for whoever awaits the result
            done.set_exception(error)
        return done
