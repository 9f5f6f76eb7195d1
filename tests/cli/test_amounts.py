"""How amounts are written for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.cli.output.amounts import dollars, signed_dollars, unsigned_zero
from router.domain.money import Money


@pytest.mark.parametrize(
    ("pico", "written", "as_change"),
    [
        (0, "$0.00000", "$0.00000"),
        (1, "$0.0000000000010", "+$0.0000000000010"),
        (-4_999_999, "-$0.0000050", "-$0.0000050"),
        (60_000, "$0.000000060", "+$0.000000060"),
        (15_400_000, "$0.000015", "+$0.000015"),
        (123_456_789, "$0.00012", "+$0.00012"),
        (-1_500_000_000_000, "-$1.50", "-$1.50"),
        (1_234_567 * 10**12, "$1,234,567.00", "+$1,234,567.00"),
        (10**12, "$1.00", "+$1.00"),
    ],
)
def test_amounts_are_rounded_to_what_can_be_read(pico: int, written: str, as_change: str) -> None:
    assert dollars(Money(pico)) == written
    assert signed_dollars(Money(pico)) == as_change


@given(st.integers(-(10**13), 10**13))
def test_only_nothing_is_written_as_nothing_and_it_has_no_sign(pico: int) -> None:
    for written in (dollars(Money(pico)), signed_dollars(Money(pico))):
        is_nothing = not any(digit in written for digit in "123456789")
        assert is_nothing == (pico == 0)
        assert written.startswith("-") == (pico < 0)


def test_a_number_that_is_rounded_to_nothing_has_no_sign() -> None:
    assert [unsigned_zero(f"{change:+.3f}") for change in (-0.0001, 0.0004, -0.2)] == [
        "0.000",
        "0.000",
        "-0.200",
    ]
