"""An exponentially weighted share of a stream of amounts: the most recent ones count most."""

_KEPT = 63 / 64
"""The weight that earlier amounts keep at each new one: about as if only the last 64 counted."""


class Share:
    """Which share of the amounts was of one kind."""

    __slots__ = ("_part", "_whole")

    def __init__(self) -> None:
        self._part = 0.0
        self._whole = 0.0

    def add(self, part: float, whole: float) -> None:
        """Take in one more amount, of which `part` was of the kind."""
        self._part = self._part * _KEPT + part
        self._whole = self._whole * _KEPT + whole

    def drawn_towards(self, usual: float, amount: float) -> float:
        """The share as if `amount` more had come, a share of `usual` being of the kind."""
        whole = self._whole + amount
        return (self._part + usual * amount) / whole if whole else usual
