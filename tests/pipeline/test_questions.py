"""A question that comes again says something of its earlier answer, once, and only for a while."""

from hypothesis import given
from hypothesis import strategies as st

from router.pipeline.questions import AnsweredQuestion, Questions


def answered(number: int, at_s: float) -> AnsweredQuestion:
    return AnsweredQuestion(f"r{number}", "cheap", "chat", at_s)


def test_only_an_answer_that_was_there_and_not_long_ago_is_rejected() -> None:
    for asked_s, is_rejected in ((9.9, False), (10.0, True), (70.0, True), (70.1, False)):
        questions = Questions(60.0, 5)
        questions.note(b"q", answered(1, 10.0))
        assert (questions.rejected(b"q", asked_s) is not None) == is_rejected


def test_an_answer_is_rejected_once() -> None:
    questions = Questions(60.0, 5)
    questions.note(b"q", answered(1, 0.0))
    assert questions.rejected(b"q", 1.0) == answered(1, 0.0)
    assert questions.rejected(b"q", 1.0) is None


@given(asked=st.lists(st.integers(0, 9)), most=st.integers(1, 4))
def test_the_last_ones_are_remembered_and_no_more(asked: list[int], most: int) -> None:
    questions = Questions(1e9, most)
    for number, question in enumerate(asked):
        questions.note(bytes([question]), answered(number, float(number)))
    latest = {question: number for number, question in enumerate(asked)}
    remembered = sorted(latest, key=latest.__getitem__)[-most:]

    assert len(questions) == len(remembered)
    for question, number in latest.items():
        found = questions.rejected(bytes([question]), 1e6)
        assert (found is not None) == (question in remembered)
        assert found in (None, answered(number, float(number)))
