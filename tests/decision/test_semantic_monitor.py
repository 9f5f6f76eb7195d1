"""Too many answers that differ stop a policy's semantic cache, as soon as that is all but certain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.semantic_monitor import SemanticMonitor, SemanticTally

LIMIT = 0.02


def test_one_difference_is_no_certainty_among_many() -> None:
    monitor = SemanticMonitor()
    for _ in range(99):
        monitor.note("p", LIMIT, agreed=True)

    assert monitor.note("p", LIMIT, agreed=False) is False
    assert not monitor.is_stopped("p")


def test_it_stops_once_when_more_than_the_limit_surely_differ() -> None:
    monitor = SemanticMonitor()
    told = [monitor.note("p", LIMIT, agreed=number % 4 > 0) for number in range(40)]

    assert told.count(True) == 1
    assert monitor.is_stopped("p")
    assert monitor.tallies["p"] == SemanticTally(40, 10)
    at = told.index(True)
    assert SemanticTally(at + 1, at // 4 + 1).is_surely_above(LIMIT)


def test_the_first_comparisons_stop_nothing() -> None:
    monitor = SemanticMonitor()
    told = [monitor.note("p", LIMIT, agreed=False) for _ in range(30)]

    assert told == [False] * 29 + [True]


@pytest.mark.parametrize("limit", [0.02, 0.2])
def test_who_is_at_the_limit_is_hardly_ever_stopped_however_often_one_looks(limit: float) -> None:
    """The exact probability: that of each number of differences among policies that still go on, step by step."""
    going_on, stopped = [1.0], 0.0
    for checked in range(1, 401):
        agreed = [each * (1.0 - limit) for each in [*going_on, 0.0]]
        differed = [each * limit for each in [0.0, *going_on]]
        going_on = [sum(both) for both in zip(agreed, differed, strict=True)]
        for number in range(checked + 1):
            if going_on[number] and SemanticTally(checked, number).is_surely_above(limit):
                stopped += going_on[number]
                going_on[number] = 0.0

    assert sum(going_on) + stopped == pytest.approx(1.0)
    assert 0.001 < stopped < 0.05


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_who_is_far_above_the_limit_is_stopped_soon(share: float) -> None:
    assert SemanticTally(100, round(100 * share)).is_surely_above(LIMIT)
    assert not SemanticTally(100, 5).is_surely_above(LIMIT)


@pytest.mark.parametrize(
    ("limit", "differed", "is_above"),
    [(0.0, 0, False), (0.0, 1, True), (1.0, 1000, False), (0.999, 1000, False), (0.02, 1000, True)],
)
def test_a_limit_may_be_nothing_or_everything(limit: float, differed: int, is_above: bool) -> None:
    assert SemanticTally(1000, differed).is_surely_above(limit) is is_above


def test_another_policy_goes_on() -> None:
    monitor = SemanticMonitor()
    for _ in range(30):
        monitor.note("bad", LIMIT, agreed=False)
        monitor.note("good", LIMIT, agreed=True)

    assert monitor.is_stopped("bad")
    assert not monitor.is_stopped("good")


@given(outcomes=st.lists(st.booleans(), max_size=60), limit=st.floats(0, 1))
def test_it_is_stopped_only_where_more_than_the_limit_surely_differed(
    outcomes: list[bool], limit: float
) -> None:
    monitor, tally, was_above = SemanticMonitor(), SemanticTally(), False
    for agreed in outcomes:
        tally = tally.with_one_more(agreed=agreed)
        was_above |= tally.is_surely_above(limit)
        monitor.note("p", limit, agreed=agreed)

    assert monitor.is_stopped("p") == was_above


def test_more_differences_than_comparisons_are_refused() -> None:
    with pytest.raises(ValueError, match="no count"):
        SemanticTally(1, 2)
