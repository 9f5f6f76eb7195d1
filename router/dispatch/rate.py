"""A provider's limits per minute, kept on our side, so that the provider never has to say 429."""


class Rate:
    """A token bucket: holds a minute's worth, fills up steadily. Times are monotonic seconds."""

    def __init__(self, per_minute: int) -> None:
        self._most = float(per_minute)
        self._left = float(per_minute)
        self._at_s: float | None = None

    def wait_s(self, amount: float, now_s: float) -> float:
        """Seconds until `amount` may be taken; more than the bucket holds waits for a full one."""
        self._fill(now_s)
        lacking = min(amount, self._most) - self._left
        return max(0.0, lacking) * 60.0 / self._most

    def take(self, amount: float, now_s: float) -> None:
        """Take `amount`; the bucket may go below zero when the estimate was too low."""
        self._fill(now_s)
        self._left -= amount

    def give(self, amount: float, now_s: float) -> None:
        """Give back what was taken and not used."""
        self._fill(now_s)
        self._left = min(self._most, self._left + amount)

    def is_full(self, now_s: float) -> bool:
        """Whether everything that was taken has been filled up again."""
        self._fill(now_s)
        return self._left >= self._most

    def resize(self, per_minute: int) -> None:
        """Hold another minute's worth from now on; what was taken stays taken."""
        self._left += per_minute - self._most
        self._most = float(per_minute)

    def _fill(self, now_s: float) -> None:
        if self._at_s is not None:
            self._left = min(self._most, self._left + (now_s - self._at_s) * self._most / 60.0)
        self._at_s = now_s
