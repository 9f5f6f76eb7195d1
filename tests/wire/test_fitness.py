"""What an answer shows of its quality by itself; no answer and no request can make it stumble."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.scored import ScoreSource
from router.wire.fitness import Fitness, of_ending, of_words

_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.sampled_from(["", "{}", "f", "length"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                "type function name parameters arguments custom tool_calls function_call message"
                " content refusal finish_reason json_schema schema choices".split()
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def found(body: dict[str, Any], *messages: dict[str, Any], reason: str = "stop") -> list[Fitness]:
    choices = [{"message": message, "finish_reason": reason} for message in messages]
    return list(of_words(body, orjson.dumps({"choices": choices}), is_stream=False))


def function(name: str, arguments: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "arguments": arguments}}


TOOLS = {
    "tools": [
        {"type": "function", "function": {"name": "free"}},
        {"type": "function", "function": {"name": "strict", "parameters": {"required": ["a"]}}},
        {"type": "custom", "custom": {"name": "shell"}},
    ]
}
JSON = {"response_format": {"type": "json_object"}}


@given(
    tools=_JUNK,
    wanted=st.none()
    | st.fixed_dictionaries({"type": st.just("json_schema")}, optional={"json_schema": _JUNK}),
    choices=st.lists(
        st.dictionaries(st.sampled_from(["message", "finish_reason"]), _JUNK), max_size=2
    ),
)
def test_nothing_makes_it_stumble(tools: Any, wanted: Any, choices: Any) -> None:
    answer = orjson.dumps({"choices": choices})
    body = {"tools": tools, "functions": tools, "response_format": wanted}
    findings = list(of_words(body, answer, is_stream=False))
    assert len({each.source for each in findings}) == len(findings)


@pytest.mark.parametrize(
    ("call", "score"),
    [
        (function("free", "{}"), 1.0),
        (function("free", ""), 1.0),
        (function("free", "[]"), 0.0),
        (function("free", {"a": 1}), 0.0),
        (function("strict", '{"a": 1}'), 1.0),
        (function("strict", ""), 0.0),
        (function("Strict", '{"a": 1}'), 0.0),
        ({"type": "custom", "custom": {"name": "shell", "input": "ls"}}, 1.0),
        ({"type": "custom", "custom": {"name": "bash", "input": "ls"}}, 0.0),
        ({}, 0.0),
    ],
)
def test_a_call_is_of_a_tool_that_was_offered_as_it_takes_it(
    call: dict[str, Any], score: float
) -> None:
    (finding,) = found(TOOLS, {"tool_calls": [call]})
    assert (finding.source, finding.score) == (ScoreSource.TOOL_CALL, score)


def test_one_bad_call_or_choice_is_enough() -> None:
    calls = [function("free", "{}"), function("other", "{}")]
    assert [each.score for each in found(TOOLS, {"tool_calls": calls})] == [0.0]
    assert [each.score for each in found(JSON, {"content": "{}"}, {"content": "no"})] == [0.0]
    assert [each.score for each in found(JSON, {"content": "{}"}, {"content": "{}"})] == [1.0]


def test_an_older_call_of_a_function_is_one_too() -> None:
    body = {"functions": [{"name": "old", "parameters": {"required": ["a"]}}]}
    for arguments, score in (('{"a": 1}', 1.0), ("{}", 0.0)):
        message = {"function_call": {"name": "old", "arguments": arguments}}
        assert [each.score for each in found(body, message)] == [score]


def test_what_calls_tools_need_not_be_json() -> None:
    message = {"content": None, "tool_calls": [function("free", "{}")]}
    assert [each.source for each in found({**TOOLS, **JSON}, message)] == [ScoreSource.TOOL_CALL]


def test_where_a_schema_cannot_be_checked_nothing_good_is_said() -> None:
    schema = {"$ref": "#/$defs/nowhere"}
    body = {"response_format": {"type": "json_schema", "json_schema": {"schema": schema}}}
    assert found(body, {"content": "{}"}) == []
    assert [each.score for each in found(body, {"content": "no JSON"})] == [0.0]


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_what_broke_off_is_not_held_against_a_schema(reason: str) -> None:
    assert found(JSON, {"content": "{"}, reason=reason) == []


def test_an_end_may_tell_of_two_things() -> None:
    ends = frozenset({"length", "stop"})
    findings = list(of_ending({"max_tokens": 5}, ends, refuses=True))
    assert [each.source for each in findings] == [ScoreSource.REFUSAL, ScoreSource.TRUNCATION]
    assert list(of_ending({}, frozenset({"stop", "tool_calls"}), refuses=False)) == []


def test_of_a_tool_that_may_have_been_offered_elsewhere_nothing_is_said() -> None:
    def scores(*calls: dict[str, Any]) -> list[float]:
        answer = {"choices": [{"message": {"tool_calls": calls}, "finish_reason": "tool_calls"}]}
        raw = orjson.dumps(answer)
        return [each.score for each in of_words(TOOLS, raw, is_stream=False, lists_all=False)]

    known, unknown = function("free", "{}"), function("unheard_of", "{}")
    assert scores(unknown) == scores(known, unknown) == []
    assert scores(known) == [1.0]
    assert scores(function("free", "{"), unknown) == [0.0]


def test_json_is_found_behind_thoughts_that_are_parts_of_the_content() -> None:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}

    (fit,) = found(JSON, {"content": [thought, {"type": "text", "text": "{}"}]})

    assert fit == Fitness(ScoreSource.SCHEMA, 1.0)
