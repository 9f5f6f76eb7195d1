"""Which answers stand together, and whether they are enough."""

from collections.abc import Callable, Sequence

Agree = Callable[[int, int], bool]


def largest_group(numbers: Sequence[int], agree: Agree) -> tuple[int, ...]:
    """The most numbers of which any two agree, in order; of equally large groups the first.

    Three answers need not agree because two pairs of them do: 42 is both 42 km and 42 m.
    """
    return _larger((), numbers, (), agree)


def _larger(
    group: tuple[int, ...], rest: Sequence[int], best: tuple[int, ...], agree: Agree
) -> tuple[int, ...]:
    """`best`, or a larger group that begins with `group` and goes on with some of `rest`."""
    if len(group) + len(rest) <= len(best):
        return best
    best = max(best, group, key=len)
    for place, number in enumerate(rest, start=1):
        others = [other for other in rest[place:] if agree(number, other)]
        best = _larger((*group, number), others, best, agree)
    return best


_SLACK = 0.005
"""Of a share: two thirds are written as 0.67, and meant to be reached by two of three."""


def is_enough(count: int, of: int, at_least: float | None = None) -> bool:
    """Whether so many of the answers carry the rest: all of two, else more than half, or `at_least` of them.

    Half or less never do, whatever `at_least` is: then the others could be as many.
    """
    share = 0.0 if at_least is None else at_least
    return count >= 2 and 2 * count > of and count >= (share - _SLACK) * of
