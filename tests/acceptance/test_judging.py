"""What a judge is shown of an answer, and the mark in what it says."""

import pytest

from router.acceptance.judging import mark_in
from router.acceptance.said import shown
from tests.acceptance.answers import calls, says


def test_a_judge_is_shown_the_text_without_thoughts_and_the_calls() -> None:
    assert shown(says("<think>Hm.</think>42")) == "42"
    assert shown(calls(("look", {"a": 1}))) == '[["look","{\\"a\\":1}"]]'
    assert shown(says([{"type": "text", "text": "4"}, {"type": "text", "text": "2"}])) == "4\n2"
    assert shown(says("42", finish_reason="length")) == ""
    assert shown(None) == ""


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ('{"reason": "right", "score": 8}', 0.8),
        ('<think>Good.</think>{"score": 10}', 1.0),
        ('{"score": 11}', None),
        ("8 of 10", None),
        ("", None),
    ],
)
def test_a_mark_is_read_from_the_object_that_was_asked_for(text: str, mark: float | None) -> None:
    assert mark_in(says(text)) == mark


def test_a_verdict_that_was_cut_off_is_none() -> None:
    assert mark_in(says('{"score": 8}', finish_reason="length")) is None
    assert mark_in(None) is None
