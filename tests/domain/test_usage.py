"""Usage: exclusive buckets, whose sums are what vendors call prompt and completion tokens."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.usage import BUCKETS, NO_USAGE, Usage

COUNTS = st.integers(0, 10**9)
USAGES = st.builds(Usage, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)


@pytest.mark.parametrize("name", BUCKETS)
@pytest.mark.parametrize("count", [-1, 0.5, 2.0, "3", None, True])
def test_a_count_is_a_whole_number_and_never_negative(name: str, count: Any) -> None:
    with pytest.raises(ValueError, match=name):
        Usage(**{name: count})


@given(usage=USAGES)
def test_every_token_is_either_sent_or_generated(usage: Usage) -> None:
    buckets = [getattr(usage, name) for name in BUCKETS]

    assert usage.input_tokens + usage.total_output_tokens == sum(buckets)


@given(one=USAGES, other=USAGES, third=USAGES)
def test_usages_add_up_in_any_order(one: Usage, other: Usage, third: Usage) -> None:
    assert one + other == other + one
    assert (one + other) + third == one + (other + third)
    assert one + NO_USAGE == one
    assert (one + other).input_tokens == one.input_tokens + other.input_tokens
