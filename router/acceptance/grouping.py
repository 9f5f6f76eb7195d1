"""Which answers agree, and whether they are enough."""

from collections.abc import Callable, Sequence

Agree = Callable[[int, int], bool]


def largest_group(numbers: Sequence[int], agree: Agree) -> tuple[int, ...]:
    """The largest group of answers, by index and in order, of which any two agree; in a tie the first.

    Three answers need not all agree because two pairs of them do: 42 agrees with both 42 km and 42 m.
    """
    return _larger((), numbers, (), agree)


def _larger(
    group: tuple[int, ...], rest: Sequence[int], best: tuple[int, ...], agree: Agree
) -> tuple[int, ...]:
    """`best`, or a larger group that begins with `group` and continues with some of `rest`."""
    if len(group) + len(rest) <= len(best):
        return best
    best = max(best, group, key=len)
    for place, number in enumerate(rest, start=1):
        others = [other for other in rest[place:] if agree(number, other)]
        best = _larger((*group, number), others, best, agree)
    return best


_SLACK = 0.005
"""Of a share: two thirds is written as 0.67, and two of three are meant to reach it."""


def is_enough(count: int, of: int, at_least: float | None = None) -> bool:
    """Whether `count` of `of` answers suffice: both of two, else more than half, and a share of `at_least`.

    Half or less never suffice, whatever `at_least` is, since the others could be as many.
    """
    share = 0.0 if at_least is None else at_least
    return count >= 2 and 2 * count > of and count >= (share - _SLACK) * of
