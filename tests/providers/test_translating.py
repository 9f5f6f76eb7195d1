"""The pure parts around litellm: which fields are sent, to which addresses, and how errors are reported."""

import sys
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.fault import AttemptFailed, FaultKind
from router.providers.translating.answers import chunk_event, plain_body
from router.providers.translating.arguments import (
    CLIENT_FIELDS,
    EXTRAS,
    HINTS,
    MEANING,
    SAMPLING,
    CallTarget,
    asked_by,
    call_arguments,
    fitting,
    without,
)
from router.wire.answer import EventKind, read_event
from tests.providers.litellm_kit import upstream
from tests.wire.documents import TREES

TARGET = CallTarget(
    "anthropic", "sk-ours", "https://ours.example.com", {"api_version": "2025-01-01"}
)
OURS = {
    "model": "anthropic/claude",
    "api_key": "sk-ours",
    "base_url": "https://ours.example.com",
    "api_version": "2025-01-01",
    "num_retries": 0,
    "max_retries": 0,
    "drop_params": False,
    "caching": False,
    "no-log": True,
    "_skip_mcp_handler": True,
    "timeout": 86_400.0,
}
DANGEROUS = (
    "api_base base_url api_key api_version custom_llm_provider extra_headers extra_body headers"
    " default_headers mock_response mock_tool_calls mock_timeout mock_delay fallbacks"
    " context_window_fallback_dict model_list deployment_id organization client litellm_logging_obj"
    " metadata litellm_metadata litellm_session_id model_info proxy_server_request num_retries"
    " max_retries retry_policy timeout request_timeout cache caching callbacks success_callback"
    " no-log ssl_verify hf_model_name base_model input_cost_per_token output_cost_per_token"
    " aws_access_key_id aws_region_name aws_bedrock_runtime_endpoint vertex_project"
    " vertex_credentials vertex_location azure_ad_token tenant_id client_secret region_name"
    " provider_specific_header prompt_id prompt_variables litellm_system_prompt drop_params"
    " additional_drop_params allowed_openai_params shared_session use_litellm_proxy guardrails"
    " secret_fields logger_fn verbose stream stream_options model functools acompletion"
    " _skip_mcp_handler _is_litellm_internal_call os.environ/OPENAI_API_KEY".split()
)

names = st.sampled_from([*DANGEROUS, *sorted(CLIENT_FIELDS - {"messages", "tools"})]) | st.text(
    max_size=12
)
bodies = st.dictionaries(names, TREES, max_size=12)


def arguments(body: Mapping[str, Any], *, stream: bool = False) -> dict[str, Any]:
    return call_arguments(asked_by(body), TARGET, "claude", stream=stream)


# ------------------------------------------------------------ fields


@given(bodies, st.booleans())
def test_no_body_adds_an_argument_or_changes_ours(body: dict[str, Any], stream: bool) -> None:
    made = arguments(body, stream=stream)

    assert made.keys() <= CLIENT_FIELDS | OURS.keys() | {"stream", "stream_options"}
    assert {name: made[name] for name in OURS} == OURS
    assert made["stream"] is stream
    assert made.get("stream_options") == ({"include_usage": True} if stream else None)


async def test_no_field_of_a_client_is_one_of_litellms_settings() -> None:
    async with upstream("openai", "https://example.com") as to:
        await to.warm()
    litellm = sys.modules["litellm.types.utils"]
    settings = frozenset(vars(litellm)["all_litellm_params"])

    assert len(settings) > 100
    assert settings & CLIENT_FIELDS == frozenset()
    assert frozenset(DANGEROUS) & CLIENT_FIELDS == frozenset()


def test_meanings_hints_and_extras_are_told_apart() -> None:
    assert MEANING & HINTS == MEANING & EXTRAS == HINTS & EXTRAS == frozenset()


def test_litellm_works_on_a_copy() -> None:
    body = {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]}
    asked_by(body)["messages"][0]["content"].clear()

    assert body["messages"][0]["content"] == [{"type": "text", "text": "Hi"}]


@pytest.mark.parametrize(
    ("name", "value"),
    [("n", 1), ("logprobs", False), ("parallel_tool_calls", True), ("tools", []), ("seed", None)],
)
def test_a_field_that_says_nothing_is_left_out(name: str, value: object) -> None:
    assert asked_by({name: value}) == {}


