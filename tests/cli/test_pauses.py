"""How long a seat stays empty after its worker has died."""

from hypothesis import given
from hypothesis import strategies as st

from router.cli.serve.crew.pauses import Pauses


def test_pauses_double_up_to_half_a_minute() -> None:
    pauses, seen = Pauses(), []
    for _ in range(8):
        seen.append(pauses.next_s)
        pauses = pauses.doubled()
    assert seen == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_they_begin_anew_after_a_worker_that_has_lived_for_a_minute() -> None:
    worn = Pauses().doubled().doubled()
    assert worn.after(lived_s=59.9) == worn
    assert worn.after(lived_s=60.0) == Pauses()


@given(st.lists(st.floats(0.0, 1e6), max_size=30))
def test_nobody_waits_longer_than_half_a_minute_and_never_not_at_all(lives_s: list[float]) -> None:
    pauses = Pauses()
    for lived_s in lives_s:
        pauses = pauses.after(lived_s)
        assert 0.5 <= pauses.next_s <= 30.0
        pauses = pauses.doubled()
