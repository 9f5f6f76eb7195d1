"""An allowance of extra attempts: a share of the requests, and a little more for quiet times.

Retries help against the odd stumble and harm in a storm: when everything fails, each retry makes
the trouble worse. With an allowance of a fifth, the attempts stay below 1.2 times the requests
plus the floor, whatever happens (as in Finagle's RetryBudget and Envoy's retry budgets).
"""


class Allowance:
    """Earns `share` of an extra attempt with every request; holds at most `floor` of them.

    The floor is there from the start, so that a quiet service can retry too.
    """

    def __init__(self, share: float, floor: float = 10.0) -> None:
        if not 0.0 <= share <= 1.0 or floor < 0:
            raise ValueError(f"an allowance is a share and a floor, not {share!r} and {floor!r}")
        self._share = share
        self._most = floor
        self._left = floor

    def __repr__(self) -> str:
        return f"<Allowance {self._left:.1f} of {self._most:g}>"

    @property
    def left(self) -> float:
        """How many extra attempts could be made now."""
        return self._left

    def earn(self) -> None:
        """A request came in."""
        self._left = min(self._most, self._left + self._share)

    def spend(self) -> bool:
        """Take one extra attempt; False if there is none to take."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
