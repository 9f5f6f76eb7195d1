"""Counts and histograms: what Prometheus reads is what was added."""

from hypothesis import given
from hypothesis import strategies as st

from router.telemetry.tallies import Count, Histogram

_BOUNDS_S = (0.1, 1.0)


def _samples(family: Count | Histogram) -> dict[tuple[str, ...], float]:
    return {(each.name, *each.labels.values()): each.value for each in family.family().samples}


def test_a_count_is_told_in_its_unit() -> None:
    cost = Count("cost_usd", "...", ("model",), unit=10**12)
    cost.add(("small",), 250_000_000_000)
    cost.add(("small",), 250_000_000_000)

    assert _samples(cost) == {("cost_usd_total", "small"): 0.5}


def test_labels_beyond_what_anybody_reads_are_counted_together() -> None:
    count, spread = Count("n", "...", ("a", "b")), Histogram("s", "...", ("a",), _BOUNDS_S)
    for number in range(1_010):
        count.add((str(number), "x"))
        spread.add((str(number),), 0.5)

    assert _samples(count)[("n_total", "other", "other")] == 10
    assert _samples(spread)[("s_count", "other")] == 10


def test_a_duration_at_a_bound_is_within_it() -> None:
    spread = Histogram("s", "...", (), _BOUNDS_S)
    for seconds in (0.1, 0.5, 5.0):
        spread.add((), seconds)

    assert _samples(spread) == {
        ("s_bucket", "0.1"): 1,
        ("s_bucket", "1.0"): 2,
        ("s_bucket", "+Inf"): 3,
        ("s_count",): 3,
        ("s_sum",): 5.6,
    }


@given(st.lists(st.floats(0, 10), min_size=1))
def test_buckets_grow_up_to_the_count(durations_s: list[float]) -> None:
    spread = Histogram("s", "...", (), _BOUNDS_S)
    for seconds in durations_s:
        spread.add((), seconds)
    told = [each.value for each in spread.family().samples if each.name == "s_bucket"]

    assert told == sorted(told)
    assert told[-1] == len(durations_s)
