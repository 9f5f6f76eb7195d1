"""What becomes of the answers of a step, by all of its checks together."""

from typing import Any

import pytest

from router.acceptance.ruling import Evidence, ruled
from router.domain.cascade import AGREEMENT, Check, Opinion, Ruling
from router.domain.cascade import Test as By
from tests.acceptance.answers import Answer, asks, calls, says

QUESTION = asks("What is six times seven?")
JSON = {"response_format": {"type": "json_object"}}
TOOLS = {
    "tools": [{"type": "function", "function": {"name": "look", "parameters": {"required": ["a"]}}}]
}
ESSAY = "There is much to be said of it, and it has been said by many people in many places, often well."


def opinion(
    *answers: Answer | None, checks: Any = AGREEMENT, request: Any = QUESTION, **more: Any
) -> Opinion:
    return ruled(checks, Evidence(request, answers, **more))


def test_two_that_come_to_the_same_are_accepted_and_the_first_is_taken() -> None:
    told = opinion(says("The answer is 42."), says("6 * 7 = 42"))
    assert told == Opinion(Ruling.ACCEPT, "agreement: 2 of 2 answers agree, by number", taken=0)


def test_two_that_differ_are_rejected() -> None:
    told = opinion(says("42"), says("41"))
    assert told == Opinion(Ruling.REJECT, "agreement: 1 of 2 answers agree, by number")


def test_of_free_text_nobody_can_tell_unless_it_is_the_same_word_for_word() -> None:
    assert opinion(says(ESSAY), says(f"Well. {ESSAY}")).ruling is Ruling.CANNOT_TELL
    told = opinion(says(ESSAY), says(ESSAY.replace(" ", "  ")))
    assert (told.ruling, told.taken) == (Ruling.ACCEPT, 0)
    assert told.why == "agreement: 2 of 2 answers agree, word for word"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("for x in xs:\n    s += x\nreturn s", "for x in xs:\n    s += x\n    return s"),
        ("server:\n  port: 80\ntls: true", "server:\n  port: 80\n  tls: true"),
        ("all:\n\tmake a\n\tmake b", "all:\n\tmake a\nmake b"),
    ],
)
def test_lines_that_are_indented_otherwise_are_not_the_same(one: str, other: str) -> None:
    assert opinion(says(one), says(other)).ruling is Ruling.CANNOT_TELL
    assert opinion(says(one), says(one)).ruling is Ruling.ACCEPT


def test_of_code_that_differs_nobody_can_tell() -> None:
    one, other = says("```python\nx = 1 + 2\n```"), says("```python\nx = 3\n```")
    assert opinion(one, other).ruling is Ruling.CANNOT_TELL


@pytest.mark.parametrize(
    "unusable",
    [
        None,
        {},
        {"choices": []},
        says(None),
        says("  \n"),
        says("<think>It is 42</think>"),
        says("<think>It is 42"),
        says("42", finish_reason="length"),
        says("42", finish_reason="content_filter"),
        says("42", refusal="no"),
        says("I'm sorry, but I can't help with that."),
        says("Es tut mir leid, das weiß ich nicht."),
        says("抱歉，我无法回答。"),
    ],
)
def test_what_did_not_come_is_empty_refuses_or_was_cut_off_is_never_taken(unusable: Any) -> None:
    assert opinion(unusable, says("42")).taken is None
    assert opinion(unusable, unusable).ruling is Ruling.REJECT
    assert opinion(unusable, says("42"), says("42")).taken == 1
    assert opinion(unusable, unusable, says("42"), says("42")).taken is None
    assert opinion(unusable, says("42"), checks=(Check(By.COMPLETE),)).taken == 1


def test_the_reason_counts_what_could_not_be_taken() -> None:
    told = opinion(None, says("4", finish_reason="length"), says("42"))
    assert told.why == (
        "agreement: 1 of 3 answers agree; of 3 answers 1 did not arrive, 1 was cut off"
    )


def test_a_text_that_only_begins_with_regret_is_no_refusal() -> None:
    sorry = f"I'm sorry to hear that. {ESSAY * 8}\n\nThe answer is 42."
    assert opinion(says(sorry), says("42")).taken == 0


