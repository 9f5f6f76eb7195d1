"""The pure parts around litellm: which fields are sent, to which addresses, and how errors are reported."""

import sys
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.fault import AttemptFailed, FaultKind
from router.providers.translating.addresses import forbidden_address
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
from router.providers.translating.connection import ConnectionTrace, Loss
from router.providers.translating.faults import failure_of
from router.wire.answer import EventKind, read_event
from tests.providers.litellm_kit import upstream

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

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=10,
)
names = st.sampled_from([*DANGEROUS, *sorted(CLIENT_FIELDS - {"messages", "tools"})]) | st.text(
    max_size=12
)
bodies = st.dictionaries(names, values, max_size=12)


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


# ------------------------------------------------------------ addresses


def pointing_to(url: str) -> list[dict[str, Any]]:
    return [
        {"role": "user", "content": "See http://127.0.0.1/ yourself"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]},
    ]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/cat.png",
        "https://user@pictures.example.co.uk:8443/a?b=c#d",
        "https://93.184.215.14/cat.png",
        "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/cat.png",
        "data:image/png;base64,iVBORw0KGgo=",
    ],
)
def test_public_addresses_and_bytes_may_travel(url: str) -> None:
    assert forbidden_address(pointing_to(url)) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/cat.png",
        "https://127.0.0.1/cat.png",
        "https://127.1/cat.png",
        "https://0x7f.0.0.0x1/cat.png",
        "https://2130706433/cat.png",
        "https://10.0.0.8/cat.png",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/cat.png",
        "https://[fd00::1]/cat.png",
        "https://[::ffff:10.0.0.1]/cat.png",
        "https://localhost/cat.png",
        "https://localhost./cat.png",
        "https://redis/cat.png",
        "https://metadata.google.internal/computeMetadata/v1",
        "https://printer.local/cat.png",
        "https://example.com\\@10.0.0.1/cat.png",
        "https://exa mple.com/cat.png",
        "https://[::1/cat.png",
        "https:///cat.png",
        "ftp://example.com/cat.png",
        "file:///etc/passwd",
        "/etc/passwd",
        "gs://bucket/cat.png",
        "data:image/png;base64,gs://bucket/cat.png",
        "",
    ],
)
def test_other_addresses_are_refused_by_their_place(url: str) -> None:
    assert forbidden_address(pointing_to(url)) == "messages[1].content[0].image_url.url"


@pytest.mark.parametrize(
    ("part", "place"),
    [
        ({"type": "image_url", "image_url": "http://10.0.0.1/"}, "image_url"),
        ({"type": "file", "file": {"file_id": "http://10.0.0.1/x.pdf"}}, "file.file_id"),
        ({"type": "image", "source": {"type": "url", "url": "http://10.0.0.1/"}}, "source.url"),
        ({"type": "x", "content": [{"a": {"b": ["http://10.0.0.1/"]}}]}, "content[0].a.b[0]"),
        ({"type": "text", "text": "x", "video_url": {"url": "file:///x"}}, "video_url.url"),
    ],
)
def test_an_address_is_found_wherever_it_stands(part: dict[str, Any], place: str) -> None:
    assert (
        forbidden_address([{"role": "user", "content": [part]}])
        == f"messages[0].content[0].{place}"
    )


@pytest.mark.parametrize(
    "part",
    [
        {"type": "text", "text": "http://10.0.0.1/"},
        {"type": "text", "text": "x", "citations": [{"url": "http://example.com"}]},
        {"type": "tool_use", "name": "open", "input": {"url": "http://10.0.0.1/"}},
        {"type": "tool_result", "content": "http://10.0.0.1/"},
        {"type": "file", "file": {"file_id": "file-abc123", "filename": "a.pdf"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
    ],
)
def test_what_is_only_read_may_mention_any_address(part: dict[str, Any]) -> None:
    assert forbidden_address([{"role": "user", "content": [part]}]) is None


@given(values)
def test_any_messages_at_all_can_be_looked_through(messages: object) -> None:
    forbidden_address(messages)


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


# ------------------------------------------------------------ faults


class ProviderError(Exception):
    def __init__(self, message: str, status_code: int | None = None, body: object = None) -> None:
        self.message = message
        self.body = body
        if status_code is not None:
            self.status_code = status_code
        super().__init__(message)


class UnsupportedParamsError(ProviderError):
    """Named as litellm's."""


def of(error: Exception, trace: ConnectionTrace | None = None) -> Any:
    return failure_of(error, trace or ConnectionTrace(), 0.0, ("sk-secret",)).fault


def test_the_trace_knows_better_than_the_exception() -> None:
    fault = of(
        ProviderError("Overloaded", 500), ConnectionTrace(status=529, headers={"retry-after": "3"})
    )

    assert (fault.kind, fault.status, fault.retry_after_s) == (FaultKind.TRANSIENT, 529, 3.0)


@pytest.mark.parametrize(
    ("trace", "kind", "reached"),
    [
        (ConnectionTrace(lost=Loss.UNREACHABLE), FaultKind.UNREACHABLE, False),
        (ConnectionTrace(lost=Loss.BROKEN), FaultKind.TRANSIENT, False),
        (ConnectionTrace(status=200), FaultKind.TRANSIENT, True),
        (ConnectionTrace(status=302), FaultKind.TRANSIENT, False),
    ],
)
def test_what_the_connection_did_decides(
    trace: ConnectionTrace, kind: FaultKind, reached: bool
) -> None:
    fault = of(ProviderError("litellm.APIConnectionError: sk-secret", 400), trace)

    assert (fault.kind, fault.reached_model, fault.error) == (kind, reached, None)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, FaultKind.CLIENT), (401, FaultKind.REFUSED), (500, FaultKind.TRANSIENT)],
)
def test_without_a_connection_the_exceptions_status_counts(status: int, kind: FaultKind) -> None:
    assert of(ProviderError("x", status)).kind is kind


