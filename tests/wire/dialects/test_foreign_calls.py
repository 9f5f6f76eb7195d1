"""Calls that other models have made, as a model of chat takes them: what changes, and that nothing else does."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.wire.dialects.chat.foreign_calls import Taken

Json = dict[str, Any]
SIGNED = {"google": {"thought_signature": "c2ln"}}
UNCHECKED = {"google": {"thought_signature": "skip_thought_signature_validator"}}
OF_VLLM = f"chatcmpl-tool-{'0' * 32}"
NAMES = (
    "gpt-6",
    "openai/o4-mini",
    "mistral-large-latest",
    "google/gemini-3.5-pro",
    "llama-3.3-70b",
)


def call(given: str, **more: Any) -> Json:
    return {"id": given, "type": "function", "function": {"name": "f", "arguments": "{}"}, **more}


def talk(*calls: Json) -> Json:
    results = [{"role": "tool", "tool_call_id": each["id"], "content": "1"} for each in calls]
    asked = {"role": "user", "content": "Hi"}
    return {"messages": [asked, {"role": "assistant", "tool_calls": list(calls)}, *results]}


def calls_in(body: Mapping[str, Any]) -> list[Json]:
    calls: list[Json] = body["messages"][1]["tool_calls"]
    return calls


def ids_in(body: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Of the calls, and of their results."""
    results = [each["tool_call_id"] for each in body["messages"] if each["role"] == "tool"]
    return [each["id"] for each in calls_in(body)], results


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("gpt-6", "call_[0-9a-f]{32}"),
        ("openai/gpt-5-mini", "call_[0-9a-f]{32}"),
        ("o4-mini", "call_[0-9a-f]{32}"),
        ("ft:gpt-5-mini:org::a1", "call_[0-9a-f]{32}"),
        ("mistral-large-latest", "[0-9a-f]{9}"),
        ("mistralai/Devstral-Small", "[0-9a-f]{9}"),
        ("open-mixtral-8x22b", "[0-9a-f]{9}"),
        ("pixtral-large-latest", "[0-9a-f]{9}"),
        ("open-codestral-mamba", "[0-9a-f]{9}"),
        ("labs-devstral-small-2512", "[0-9a-f]{9}"),
        ("ft:ministral-3b-latest:org::a1", "[0-9a-f]{9}"),
        ("llama-3.3-70b", OF_VLLM),
    ],
)
def test_an_id_that_a_model_refuses_becomes_another_one_for_call_and_result(
    name: str, form: str
) -> None:
    ids, results = ids_in(Taken.by(name).of(talk(call(OF_VLLM))))

    assert ids == results
    assert re.fullmatch(form, ids[0])


@pytest.mark.parametrize("name", ["gpt-6", "mistral-large", "gemini-2.5-pro", "deepseek-v4"])
def test_what_a_model_calls_so_itself_stays_as_it_is(name: str) -> None:
    body = talk(call("abcABC123"))

    assert Taken.by(name).of(body) is body


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("words", [[], [{"type": "text", "text": "Hi"}]])
def test_thoughts_among_the_parts_of_a_content_go_to_mistrals_models_only(
    name: str, words: list[Json]
) -> None:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}
    told = {"role": "assistant", "content": [thought, *words]}
    body = {"messages": [{"role": "user", "content": "Hello"}, told]}
    taken = Taken.by(name)

    of_claude = {"messages": [{**told, "content": [{**thought, "thinking": "Hm"}]}]}
    kept = told if name.startswith("mistral") else {**told, "content": words or ""}

    assert taken.of(body)["messages"][1] == kept
    assert taken.takes_all_of(orjson.dumps(body)) is (kept is told)
    assert taken.of(of_claude) is of_claude


@pytest.mark.parametrize(
    "name",
    [
        "reasoning_content",
        "reasoning",
        "reasoning_details",
        "thinking_blocks",
        "provider_specific_fields",
    ],
)
def test_thoughts_of_others_are_kept_from_mistrals_models(name: str) -> None:
    said = {"role": "assistant", "content": "Hi", name: "Hm"}
    asked = [{"role": "user", "content": "Hello"}, said, {"role": "user", "content": "And?"}]
    body = {"messages": asked}

    told = Taken.by("mistral-large-latest").of(body)

    assert told["messages"] == [asked[0], {"role": "assistant", "content": "Hi"}, asked[2]]
    assert Taken.by("llama-3.3-70b").of(body) is body
    raw = orjson.dumps(body)
    assert Taken.by("mistral-large-latest").takes_all_of(raw) is (name == "reasoning_details")


def test_what_litellm_adds_to_a_call_is_kept_from_mistrals_models() -> None:
    usual = talk(call("abcABC123"))
    body = talk(call("abcABC123", provider_specific_fields={"thought_signature": "c2ln"}))
    taken = Taken.by("mistral-large-latest")

    assert not taken.takes_all_of(orjson.dumps(body))
    assert taken.of(body) == usual
    assert Taken.by("llama-3.3-70b").of(body) is body


def test_a_signature_is_shown_to_gemini_alone() -> None:
    body = talk(call("a", extra_content=SIGNED), call("b"))

    for name in ("gemini-2.5-pro", "google/gemini-3.5-pro", "gemini-flash-latest"):
        assert Taken.by(name).of(body) is body
    assert calls_in(Taken.by("llama-3.3-70b").of(body)) == [call("a"), call("b")]


def test_a_gemini_that_wants_signatures_is_told_where_there_is_none() -> None:
    body = talk(call("a"), call("b"))

    assert calls_in(Taken.by("gemini-3-pro").of(body)) == [
        call("a", extra_content=UNCHECKED),
        call("b"),
    ]
    assert Taken.by("gemini-2.5-pro").of(body) is body


@given(st.sampled_from(NAMES), st.lists(st.text(min_size=1, max_size=60), max_size=4, unique=True))
def test_calls_and_results_still_belong_together_and_the_same_is_always_called_the_same(
    name: str, given_ids: list[str]
) -> None:
    taken = Taken.by(name)
    once = taken.of(talk(*map(call, given_ids)))

    ids, results = ids_in(once)
    assert ids == results
    assert len(set(ids)) == len(given_ids)
    assert taken.of(once) is once


@given(st.sampled_from(NAMES), st.lists(st.text(min_size=1, max_size=60), max_size=4, unique=True))
def test_bytes_that_are_taken_need_not_be_read(name: str, given_ids: list[str]) -> None:
    taken, body = Taken.by(name), talk(*map(call, given_ids))

    assert taken.of(body) is body or not taken.takes_all_of(orjson.dumps(body))


@pytest.mark.parametrize("name", ["gpt-6", "mistral-large", "llama-3.3-70b", "gemini-2.5-pro"])
def test_usual_calls_are_not_read_at_all(name: str) -> None:
    assert Taken.by(name).takes_all_of(orjson.dumps(talk(call("abcABC123"))))


@pytest.mark.parametrize(
    "messages",
    [
        None,
        "none",
        [None, 1, "text"],
        [{"role": "assistant", "tool_calls": None}, {"role": "tool", "tool_call_id": 9}],
        [{"role": "assistant", "tool_calls": [None]}, {"role": "assistant", "tool_calls": [{}]}],
    ],
)
def test_what_is_misshaped_is_left_to_the_upstream(messages: Any) -> None:
    body = {"messages": messages}

    assert Taken.by("mistral-large").of(body) is body
