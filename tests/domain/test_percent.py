"""How shares are written for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.percent import percent, signed_percent


@pytest.mark.parametrize(
    ("share", "written", "as_change"),
    [
        (0.0, "0%", "0%"),
        (1e-12, "<1%", "+<1%"),
        (-0.004, "-<1%", "-<1%"),
        (0.006, "1%", "+1%"),
        (0.994, "99%", "+99%"),
        (0.9999, ">99%", "+100%"),
        (-0.9999, "->99%", "->99%"),
        (1.0, "100%", "+100%"),
        (-7.39, "-739%", "-739%"),
    ],
)
def test_a_share_is_in_whole_percent(share: float, written: str, as_change: str) -> None:
    assert percent(share) == written
    assert signed_percent(share) == as_change


@given(st.floats(-1, 1))
def test_only_nothing_is_nothing_and_only_all_is_all(share: float) -> None:
    assert (percent(share) in {"0%", "-0%"}) == (share == 0)
    assert (percent(share).strip("-") == "100%") == (abs(share) == 1)
