"""What may happen to the calls of a request, drawn: faults, and after how long."""

from collections.abc import Sequence

from hypothesis import strategies as st

from router.dispatch.plan import Effort
from router.domain.fault import Fault
from tests.dispatch.model_kit import (
    BUSY,
    DISCONNECTED,
    MISTAKE,
    NOT_FOUND,
    OVERDRAWN,
    REFUSED,
    STUMBLE,
    TOO_LONG,
    UNREACHABLE,
    UNSUITED,
    WRONG,
    Outcome,
    Upstreams,
    limited,
)

FAULTS = (
    STUMBLE,
    DISCONNECTED,
    UNREACHABLE,
    REFUSED,
    WRONG,
    TOO_LONG,
    NOT_FOUND,
    OVERDRAWN,
    MISTAKE,
    BUSY,
    UNSUITED,
)


def schedules_of(faults: Sequence[Fault | None]) -> st.SearchStrategy[list[Outcome]]:
    """How the calls of a request end, each with one of these, after a while."""
    outcomes = st.builds(
        Outcome, st.sampled_from([0.0, 0.01, 0.5, 3.0, 30.0]), st.sampled_from(faults)
    )
    return st.lists(outcomes, min_size=1, max_size=12)


schedules = schedules_of([None, None, *FAULTS, limited(), limited(3), limited(60)])
efforts = st.builds(
    Effort,
    attempts_per_model=st.integers(1, 3),
    first_content_s=st.sampled_from([1.0, 5.0]),
    total_s=st.sampled_from([2.0, 10.0, 60.0]),
)


def in_turn(schedule: list[Outcome]) -> Upstreams:
    """Every call, whichever model it goes to, gets the next outcome of the schedule."""
    left = list(schedule)
    return lambda _model, _now_s: left.pop(0) if len(left) > 1 else left[0]
