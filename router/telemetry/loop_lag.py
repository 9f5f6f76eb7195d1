"""How late the event loop is: how long every request waits when something has held it up."""

from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

from router.telemetry.tallies import Histogram

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

_EVERY_S = 0.25
_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class LoopLag:
    """Asks to be woken four times a second, and counts how much too late that happens."""

    def __init__(
        self, monotonic_s: Callable[[], float], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._monotonic_s = monotonic_s
        self._sleep = sleep
        told = "How late the event loop runs a callback, compared with the time asked for"
        self._late = Histogram("farthing_event_loop_lag_seconds", told, (), _BOUNDS_S)

    async def watch(self) -> None:
        """Go on until cancelled."""
        while True:
            due_s = self._monotonic_s() + _EVERY_S
            await self._sleep(_EVERY_S)
            self._late.add((), max(0.0, self._monotonic_s() - due_s))

    def collect(self) -> "Iterator[Metric]":
        """How late it was, since the start."""
        yield self._late.family()