@pytest.mark.parametrize(
    ("answers", "at_least", "taken"),
    [
        ("42 41 42", None, 0),
        ("41 42 42", None, 1),
        ("41 42 43", None, None),
        ("41 42 42", 0.67, 1),
        ("41 42 42", 1.0, None),
        ("42 42 42", 1.0, 0),
        ("41 41 42 42", None, None),
        ("41 41 42 42", 0.5, None),
        ("41 42 42 42", 0.75, 1),
        ("42 42", 0.6, 0),
        ("42", None, None),
    ],
)
def test_a_share_of_the_answers_is_enough(
    answers: str, at_least: float | None, taken: int | None
) -> None:
    checks = (Check(By.AGREEMENT, at_least=at_least),)
    assert opinion(*map(says, answers.split()), checks=checks).taken == taken


def test_what_cannot_be_read_may_still_have_made_the_majority() -> None:
    assert opinion(says("42"), says("41"), says(ESSAY)).ruling is Ruling.CANNOT_TELL
    assert opinion(says("42"), says("41"), says("40")).ruling is Ruling.REJECT
    assert opinion(says("42"), says(ESSAY), says("42")).taken == 0


def test_a_unit_that_one_leaves_out_joins_no_two_others() -> None:
    assert opinion(says("42"), says("42 km"), says("42 m")).taken == 0
    all_of_them = (Check(By.AGREEMENT, at_least=1.0),)
    assert opinion(says("42"), says("42 km"), says("42 m"), checks=all_of_them).taken is None


def test_of_several_choices_nobody_can_tell() -> None:
    two = {"choices": says("42")["choices"] * 2}
    assert opinion(two, two).ruling is Ruling.CANNOT_TELL
    several = asks("What is six times seven?", n=2)
    assert opinion(says("42"), says("42"), request=several).ruling is Ruling.CANNOT_TELL


def test_all_checks_must_accept_the_answer_that_is_taken() -> None:
    checks = (Check(By.AGREEMENT, at_least=0.6), Check(By.JUDGE, at_least=0.5, judge="j"))
    answers = [says("42"), says("42"), says("41")]
    assert opinion(*answers, checks=checks, marks=[0.4, 0.6, 1.0]).taken == 1
    nobody = opinion(*answers, checks=checks, marks=[0.4, 0.4, 1.0])
    assert (nobody.ruling, nobody.taken) == (Ruling.REJECT, None)
    unknown = opinion(*answers, checks=checks, marks=[0.4, None, 1.0])
    assert unknown.ruling is Ruling.CANNOT_TELL
    assert unknown.why.startswith("agreement: 2 of 3")
    assert "; judge: a mark of 0.5" in unknown.why


def test_a_check_with_nothing_to_say_neither_bars_nor_carries() -> None:
    fit = (Check(By.SCHEMA), Check(By.TOOL_CALLS))
    assert opinion(says("42"), says("42"), checks=(*AGREEMENT, *fit)).taken == 0
    assert opinion(says("42"), checks=fit).ruling is Ruling.CANNOT_TELL


@pytest.mark.parametrize(
    ("answer", "ruling"),
    [
        (says('{"a": 1}'), Ruling.ACCEPT),
        (says("[]"), Ruling.REJECT),
        (says("no JSON"), Ruling.REJECT),
        (says("{", finish_reason="length"), Ruling.REJECT),
    ],
)
def test_the_schema_that_was_asked_for_is_kept(answer: Answer, ruling: Ruling) -> None:
    request = asks("Give me an object.", **JSON)
    assert opinion(answer, checks=(Check(By.SCHEMA),), request=request).ruling is ruling


def test_a_schema_has_nothing_to_say_of_calls() -> None:
    both, request = [calls(("look", {"a": 1}))] * 2, asks("Look!", **JSON, **TOOLS)
    assert opinion(*both, checks=(*AGREEMENT, Check(By.SCHEMA)), request=request).taken == 0
    assert opinion(*both, checks=(Check(By.SCHEMA),), request=request).taken is None


def test_a_schema_that_cannot_be_checked_tells_nothing() -> None:
    schema = {"type": "json_schema", "json_schema": {"schema": {"$ref": "#/nowhere"}}}
    request = asks("Give me an object.", response_format=schema)
    told = opinion(says("{}"), checks=(Check(By.SCHEMA),), request=request)
    assert told.ruling is Ruling.CANNOT_TELL


