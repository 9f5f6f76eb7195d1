"""Bare sums: what is one, and what only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.category import Category
from router.features.category import categorise
from router.features.sums import is_bare_sum

NUMBERS = st.integers(0, 10**6)


@given(NUMBERS, NUMBERS, st.sampled_from("+*×÷^"), st.sampled_from(["", " ", "  "]))
def test_two_numbers_and_an_operator_are_one(one: int, other: int, sign: str, gap: str) -> None:
    for text in (f"{one}{gap}{sign}{gap}{other}", f"What is {one}{gap}{sign}{gap}{other}?"):
        assert is_bare_sum(text)
        assert categorise({"messages": [{"role": "user", "content": text}]})[0] is Category.MATHS


@pytest.mark.parametrize(
    "text",
    [
        "17*23",
        "17 * 23 = ?",
        "5-3",
        "1/2 + 3/4",
        "(17 + 4) * 2.5",
        "what's 15% of 80",
        "Calculate: 12.5 / 3",
        "12 plus 7",
        "сколько будет 12 * 8?",
        "Was ist 7 x 8?",
        "-3 * -4",
        "2^10",
    ],
)
def test_these_are(text: str) -> None:
    assert is_bare_sum(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "42",
        "2024-05-01",
        "12/05/2024",
        "555-123-4567",
        "What is 6G?",
        "What does print(3 * 4) show?",
        "3 * x = 12",
        "top 10 of 2024",
        "4 of the 5 tests fail",
        "1. milk\n2. bread",
        "what is a 401k",
        "1 + 1 " * 40,
    ],
)
def test_these_are_none(text: str) -> None:
    assert not is_bare_sum(text)
