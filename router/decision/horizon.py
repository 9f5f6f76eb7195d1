"""How many more calls will go to a model that is chosen now: learnt from the lengths of stays that have ended.

What counts is the length of a stay, not of the whole conversation: the next wish is decided afresh, and may go
elsewhere. Measured on made-up sessions (docs/sessions.md), whole lengths overshoot where wishes are short.

Lengths are counted in steps that grow with them, so that memory is bounded. Until enough stays have ended, the
older a stay is, the longer it is expected to last: a Lomax law, under which k + `scale` more are expected
after k calls, and which counts as much as `_SUPPOSED` stays.
"""

from bisect import bisect_left
from itertools import pairwise

_STEPS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
"""The longest of each step; one more is open."""

_SUPPOSED = 16.0
"""How many ended stays the usual lengths count for."""

_MOST = 512.0
"""Beyond this many stays, all counts are halved."""

FURTHEST = 1024.0
"""More calls than this are never expected: what is so far away is another decision's business."""


class Horizon:
    """The lengths of stays in conversations of one kind."""

    __slots__ = ("_counts", "_usual")

    def __init__(self, scale: float = 8.0) -> None:
        bounds = (0, *_STEPS, 4 * _STEPS[-1])
        beyond = [(1 + bound / scale) ** -2 for bound in bounds[:-1]] + [0.0]
        self._usual = [_SUPPOSED * (more - less) for more, less in pairwise(beyond)]
        self._counts = [0.0] * len(self._usual)

    def ended(self, turns: int) -> None:
        """A stay ended after `turns` calls, at least one."""
        self._counts[bisect_left(_STEPS, turns)] += 1
        if sum(self._counts) > _MOST:
            self._counts = [count / 2 for count in self._counts]

    def ahead(self, before: int = 0) -> float:
        """How many more calls to expect after this one, if `before` calls of the same stay came before it.

        From 0 to FURTHEST: the mean over all stays that were as long.
        """
        now, whole, rest = before + 1, 0.0, 0.0
        for step, (usual, count) in enumerate(zip(self._usual, self._counts, strict=True)):
            if (length := _length(step, now)) >= now:
                whole += usual + count
                rest += (usual + count) * (length - now)
        return min(FURTHEST, rest / whole)


def _length(step: int, now: int) -> float:
    """The length that represents a step: its middle, or the middle of what is left of it after `now`."""
    if step == len(_STEPS):
        return 2.0 * max(_STEPS[-1], now)
    longest = _STEPS[step]
    shortest = _STEPS[step - 1] + 1 if step else 1
    return (max(shortest, min(now, longest)) + longest) / 2
