"""Limits per minute that change while calls are made: what was used stays used."""

from hypothesis import given
from hypothesis import strategies as st

from router.dispatch.fleet import Fleet
from router.dispatch.rate import Rate
from router.domain.limits import UNLIMITED, Limits
from router.domain.members import replace
from router.domain.model import Model
from tests.dispatch.model_kit import a_model

NOW_S = 1000.0


def limited(per_minute: int | None) -> Model:
    return replace(a_model("a"), limits=Limits(requests_per_minute=per_minute))


def called(fleet: Fleet, model: Model, times: int) -> None:
    for _ in range(times):
        fleet.begin(model, 1, NOW_S)


def test_a_lower_limit_counts_the_calls_before_it() -> None:
    fleet = Fleet()
    called(fleet, limited(10), 4)
    assert fleet.refusal(limited(10), 1, NOW_S) is None
    fleet.relimit([limited(4)])
    assert fleet.refusal(limited(4), 1, NOW_S) is not None


def test_a_higher_limit_lets_in_what_it_has_more() -> None:
    fleet = Fleet()
    called(fleet, limited(2), 2)
    assert fleet.refusal(limited(2), 1, NOW_S) is not None
    fleet.relimit([limited(3)])
    assert fleet.refusal(limited(3), 1, NOW_S) is None
    called(fleet, limited(3), 1)
    assert fleet.refusal(limited(3), 1, NOW_S) is not None


def test_a_limit_comes_and_goes() -> None:
    fleet = Fleet()
    called(fleet, limited(None), 1)
    fleet.relimit([limited(1)])
    called(fleet, limited(1), 1)
    assert fleet.refusal(limited(1), 1, NOW_S) is not None
    fleet.relimit([replace(a_model("a"), limits=UNLIMITED)])
    assert fleet.refusal(limited(None), 1, NOW_S) is None


def test_a_model_that_was_never_called_begins_with_its_own_limit() -> None:
    fleet = Fleet()
    fleet.relimit([limited(1)])
    called(fleet, limited(1), 1)
    assert fleet.refusal(limited(1), 1, NOW_S) is not None


@given(
    before=st.integers(1, 1000),
    after=st.integers(1, 1000),
    taken=st.integers(0, 1000),
)
def test_a_bucket_of_another_size_waits_as_if_it_had_always_been_so(
    before: int, after: int, taken: int
) -> None:
    resized, always = Rate(before), Rate(after)
    for rate in (resized, always):
        rate.take(taken, NOW_S)
    resized.resize(after)

    assert resized.wait_s(1, NOW_S) == always.wait_s(1, NOW_S)
