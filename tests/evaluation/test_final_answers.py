"""Answers that are kept whole agree offline where they would agree online."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pytest

from router.acceptance.ruling import Evidence, ruled
from router.domain.cascade import AGREEMENT, Ruling
from router.evaluation.answered import ScoredAnswer
from router.evaluation.final_answers import in_normal_form

SUM = "What is 63 * 17? Think step by step."
CHOICE = "Which is a fruit?\nA) a stone\nB) a plum\nC) a cloud"
SAID: Mapping[str, tuple[str, ...]] = {
    SUM: (
        "63 * 17 = 1071",
        "60 * 17 is 1020, 3 * 17 is 51. The answer is 1,071.",
        r"So it is \boxed{1071}",
        "The answer is 1072.",
        "The answer is 1071 apples.",
        "The answer is 1071 pears.",
        "I cannot help with that.",
        "",
    ),
    CHOICE: ("B", "The answer is (B).", "b) a plum", "C", "It may be one or the other."),
    "Write a haiku.": ("Rain on the window", "Rain  on the window", "Snow on the window"),
}


def answered(prompt: str, model: str, response: str | None, **fields: Any) -> ScoredAnswer:
    return ScoredAnswer("p", prompt, model, 1.0, response=response, **fields)


def answers(prompt: str, *responses: str) -> list[str | None]:
    rows = [answered(prompt, str(place), each) for place, each in enumerate(responses)]
    return [row.answer for row in in_normal_form(rows)]


@pytest.mark.parametrize("prompt", SAID)
def test_two_answers_are_equal_where_a_server_would_accept_them(prompt: str) -> None:
    request = {"messages": [{"role": "user", "content": prompt}]}
    for pair in combinations(SAID[prompt], 2):
        one, other = answers(prompt, *pair)
        said = tuple({"choices": [{"message": {"content": each}}]} for each in pair)
        opinion = ruled(AGREEMENT, Evidence(request, said))
        is_accepted = opinion.ruling is Ruling.ACCEPT

        assert (one is not None and one == other) == is_accepted, pair


def test_units_tell_answers_apart_only_where_there_are_two() -> None:
    assert len(set(answers(SUM, "The answer is 5 km.", "The answer is 5."))) == 1
    three = answers(SUM, "The answer is 5 km.", "The answer is 5 kg.", "The answer is 5.")
    assert len(set(three)) == 3


@pytest.mark.parametrize("prompt", SAID)
def test_a_second_answer_is_equal_to_the_first_where_that_of_another_model_would_be(
    prompt: str,
) -> None:
    for said, again in combinations(SAID[prompt], 2):
        one, other = answers(prompt, said, again)
        (row,) = in_normal_form([answered(prompt, "m", said, second_response=again)])
        is_equal = row.second_answer == row.answer and row.second_answer != ""

        assert is_equal == (one is not None and one == other), (said, again)
        assert row.was_asked_twice


def test_a_second_answer_that_was_never_asked_for_stays_away_and_one_kept_in_part_is_not_read() -> (
    None
):
    (once,) = in_normal_form([answered(SUM, "m", "It is 1071", answer="It is 1071")])
    part = [answered(SUM, "m", "It is 1071", answer="It is 1071", second_answer="1071")]
    (silent,) = in_normal_form([answered(SUM, "m", "It is 1071", second_cost_usd=0.1)])

    assert (once.second_answer, once.was_asked_twice) == (None, False)
    assert in_normal_form(part) == part
    assert silent.second_answer == ""


def test_what_is_only_kept_in_part_stays_as_it_is() -> None:
    rows = [
        answered(SUM, "a", None, answer="1071"),
        answered(SUM, "b", "It is 1071", answer="It is 1071"),
    ]

    assert in_normal_form(rows) == rows


def test_what_the_request_wants_counts() -> None:
    """Two objects with their members in another order are the same JSON."""
    said = ('{"a": 1, "b": [2]}', '{"b": [2], "a": 1}')
    rows = [answered("Give me JSON.", str(place), each) for place, each in enumerate(said)]
    wants = {"response_format": {"type": "json_object"}}
    body = {"messages": [{"role": "user", "content": "Give me JSON."}], **wants}
    one, other = in_normal_form(rows, {"p": body})

    assert one.answer == other.answer
    assert one.answer is not None
