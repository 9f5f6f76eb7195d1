"""What only one dialect has: values that ask for nothing are no reason to refuse a request."""

from typing import Any

import pytest

from router.domain.errors import ApiError
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.translate import translate_request
from tests.wire.dialects.conformance import BASE, CHAT, MESSAGES, PAIRS, RESPONSES

NOTHING: dict[Dialect, dict[str, list[Any]]] = {
    CHAT: {
        "best_of": [1],
        "echo": [False],
        "frequency_penalty": [0, 0.0],
        "function_call": ["none", "auto"],
        "functions": [[]],
        "logit_bias": [{}],
        "logprobs": [False],
        "min_p": [0],
        "modalities": [["text"], []],
        "n": [1],
        "presence_penalty": [0],
        "repetition_penalty": [1, 1.0],
        "response_format": [{"type": "text"}],
        "seed": [7],
        "stop": [[], ""],
        "store": [False],
        "stream_options": [{}, {"include_obfuscation": False}],
        "tool_choice": ["none", "auto"],
        "tools": [[]],
        "top_k": [-1, 0],
        "top_logprobs": [0],
        "user": [""],
        "verbosity": [""],
    },
    RESPONSES: {
        "access_programs": [{}],
        "background": [False],
        "background_options": [{}],
        "context_management": [[]],
        "image": [{}],
        "include": [
            [],
            ["web_search_call.action.sources"],
            ["reasoning.encrypted_content", "file_search_call.results"],
        ],
        "instructions": [""],
        "previous_response_id": [""],
        "reasoning": [{}, {"context": "auto", "mode": "standard"}, {"effort": None}],
        "stream_options": [{"include_obfuscation": False}],
        "text": [{}, {"format": {"type": "text"}}, {"verbosity": None}],
        "tool_choice": ["auto"],
        "tools": [[]],
        "top_logprobs": [0],
        "truncation": ["disabled", "auto"],
    },
    MESSAGES: {
        "cache_control": [{"type": "ephemeral"}],
        "fallbacks": [[]],
        "inference_geo": ["global"],
        "mcp_servers": [[]],
        "metadata": [{}, {"user_id": None}],
        "output_config": [{}, {"effort": None}],
        "speed": ["standard"],
        "stop_sequences": [[]],
        "system": [[], ""],
        "tools": [[]],
        "tool_choice": [{"type": "auto"}],
    },
}
SOMETHING: dict[Dialect, dict[str, list[Any]]] = {
    CHAT: {
        "functions": [[{"name": "f"}]],
        "logprobs": [True, 0],
        "min_p": [0.1],
        "modalities": [["audio"]],
        "n": [2, True],
        "store": [True],
        "web_search_options": [{}],
    },
    RESPONSES: {
        "include": [["message.output_text.logprobs"], ["something.new"], [["a"]]],
        "reasoning": [{"mode": "pro"}, {"context": "all_turns"}],
        "truncation": ["sometimes"],
    },
    MESSAGES: {
        "compaction": [{}],
        "fallbacks": ["default"],
        "inference_geo": ["us"],
        "speed": ["fast"],
    },
}


def _cases(table: dict[Dialect, dict[str, list[Any]]]) -> list[Any]:
    return [
        pytest.param(source, to, name, value, id=f"{source}-{to}-{name}-{number}")
        for source, to in PAIRS
        for name, values in table[source].items()
        for number, value in enumerate(values)
    ]


def _told(source: Dialect, to: Dialect, members: dict[str, Any]) -> Any:
    return translate_request({**BASE[source], **members}, source, Target(to))


@pytest.mark.parametrize(("source", "to", "name", "value"), _cases(NOTHING))
def test_a_value_that_asks_for_nothing_makes_no_difference(
    source: Dialect, to: Dialect, name: str, value: Any
) -> None:
    assert _told(source, to, {name: value}) == _told(source, to, {})


@pytest.mark.parametrize(("source", "to", "name", "value"), _cases(SOMETHING))
def test_one_that_asks_for_something_is_refused_by_its_name(
    source: Dialect, to: Dialect, name: str, value: Any
) -> None:
    with pytest.raises(ApiError) as refused:
        _told(source, to, {name: value})
    assert (refused.value.param or "").split(".")[0] == name


@pytest.mark.parametrize(("source", "to"), PAIRS)
def test_null_asks_for_nothing(source: Dialect, to: Dialect) -> None:
    nulls = dict.fromkeys({*NOTHING[source], *SOMETHING[source], "whatever"})

    assert _told(source, to, nulls) == _told(source, to, {})
