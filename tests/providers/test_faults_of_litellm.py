"""What a failure in litellm is, and in which words it is told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.fault import FaultKind
from router.providers.translating.arguments import CallTarget
from router.providers.translating.connection import ConnectionTrace, Loss
from router.providers.translating.faults import failure_of

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=10,
)


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
        FaultKind.UNSUITED,
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
