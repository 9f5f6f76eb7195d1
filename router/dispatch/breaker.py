"""A circuit breaker: stops asking what keeps failing, and finds out by single probes when to ask again.

              5 failures in a row, or half of 20 calls within 30 s
    CLOSED ----------------------------------------------------------> OPEN
      ^                                                                 | after 10 s (then 20, 40, ...)
      |   the probe succeeds                                            v
      +------------------------------------------------------------ HALF_OPEN
                                     the probe fails: OPEN, for longer --^

Another process may say that it has opened or closed its own: this one follows, without a failure or
a probe of its own. Each opening and closing begins a new epoch. A call belongs to the epoch in which it
began, and what it reports in a later one is ignored: a slow success from before the trouble proves nothing.

With a probe's first content it closes, since a stream may last for minutes; but if that stream breaks off before any
call has gone well, it opens again, for longer.
"""

from enum import StrEnum

from msgspec import Struct


class BreakerSettings(Struct, frozen=True):
    """When to open and for how long."""

    failures_in_a_row: int = 5
    failure_rate: float = 0.5
    least_calls: int = 20
    window_s: float = 30.0
    open_s: float = 10.0
    longest_open_s: float = 120.0


class BreakerState(StrEnum):
    """What a breaker does with calls: all pass, none, or one at a time."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """The breaker of one model or one upstream. Times are seconds of one monotonic clock.

    A call may be made while it is open (when nobody else is left): if it succeeds the breaker
    closes at once, if it fails nothing changes.
    """

    def __init__(self, settings: BreakerSettings) -> None:
        self._settings = settings
        self._epoch = 0
        self._open_until_s: float | None = None
        self._openings = 0
        self._is_probing = False
        self._probed: int | None = None
        """The epoch of a probe whose first content has come, as long as no call has gone well."""
        self._in_a_row = 0
        self._window = _Window(settings.window_s)

    def __repr__(self) -> str:
        return f"<Breaker {self._openings} openings, {self._in_a_row} failures in a row>"

    @property
    def epoch(self) -> int:
        """The current epoch; each opening and closing begins another."""
        return self._epoch

    def state(self, now_s: float) -> BreakerState:
        """What the breaker would do with a call now."""
        if self._open_until_s is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now_s < self._open_until_s else BreakerState.HALF_OPEN

    def closed_for_s(self, now_s: float) -> float:
        """Seconds until a call is let through; 0 when one would be now."""
        if self._open_until_s is None:
            return 0.0
        return self._settings.open_s if self._is_probing else self.open_for_s(now_s)

    def open_for_s(self, now_s: float) -> float:
        """Seconds until it is half open; 0 when it is, or is closed."""
        return 0.0 if self._open_until_s is None else max(0.0, self._open_until_s - now_s)

    def began(self, now_s: float) -> int:
        """A call begins; returns its epoch. While half open it is the probe, and the only one."""
        if self.state(now_s) is BreakerState.HALF_OPEN:
            self._is_probing = True
        return self._epoch

    def answering(self, epoch: int) -> bool:
        """The first content of the call of this epoch has come; returns whether it has closed because of that."""
        if not self._is_probing or epoch != self._epoch:
            return False
        openings = self._openings
        self._close()
        self._openings, self._probed, self._in_a_row = openings, epoch, 0
        return True

    def succeeded(self, epoch: int, now_s: float) -> None:
        """The call of this epoch went well."""
        if epoch not in (self._epoch, self._probed):
            return
        if self._open_until_s is not None:
            self._close()
        self._openings, self._probed, self._in_a_row = 0, None, 0
        self._window.add(now_s, failed=False)

    def failed(self, epoch: int, now_s: float) -> None:
        """The call of this epoch failed in a way that another model would not have."""
        if epoch == self._probed:
            self._open(now_s)
            return
        if epoch != self._epoch or self.state(now_s) is BreakerState.OPEN:
            return
        self._in_a_row += 1
        self._window.add(now_s, failed=True)
        if self._open_until_s is not None or self._is_too_much():
            self._open(now_s)

    def undecided(self, epoch: int) -> None:
        """The call ended without telling anything: the client left, or was itself at fault."""
        if epoch == self._epoch:
            self._is_probing = False

    def disregard(self) -> None:
        """Begin another epoch: what calls in flight will report says nothing."""
        self._epoch += 1
        self._is_probing, self._probed = False, None

    def rest(self, for_s: float, now_s: float) -> None:
        """Open for `for_s`, as another process has; not while our own probe is in flight, whose result counts."""
        if self._is_probing:
            return
        until_s = now_s + min(for_s, self._settings.longest_open_s)
        if self._open_until_s is None:
            self._open_until_s, self._probed = until_s, None
            self._epoch += 1
        self._open_until_s = max(self._open_until_s, until_s)

    def trust(self) -> None:
        """Close: another process was answered."""
        if self._open_until_s is not None:
            self._close()

    def _is_too_much(self) -> bool:
        calls, failures = self._window.counts()
        by_rate = (
            calls >= self._settings.least_calls and failures >= calls * self._settings.failure_rate
        )
        return by_rate or self._in_a_row >= self._settings.failures_in_a_row

    def _open(self, now_s: float) -> None:
        rest_s = self._settings.open_s * 2.0**self._openings
        self._open_until_s = now_s + min(rest_s, self._settings.longest_open_s)
        self._openings = min(self._openings + 1, 30)
        self._epoch += 1
        self._is_probing, self._probed = False, None

    def _close(self) -> None:
        self._open_until_s = None
        self._openings = 0
        self._epoch += 1
        self._is_probing = False
        self._window = _Window(self._settings.window_s)


class _Window:
    """Calls and failures of about the last `window_s` seconds, in two halves: constant memory."""

    def __init__(self, window_s: float) -> None:
        self._half_s = window_s / 2
        self._began_s = float("-inf")
        self._now = [0, 0]
        self._before = [0, 0]

    def add(self, now_s: float, *, failed: bool) -> None:
        self._turn(now_s)
        self._now[0] += 1
        self._now[1] += failed

    def counts(self) -> tuple[int, int]:
        """All calls and the failed ones, up to the last that was added."""
        return self._now[0] + self._before[0], self._now[1] + self._before[1]

    def _turn(self, now_s: float) -> None:
        age_s = now_s - self._began_s
        if age_s >= self._half_s:
            self._before = self._now if age_s < 2 * self._half_s else [0, 0]
            self._now = [0, 0]
            self._began_s = now_s
