"""How many answers a question offers to choose from, however it labels them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.features.options import options_in

LETTERS = "ABCDEFGHIJ"
WORDS = st.text("klmnopqrstuvw ,;?!\n", max_size=300)


@given(WORDS, st.integers(2, 10), st.sampled_from(("{}. ", "{}) ", "({}) ", "{}: ")))
def test_labelled_answers_are_counted(question: str, options: int, label: str) -> None:
    listed = "\n".join(f"{label.format(letter)}this or that" for letter in LETTERS[:options])

    assert options_in(f"{question}\n{listed}\nAnswer:") == options


@given(WORDS)
def test_a_question_without_labels_offers_none(question: str) -> None:
    assert options_in(question) == 0


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("", 0),
        ("Is it raining? Answer yes or no.", 2),
        ("True or False: rivers flow uphill", 2),
        ("One of (a) a river (b) a sea (c) a lake", 3),
        ("I got a B. Then I left.", 0),
        ("Vitamin B. What is it?", 0),
        ("A. Smith wrote it. Who was B. Jones?", 2),
        ("A. first\nC. third", 0),
        ("A. one\nB. two\n\nNow this:\nA. one\nB. two\nC. three\nD. four", 4),
        ("A. one\nB. two\nC. three\n\nNow this:\nA. one\nB. two", 3),
        ("A. (a) and (b)\nB. (b) and (c)\nC. neither\nD. all", 4),
    ],
)
def test_the_longest_series_of_labels_counts(question: str, options: int) -> None:
    assert options_in(question) == options


def test_only_the_end_of_a_long_prompt_is_searched() -> None:
    examples = "A. one\nB. two\nC. three\n" * 100

    assert options_in(f"{examples}{'Now write about it. ' * 200}") == 0
    assert options_in(f"{'Read this first. ' * 200}\nA. one\nB. two") == 2
