"""Which answers agree: no other group of which any two do is larger."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from router.acceptance.grouping import largest_group

NUMBERS = range(6)
PAIRS = st.frozensets(st.sampled_from(list(combinations(NUMBERS, 2))))


@given(pairs=PAIRS)
def test_the_largest_group_is_the_first_of_those_in_which_any_two_agree(
    pairs: frozenset[tuple[int, int]],
) -> None:
    groups = [
        group
        for size in NUMBERS
        for group in combinations(NUMBERS, size + 1)
        if pairs.issuperset(combinations(group, 2))
    ]

    found = largest_group(NUMBERS, lambda one, other: (one, other) in pairs)
    assert found == max(groups, key=len)
    assert largest_group((), lambda *_: True) == ()
