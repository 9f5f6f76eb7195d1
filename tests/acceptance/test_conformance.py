"""What every test of answers must satisfy, whatever the request and the answers are. A new one needs only its row."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.acceptance.case import Case, Verdict
from router.acceptance.checks import CHECKS
from router.acceptance.ruling import Evidence, ruled
from router.acceptance.said import Said, read
from router.domain.cascade import Check, Ruling
from router.domain.cascade import Test as By
from tests.acceptance.answers import asks, calls, says

_NAMES = (
    "choices message content refusal finish_reason tool_calls function_call function custom name"
    " arguments input logprobs logprob text type role answer parameters properties required default"
).split()
_JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.floats()
    | st.sampled_from(
        ["", "{}", '{"answer": "42"}', "42", "stop", "length", "look", "```", "\\boxed{"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4)
    ),
    max_leaves=6,
)
_TEXTS = st.one_of(
    st.sampled_from(
        [
            *(
                "42",
                "The answer is 42.",
                "42 km",
                "42 m",
                "\\boxed{42}",
                "41",
                "B",
                "(A) red",
                "Yes",
            ),
            *("Paris", '{"answer": 42}', '{"a": 1}', "```python\nx = 1\n```", "```\n42\n```", ""),
            *("I'm sorry, but I can't.", "<think>42", "It is long, and says nothing at all. " * 5),
        ]
    ),
    st.text(max_size=60),
)
_ENDS = st.sampled_from(["stop", "length", "content_filter", "tool_calls", None])
_ANSWERS = st.one_of(
    st.none(),
    st.builds(lambda text, end: says(text, finish_reason=end), _TEXTS, _ENDS),
    st.builds(
        lambda text, logprob: {
            "choices": [
                {**says(text)["choices"][0], "logprobs": {"content": [{"logprob": logprob}]}}
            ]
        },
        _TEXTS,
        st.floats(-3, 0) | st.none(),
    ),
    st.builds(
        lambda name, value: calls((name, {"a": value})),
        st.sampled_from(["look", "find"]),
        st.integers(0, 1) | st.none(),
    ),
    st.builds(
        lambda message, end: {"choices": [{"message": message, "finish_reason": end}]}, _JUNK, _ENDS
    ),
    st.dictionaries(st.sampled_from(_NAMES), _JUNK, max_size=3),
)
_TOOLS = {
    "tools": [{"type": "function", "function": {"name": "look", "parameters": {"required": ["a"]}}}]
}
_REQUESTS = st.one_of(
    st.sampled_from(
        [
            asks("What is six times seven?"),
            asks("How many apples are there? Answer yes or no."),
            asks("Which?\nA. red\nB. blue"),
            asks("Give me JSON.", response_format={"type": "json_object"}),
            asks("Look!", **_TOOLS),
            asks("Look!", **_TOOLS, tool_choice="required"),
        ]
    ),
    st.dictionaries(
        st.sampled_from("messages tools functions tool_choice n".split()), _JUNK, max_size=4
    ),
    st.builds(
        lambda schema: {"response_format": {"type": "json_schema", "json_schema": schema}}, _JUNK
    ),
)
_COSINES: Sequence[Sequence[Sequence[float]]] = (
    [],
    [[1.0] * 4] * 4,
    [[1, 0.9, 0, 0], [0.9, 1, 0.95, 0], [0, 0.95, 1, 0.9], [0, 0, 0.9, 1]],
    [[1, 0, 1, 0], [0, 1, 1, 0], [1, 1, 1, 1], [0, 0, 1, float("nan")]],
)
_MARKS = st.none() | st.floats()


@st.composite
def evidence(draw: st.DrawFn) -> Evidence:
    """A request, and up to four answers with or without marks and cosines."""
    answers = draw(st.lists(_ANSWERS, max_size=4))
    marks = draw(st.just([]) | st.lists(_MARKS, min_size=len(answers), max_size=len(answers)))
    cosines = draw(st.sampled_from(_COSINES))
    return Evidence(draw(_REQUESTS), answers, marks, cosines)


def check_of(test: By) -> Check:
    return Check(test, judge="a-judge" if test is By.JUDGE else "")


def verdict_of(test: By, each: Evidence) -> tuple[Case, Verdict]:
    case = Case(each.request, [read(answer) for answer in each.answers], each.marks, each.cosines)
    return case, CHECKS[test](check_of(test), case)


every_test = pytest.mark.parametrize("test", list(By))


def test_every_test_has_its_row() -> None:
    assert CHECKS.keys() == set(By)


@every_test
@given(each=evidence())
def test_it_rules_on_answers_that_can_be_taken_the_same_each_time(test: By, each: Evidence) -> None:
    before = repr(each)
    case, verdict = verdict_of(test, each)
    assert verdict.rulings.keys() <= case.standing.keys()
    assert verdict.why
    assert verdict_of(test, deepcopy(each))[1] == verdict
    assert repr(each) == before


@every_test
@given(each=evidence())
def test_what_is_taken_is_a_whole_answer_that_it_accepts(test: By, each: Evidence) -> None:
    told = ruled([check_of(test)], each)
    if told.taken is None:
        return
    answer = each.answers[told.taken]
    assert answer is not None
    (choice,) = answer["choices"]
    assert choice["finish_reason"] not in ("length", "content_filter")
    assert (
        choice["message"].get("content")
        or choice["message"].get("tool_calls")
        or "function_call" in choice["message"]
    )
    assert not choice["message"].get("refusal")
    assert verdict_of(test, each)[1].rulings[told.taken] is Ruling.ACCEPT


@every_test
@given(each=evidence(), chance=st.randoms(use_true_random=False))
def test_the_order_of_answers_only_decides_who_is_taken_of_equals(
    test: By, each: Evidence, chance: Any
) -> None:
    order = list(range(len(each.answers)))
    chance.shuffle(order)
    rulings = verdict_of(test, each)[1].rulings
    turned = _turned(each, order)
    assert ruled([check_of(test)], turned).ruling is ruled([check_of(test)], each).ruling
    there = verdict_of(test, turned)[1].rulings
    assert sorted(there.values()) == sorted(rulings.values())


def _turned(each: Evidence, order: Sequence[int]) -> Evidence:
    marks = [each.marks[number] for number in order] if each.marks else []
    cosines = [[each.cosines[i][j] for j in order] for i in order] if each.cosines else []
    return Evidence(each.request, [each.answers[number] for number in order], marks, cosines)


@every_test
@given(each=evidence())
def test_the_same_check_again_and_one_that_accepts_all_change_nothing(
    test: By, each: Evidence
) -> None:
    alone = ruled([check_of(test)], each)
    together = ruled([check_of(test), check_of(test), Check(By.COMPLETE)], each)
    if alone.ruling is not Ruling.CANNOT_TELL:  # what had nothing to say lets the other one speak
        assert together.ruling is alone.ruling
        # Of an answer without calls, TOOL_CALLS says nothing: that one may be taken now.
        if test is not By.TOOL_CALLS:
            assert together.taken == alone.taken


_SECRETS = ("xyzzyq", "7770777", "Quuxolot")


@st.composite
def secretive(draw: st.DrawFn) -> Mapping[str, Any]:
    """An answer whose words occur nowhere else."""
    secret = draw(st.sampled_from(_SECRETS))
    return draw(
        st.sampled_from(
            [
                *(says(secret), says(f"The answer is {secret}."), says(f"\\boxed{{{secret}}}")),
                *(says(f'{{"{secret}": "{secret}"}}'), says(f"```python\n{secret} = 1\n```")),
                *(says(f"{secret} " * 40), says(f"42 {secret}"), says(secret, refusal=secret)),
                *(says(secret, finish_reason="length"), calls((secret, {secret: secret}))),
                *(calls((secret, secret)), calls(("look", {"b": secret}))),
            ]
        )
    )


@every_test
@given(
    answers=st.lists(secretive(), min_size=1, max_size=3),
    request_=st.sampled_from(
        [
            asks("What is it?"),
            asks("Which?\nA. red\nB. blue"),
            asks("Look!", **_TOOLS),
            asks("Give me JSON.", response_format={"type": "json_object"}),
        ]
    ),
)
def test_the_reason_quotes_no_word_of_an_answer(
    test: By, answers: list[Mapping[str, Any]], request_: Mapping[str, Any]
) -> None:
    near = [[1.0] * 3] * 3
    why = ruled([check_of(test)], Evidence(request_, answers, [0.5] * 3, near)).why
    assert [secret for secret in _SECRETS if secret.lower() in why.lower()] == []


@given(_TEXTS)
def test_an_answer_that_can_be_read_is_always_the_same_as_itself(text: str) -> None:
    if isinstance(read(says(text)), Said):
        told = ruled([Check(By.AGREEMENT)], Evidence(asks("Which?"), [says(text), says(text)]))
        assert told.ruling is Ruling.ACCEPT