def test_a_bug_of_litellms_is_told_by_its_name_only() -> None:
    fault = of(KeyError("sk-secret"))

    assert (fault.kind, fault.status, fault.error) == (FaultKind.TRANSIENT, 502, None)
    assert fault.message == "it failed in litellm (KeyError)"


def test_a_package_that_a_provider_needs_is_named() -> None:
    fault = of(ProviderError("litellm.APIConnectionError: No module named 'google.auth'", 500))

    assert fault.message == "it failed in litellm (No module named 'google.auth')"


@pytest.mark.parametrize(
    "text",
    [
        'litellm.BadRequestError: XException - {"error": {"message": "No.", "code": "odd"}}',
        'litellm.BadRequestError: XException - b\'{"error": {"message": "No.", "code": "odd"}}\'',
        '{"message": "No.", "code": "odd"}. Handle with `litellm.BadRequestError`.',
        '{"error": {"message": "No.", "code": 400, "status": "odd"}}',
    ],
)
def test_the_providers_own_words_are_found_in_their_wrapping(text: str) -> None:
    fault = of(ProviderError(text, 400), ConnectionTrace(status=400))

    assert (fault.error, fault.code) == ({"message": "No.", "code": "odd"}, "odd")


@pytest.mark.parametrize(
    "wrapping",
    [
        "litellm.RateLimitError: AzureException RateLimitError - ",
        "litellm.ContextWindowExceededError: litellm.BadRequestError: OpenAIException - ",
        "AnthropicError - ",
        "",
    ],
)
def test_wrappings_are_taken_off(wrapping: str) -> None:
    error = of(ProviderError(f"{wrapping}Slow down - or else: wait.", 429)).error

    assert error == {"message": "Slow down - or else: wait."}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Incorrect key sk-proj-abcdefghijkl.", "Incorrect key ***"),
        ("Bearer abcdefgh.ijkl", "***"),
        ("skateboarding in the key-value store", "skateboarding in the key-value store"),
    ],
)
def test_what_looks_like_a_key_is_not_shown(text: str, shown: str) -> None:
    assert of(ProviderError(text, 400)).error == {"message": shown}


def test_an_operators_options_are_secret_by_their_names() -> None:
    options = {
        "aws_secret_access_key": "abcde",
        "aws_region_name": "eu-central-1",
        "api_version": "1",
    }

    assert CallTarget("bedrock", "k-1", "", options).secrets() == ("abcde", "k-1")


def test_words_without_json_are_unwrapped() -> None:
    text = "litellm.UnsupportedParamsError: anthropic does not support parameters: ['n']. To drop these, set"
    fault = of(UnsupportedParamsError(text, 500))

    assert (fault.kind, fault.status, fault.code) == (
        FaultKind.CLIENT,
        400,
        "unsupported_parameter",
    )
    assert (fault.error or {})["message"] == "anthropic does not support parameters: ['n']."


def test_advice_for_those_who_call_litellm_is_not_passed_on() -> None:
    text = "litellm.UnsupportedParamsError: Use 'auto', or set `litellm.drop_params = True` to downgrade"

    assert (of(UnsupportedParamsError(text, 400)).error or {})["message"] == "Use 'auto'"


@given(st.text(max_size=50), st.text(max_size=50))
def test_a_secret_is_never_shown(before: str, after: str) -> None:
    for body in (None, {"message": f"{before}sk-secret{after}"}):
        fault = of(
            ProviderError(f"{before}sk-secret{after}", 400, body), ConnectionTrace(status=400)
        )
        assert "sk-secret" not in repr(fault)
