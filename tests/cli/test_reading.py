"""How the values of options are read, and what is said of those that are none."""

import argparse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.cli.arguments.reading import port, seed, share, whole


@given(st.integers(0, 20), st.integers(-5, 40))
def test_a_whole_number_is_read_within_its_range_and_no_other(least: int, number: int) -> None:
    reads = whole(least, least + 10)

    if least <= number <= least + 10:
        assert reads(str(number)) == number
    else:
        with pytest.raises(argparse.ArgumentTypeError, match=f"from {least} to {least + 10}, not"):
            reads(str(number))


def test_a_range_may_have_no_end() -> None:
    assert whole(2)(str(10**30)) == 10**30
    with pytest.raises(argparse.ArgumentTypeError, match="must be a whole number >= 2, not '1'"):
        whole(2)("1")


@pytest.mark.parametrize(
    ("reads", "text", "right"),
    [
        (port, "65536", "a port from 0 to 65535"),
        (port, "http", "a port from 0 to 65535"),
        (seed, "4294967296", "a whole number from 0 to 4294967295"),
        (seed, "9" * 5000, "a whole number from 0 to 4294967295"),
        (share, "nan", "a share from 0 to 1"),
        (share, "1.01", "a share from 0 to 1"),
    ],
    ids=["beyond", "a word", "of 33 bits", "of 5,000 digits", "no number", "more than all"],
)
def test_it_is_told_what_would_be_right(
    reads: Callable[[str], float], text: str, right: str
) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"must be {right}, not"):
        reads(text)
