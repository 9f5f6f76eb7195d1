"""Two answers agree if their words say the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.features.agreement import agree


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Paris.", "The capital of France is Paris."),
        ("Yes.", "yes"),
        ("Yes, it is safe.", "Yes, it is quite safe."),
        (
            "A monad is a monoid in the category of endofunctors.",
            "A monad: a monoid in the category of endofunctors!",
        ),
        ("", ""),
    ],
)
def test_the_same_in_almost_the_same_words_agrees(one: str, other: str) -> None:
    assert agree(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Yes, it is safe.", "No, it is safe."),
        ("It is safe.", "It is not safe."),
        ("It's safe.", "It isn't safe."),
        ("Paris.", "Lyon."),
        ("It took 12 years.", "It took 21 years."),
        ("", "Paris."),
        ("Cats purr by moving their larynx.", "Hamsters live two or three years."),
    ],
)
def test_what_says_something_else_differs(one: str, other: str) -> None:
    assert not agree(one, other)


@given(one=st.text(), other=st.text())
def test_agreement_has_no_direction_and_everything_agrees_with_itself(one: str, other: str) -> None:
    assert agree(one, other) == agree(other, one)
    assert agree(one, one)