@pytest.mark.parametrize(
    ("answer", "more", "ruling"),
    [
        (calls(("look", {"a": 1})), {}, Ruling.ACCEPT),
        (calls(("look", {})), {}, Ruling.REJECT),
        (calls(("find", {"a": 1})), {}, Ruling.REJECT),
        (calls(("look", {"a": 1}), ("look", "{")), {}, Ruling.REJECT),
        (says("I see."), {}, Ruling.CANNOT_TELL),
        (says("I see."), {"tool_choice": "required"}, Ruling.REJECT),
    ],
)
def test_calls_are_of_tools_that_were_offered(answer: Answer, more: Any, ruling: Ruling) -> None:
    request = asks("Look!", **TOOLS, **more)
    assert opinion(answer, checks=(Check(By.TOOL_CALLS),), request=request).ruling is ruling


def test_calls_where_none_were_offered_are_rejected() -> None:
    both = [calls(("look", {"a": 1}))] * 2
    assert opinion(*both, checks=(*AGREEMENT, Check(By.TOOL_CALLS))).ruling is Ruling.REJECT


@pytest.mark.parametrize(
    ("logprobs", "ruling"),
    [
        ([-0.01, -0.02], Ruling.ACCEPT),
        ([-0.01, -2.0], Ruling.REJECT),
        ([-0.01, None], Ruling.CANNOT_TELL),
        ([-0.01, "x"], Ruling.CANNOT_TELL),
        ([0.1], Ruling.CANNOT_TELL),
        ([], Ruling.CANNOT_TELL),
        (None, Ruling.CANNOT_TELL),
    ],
)
def test_a_model_is_sure_of_its_words_or_not(logprobs: Any, ruling: Ruling) -> None:
    answer = says("42")
    if logprobs is not None:
        tokens = [{"token": "x", "logprob": each} for each in logprobs]
        answer["choices"][0]["logprobs"] = {"content": tokens}
    assert opinion(answer, checks=(Check(By.LOGPROB, at_least=0.9),)).ruling is ruling


SIMILAR = (Check(By.SIMILARITY, at_least=0.9),)


def test_answers_that_are_near_each_other_are_accepted() -> None:
    texts = [says(ESSAY), says(f"Well. {ESSAY}")]
    assert opinion(*texts, checks=SIMILAR, cosines=[[1.0, 0.95], [0.95, 1.0]]).taken == 0
    far = opinion(*texts, checks=SIMILAR, cosines=[[1.0, 0.8], [0.8, 1.0]])
    assert far.ruling is Ruling.REJECT
    assert opinion(*texts, checks=SIMILAR).ruling is Ruling.CANNOT_TELL
    assert opinion(*texts, checks=SIMILAR, cosines=[[float("nan")] * 2] * 2).taken is None
    assert opinion(*texts, checks=SIMILAR, cosines=[[1.0]]).taken is None


@pytest.mark.parametrize(
    ("at_least", "cosine", "taken"), [(0.75, 0.8, 0), (0.99, 0.95, None), (None, 0.91, 0)]
)
def test_how_near_answers_must_be_is_as_the_policy_says(
    at_least: float | None, cosine: float, taken: int | None
) -> None:
    checks = (Check(By.SIMILARITY, at_least=at_least),)
    cosines = [[1.0, cosine], [cosine, 1.0]]

    assert (
        opinion(says(ESSAY), says(f"Well. {ESSAY}"), checks=checks, cosines=cosines).taken == taken
    )


def test_near_is_not_the_same_where_numbers_or_calls_differ() -> None:
    near = [[1.0, 0.99], [0.99, 1.0]]
    assert (
        opinion(
            says("The answer is 42."), says("The answer is 43."), checks=SIMILAR, cosines=near
        ).taken
        is None
    )
    assert (
        opinion(calls(("look", {"a": 1})), says("look"), checks=SIMILAR, cosines=near).taken is None
    )
    assert opinion(says("42"), says("The answer is 42."), checks=SIMILAR, cosines=near).taken == 0


def test_no_answers_at_all_are_rejected() -> None:
    assert opinion() == Opinion(Ruling.REJECT, "there is no answer")
