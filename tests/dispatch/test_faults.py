"""What an upstream's error means, given the wordings that vendors have used."""

import pytest

from router.dispatch.faults import api_error_of, fault_of_said, fault_of_status
from router.domain.fault import Fault, FaultKind
from router.wire.dialects.dialect import Dialect
from router.wire.dialects.faults import own_error
from router.wire.errors import error_object
from tests.dispatch.model_kit import BUSY

ANOTHER_MAY = [
    "max_tokens is too large: 32000. This model supports at most 16384 completion tokens, whereas you provided 32000.",
    "`max_tokens` must be less than or equal to `8192`",
    "Unsupported parameter: 'reasoning_effort' is not supported with this model.",
    "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
    "Unrecognized request argument supplied: reasoning_effort",
    "Unknown parameter: 'messages[0].cache_control'.",
    "`reasoning_effort` is not supported with this model",
    "Extra inputs are not permitted",
    "property 'reasoning_content' is unsupported",
]
NOBODY_WILL = [
    "Invalid value for 'temperature': must be a number.",
    "top_logprobs is only allowed when 'logprobs' is enabled.",
    "Invalid schema for function 'f'.",
]


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("words", ANOTHER_MAY)
def test_what_this_model_does_not_take_another_one_may(words: str, status: int) -> None:
    fault = fault_of_status(status, {"message": words}, None)

    assert fault.kind is FaultKind.UNSUITED
    assert fault.error == {"message": words}


@pytest.mark.parametrize(
    "words",
    [
        "Invalid schema for response_format 'a': In context=(), 'oneOf' is not permitted.",
        "output_config.format.schema: For 'object' type, 'additionalProperties' must be false",
        "output_format.schema: For 'object' type, 'additionalProperties: true' is not supported.",
        "tools.9.custom.input_schema: input_schema does not support oneOf at the top level",
        "Schema is too complex for compilation.",
        "Schemas contains too many optional parameters (87), which would make it inefficient.",
        "Schemas contains too many parameters with union types (18 parameters with anyOf).",
        "The compiled grammar is too large, which would make it slow.",
        "Too many strict tools (22). The maximum number of strict tools supported is 20.",
    ],
)
def test_a_schema_that_one_provider_does_not_take_another_one_may(words: str) -> None:
    assert fault_of_status(400, {"message": words}, None).kind is FaultKind.UNSUITED


@pytest.mark.parametrize("words", NOBODY_WILL)
def test_what_is_wrong_for_everybody_is_the_clients(words: str) -> None:
    assert fault_of_status(400, {"message": words}, None).kind is FaultKind.CLIENT


@pytest.mark.parametrize("code", ["tool_use_failed", "json_validate_failed"])
def test_what_this_model_wrote_badly_another_one_may_write_well(code: str) -> None:
    """Groq calls it the request's fault."""
    told = {"message": "Failed to call a function.", "type": "invalid_request_error", "code": code}

    assert fault_of_status(400, told, None).kind is FaultKind.UNSUITED
    assert fault_of_said(told, "stream").kind is FaultKind.UNSUITED


def test_a_code_says_it_as_well() -> None:
    told = {"message": "No.", "code": "unsupported_parameter", "param": "temperature"}

    assert fault_of_status(400, told, None).kind is FaultKind.UNSUITED
    assert fault_of_status(413, told, None).kind is FaultKind.CLIENT


@pytest.mark.parametrize("status", [404, 405, 410])
@pytest.mark.parametrize("said", [None, {"message": "The model `m` does not exist."}])
def test_a_model_or_an_address_that_is_not_there_is_no_fault_of_the_clients(
    status: int, said: dict[str, str] | None
) -> None:
    fault = fault_of_status(status, said, None)

    assert fault.kind is FaultKind.NOT_FOUND
    assert api_error_of(fault, "m").status == status


@pytest.mark.parametrize("words", ["Model Not Exist", "openai/gpt-x is not a valid model ID"])
def test_nor_is_a_model_that_is_not_there_by_other_words(words: str) -> None:
    """DeepSeek, OpenRouter."""
    assert fault_of_status(400, {"message": words}, None).kind is FaultKind.NOT_FOUND


def test_whatever_else_an_error_says_reaches_the_client() -> None:
    """Azure tells there which filter has refused a prompt."""
    more = {"status": 400, "innererror": {"content_filter_result": {"hate": {"filtered": True}}}}
    said = {"message": "No.", "type": None, "param": "prompt", "code": "content_filter", **more}
    told = error_object(api_error_of(fault_of_status(400, said, None), "m"))["error"]

    assert told == {**said, "type": "invalid_request_error"}


@pytest.mark.parametrize(
    "fault",
    [BUSY, fault_of_status(429, None, 7.0), fault_of_status(429, {"message": "slow down"}, None)],
)
def test_a_limit_is_told_as_a_limit(fault: Fault) -> None:
    assert api_error_of(fault, "m").kind == "rate_limit_error"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"message": "prompt is too long: 9 > 8", "type": "invalid_request_error"}, ""),
        (
            {"message": "This model's maximum context length is 8.", "code": 400},
            "prompt is too long: ",
        ),
    ],
)
def test_agents_are_told_to_shorten_their_conversation_in_the_words_of_each_api(
    said: dict[str, str | int], words: str
) -> None:
    error = api_error_of(fault_of_status(400, said, None), "m")

    assert error_object(error)["error"]["code"] == "context_length_exceeded"
    _, body = own_error(error, Dialect.MESSAGES)
    assert body["error"]["message"] == f"{words}{said['message']}"


@pytest.mark.parametrize(
    ("told", "status", "kind"),
    [
        ({"code": 429}, 429, FaultKind.RATE_LIMITED),
        ({"code": "429", "type": None}, 429, FaultKind.RATE_LIMITED),
        ({"code": "rate_limit_exceeded"}, 429, FaultKind.RATE_LIMITED),
        ({"code": None, "type": "rate_limit_error"}, 429, FaultKind.RATE_LIMITED),
        (
            {"code": "credit_balance_exhausted", "type": "insufficient_quota"},
            429,
            FaultKind.RATE_LIMITED,
        ),
        ({"code": "context_length_exceeded"}, 400, FaultKind.CONTEXT),
        ({"type": "server_error", "message": "The prompt is too long."}, 400, FaultKind.CONTEXT),
        ({"type": "invalid_request_error"}, 400, FaultKind.CLIENT),
        ({"type": "authentication_error"}, 401, FaultKind.REFUSED),
        ({"type": "overloaded_error"}, 503, FaultKind.TRANSIENT),
        ({"code": "server_error"}, 502, FaultKind.TRANSIENT),
        ({"code": "400 tokens"}, 502, FaultKind.TRANSIENT),
        ({}, 502, FaultKind.TRANSIENT),
    ],
)
def test_an_error_that_comes_with_status_200_counts_by_what_it_says(
    told: dict[str, object], status: int, kind: FaultKind
) -> None:
    fault = fault_of_said(told, "stream")

    assert (fault.status, fault.kind) == (status, kind)
