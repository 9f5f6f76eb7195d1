"""Which answers stand together, and whether they are enough."""

from collections.abc import Callable, Sequence


def largest_group(numbers: Sequence[int], agree: Callable[[int, int], bool]) -> tuple[int, ...]:
    """The most numbers of which any two agree, in order; of equally large groups the first one's.

    Every number is tried as the one to begin with, and takes in whoever agrees with all before. That
    finds the largest where to agree is to be equal, but for details of which some say nothing.
    """
    groups = [_group_of(number, numbers, agree) for number in numbers]
    return max(groups, key=len, default=())


def _group_of(
    first: int, numbers: Sequence[int], agree: Callable[[int, int], bool]
) -> tuple[int, ...]:
    group = [first]
    for number in numbers:
        if number != first and all(agree(number, each) for each in group):
            group.append(number)
    return tuple(sorted(group))


_SLACK = 0.005
"""Of a share: two thirds are written as 0.67, and meant to be reached by two of three."""


def is_enough(count: int, of: int, at_least: float | None = None) -> bool:
    """Whether so many of the answers carry the rest: all of two, else more than half, or `at_least` of them.

    Half or less never do, whatever `at_least` is: then the others could be as many.
    """
    share = 0.0 if at_least is None else at_least
    return count >= 2 and 2 * count > of and count >= (share - _SLACK) * of