def test_a_hint_is_dropped_where_it_is_not_supported_and_a_meaning_is_not() -> None:
    asked = asked_by({"temperature": 0, "seed": 1, "n": 2, "top_k": 5})

    assert fitting(asked, frozenset({"temperature"})) == {"temperature": 0, "n": 2, "top_k": 5}
    assert fitting(asked, None) == asked
    assert without(asked, SAMPLING) == {"seed": 1, "n": 2, "top_k": 5}
    assert without(asked, HINTS) == {"n": 2, "top_k": 5}


def test_that_no_two_tools_be_called_at_once_is_no_mere_hint() -> None:
    one_at_a_time = {"parallel_tool_calls": False}

    assert without(asked_by(one_at_a_time), HINTS) == one_at_a_time


def test_a_limit_is_called_what_the_provider_calls_it() -> None:
    asked = asked_by({"max_completion_tokens": 5})

    assert fitting(asked, frozenset({"max_tokens"})) == {"max_tokens": 5}
    assert fitting(asked, frozenset({"max_tokens", "max_completion_tokens"})) == asked


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "mcp", "server_url": "litellm_proxy"},
        {"type": "retrieval", "retrieval": {"datastore": "projects/theirs"}},
        {"googleSearch": {}},
        "add",
    ],
)
def test_a_tool_that_runs_with_the_operators_rights_is_refused(tool: object) -> None:
    with pytest.raises(AttemptFailed) as refused:
        asked_by({"tools": [tool]})

    fault = refused.value.fault
    assert (fault.kind, fault.status) == (FaultKind.CLIENT, 400)
    assert (fault.error or {})["param"] == "tools[0].type"


def test_a_function_tool_carries_nothing_else_along() -> None:
    function = {"name": "add", "parameters": {"type": "object"}}
    tool = {"type": "function", "function": function, "retrieval": {}, "server_url": "x"}

    assert asked_by({"tools": [tool]})["tools"] == [{"type": "function", "function": function}]


def test_a_request_that_is_nested_too_deeply_is_refused() -> None:
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    with pytest.raises(AttemptFailed, match="client"):
        asked_by({"response_format": {"deep": deep}})


# ------------------------------------------------------------ answers


def test_nones_and_empty_boxes_are_not_passed_on() -> None:
    answer = {
        "id": "a",
        "system_fingerprint": None,
        "vertex_ai_safety_results": [],
        "choices": [
            {
                "index": 0,
                "finish_reason": "tool_calls",
                "message": {
                    "role": "assistant",
                    "content": None,
                    "function_call": None,
                    "provider_specific_fields": {"citations": None},
                    "annotations": [],
                },
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1, "cost": 0.1, "iterations": None},
    }

    assert orjson.loads(plain_body(answer)) == {
        "id": "a",
        "usage": {"prompt_tokens": 3, "completion_tokens": 1},
        "choices": [
            {
                "index": 0,
                "finish_reason": "tool_calls",
                "message": {"content": None, "role": "assistant", "annotations": []},
            }
        ],
    }


@pytest.mark.parametrize(("model", "billed"), [("gemini-2.5-flash", 1), ("gemini-3.1-pro", 3)])
def test_earlier_geminis_search_for_one_fee_and_later_ones_by_the_piece(
    model: str, billed: int
) -> None:
    usage = {"prompt_tokens": 5, "prompt_tokens_details": {"web_search_requests": 3}}
    told = orjson.loads(plain_body({"model": model, "choices": [], "usage": usage}))

    assert told["usage"]["prompt_tokens_details"] == {"web_search_requests": billed}


def test_the_cost_that_perplexity_states_is_passed_on_and_litellms_idea_of_it_is_not() -> None:
    stated = {"total_cost": 0.00514}
    told = [
        orjson.loads(plain_body({"choices": [], "usage": {"prompt_tokens": 5, "cost": cost}}))
        for cost in (stated, 0.007)
    ]
    assert [each["usage"].get("cost") for each in told] == [stated, None]


def test_the_chunk_with_the_usage_has_no_choices() -> None:
    chunk = {
        "id": "a",
        "choices": [{"delta": {}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1},
    }

    assert read_event(chunk_event(chunk)).kind is EventKind.USAGE


def test_a_chunk_with_a_usage_of_nothing_is_none() -> None:
    chunk = {
        "id": "a",
        "choices": [{"delta": {}}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0},
    }

    assert chunk_event(chunk) == b""
