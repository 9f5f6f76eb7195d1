"""Too many answers that differ stop a policy's semantic cache, as soon as that is certain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.watch import Tally, Watch

LIMIT = 0.02


def test_one_difference_is_no_certainty_among_many() -> None:
    watch = Watch()
    for _ in range(99):
        watch.note("p", LIMIT, agreed=True)

    assert watch.note("p", LIMIT, agreed=False) is False
    assert not watch.is_stopped("p")


def test_it_stops_once_when_more_than_the_limit_surely_differ() -> None:
    watch = Watch()
    told = [watch.note("p", LIMIT, agreed=number % 4 > 0) for number in range(40)]

    assert told.count(True) == 1
    assert watch.is_stopped("p")
    assert watch.tallies["p"] == Tally(40, 10)
    at = told.index(True)
    assert Tally(at + 1, at // 4 + 1).lower > LIMIT


def test_another_policy_goes_on() -> None:
    watch = Watch()
    for _ in range(10):
        watch.note("bad", LIMIT, agreed=False)
        watch.note("good", LIMIT, agreed=True)

    assert watch.is_stopped("bad")
    assert not watch.is_stopped("good")


@given(outcomes=st.lists(st.booleans(), max_size=60), limit=st.floats(0, 1))
def test_it_is_stopped_only_where_the_lower_bound_was_above_the_limit(
    outcomes: list[bool], limit: float
) -> None:
    watch, tally, was_above = Watch(), Tally(), False
    for agreed in outcomes:
        tally = tally.with_one_more(agreed=agreed)
        was_above |= tally.lower > limit
        watch.note("p", limit, agreed=agreed)

    assert watch.is_stopped("p") == was_above


def test_more_differences_than_comparisons_are_refused() -> None:
    with pytest.raises(ValueError, match="no count"):
        Tally(1, 2)
