"""Sums in plain language are found and really computed."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.providers.simulated.answering import arithmetic
from router.providers.simulated.answering.chance import Chance


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("what is 17 * 23", "391"),
        ("What's twelve? No: 12 plus 30!", "42"),
        ("15% of 80", "12"),
        ("(2 + 3) times 4, please", "20"),
        ("what is 12/4?", "3"),
        ("how much is 100 divided by 8", "12.5"),
        ("1,000 x 3", "3000"),
        ("2 to the power of 10", "1024"),
        ("what is -5 + 3?", "-2"),
        ("what is 1 / 3", "0.333333"),
        ("5 squared", "25"),
        ("is it 7 minus 2 or so", "5"),
    ],
)
def test_a_sum_is_found_and_computed(text: str, result: str) -> None:
    found = arithmetic.find(text)
    assert found is not None
    assert found.answer == result


@pytest.mark.parametrize(
    "text",
    [
        "open 24/7",
        "on 2024-05-01",
        "what is 2024-05-01",
        "3-4 days",
        "what is 1/0",
        "9^99999",
        "no",
    ],
)
def test_what_is_no_sum_is_not_taken_for_one(text: str) -> None:
    assert arithmetic.find(text) is None


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from(["+", "-", "*"]))
def test_it_agrees_with_python(first: int, second: int, operator: str) -> None:
    found = arithmetic.find(f"what is {first} {operator} {second}?")
    assert found is not None
    assert found.value == eval(f"{first} {operator} {second}")  # noqa: S307  our own digits


@given(st.fractions(), st.integers())
def test_a_wrong_result_does_not_even_contain_the_right_one(value: Fraction, seed: int) -> None:
    wrong = arithmetic.slips(value, Chance.of(seed))
    assert not any(arithmetic.decimal(value) in text for text in wrong)
    assert len(set(wrong)) == len(wrong) >= 5


@given(st.text(alphabet="0123456789+-*/^().,x% of=", max_size=300))
def test_no_text_takes_long_or_fails(text: str) -> None:
    arithmetic.find(text)
