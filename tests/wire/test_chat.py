"""What comes in at `/v1/chat/completions`: a request that is understood, or a 4xx that says why."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.errors import ApiError
from router.wire.chat import (
    ChatRequest,
    parse_chat,
    refuse_repeats,
    upstream_bytes,
    upstream_fields,
)
from router.wire.dialects.dialect import Dialect
from router.wire.original import Original
from tests.wire.documents import TREES, Written, objects
from tests.wire.requests import FIELDS, USUAL, nested, odd_requests, request_with


def parsed(**fields: Any) -> ChatRequest:
    return parse_chat(orjson.dumps({**USUAL, **fields}))


def refusal(raw: bytes) -> ApiError:
    with pytest.raises(ApiError) as refused:
        parse_chat(raw)
    return refused.value


def outcome(raw: bytes) -> ChatRequest | ApiError:
    try:
        return parse_chat(raw)
    except ApiError as error:
        return error


def refusal_of(**fields: Any) -> ApiError:
    return refusal(orjson.dumps({**USUAL, **fields}))


def test_a_request_is_read_and_its_bytes_are_kept() -> None:
    raw = b' {"model": "auto:cheap", "messages": [{"role": "user", "content": "Hi"}], "n": 2}'
    request = parse_chat(raw)

    assert request.raw is raw
    assert request.asked == "auto:cheap"
    assert request.choices == 2
    assert request.messages == [{"role": "user", "content": "Hi"}]
    assert not request.stream
    assert request.max_output_tokens is None


def test_null_is_as_good_as_absent() -> None:
    request = parsed(stream=None, n=None, tools=None, stream_options=None, max_tokens=None)

    assert (request.stream, request.choices, request.max_output_tokens) == (False, 1, None)


@pytest.mark.parametrize(
    ("limits", "longest"),
    [
        ({"max_tokens": 5}, 5),
        ({"max_completion_tokens": 9}, 9),
        ({"max_tokens": 5, "max_completion_tokens": 9}, 9),
        ({"max_tokens": 9, "max_completion_tokens": 5}, 9),
        ({"max_tokens": None, "max_completion_tokens": 5}, 5),
    ],
)
def test_of_two_limits_the_larger_counts_since_a_server_may_know_either(
    limits: dict[str, int | None], longest: int
) -> None:
    assert parsed(**limits).max_output_tokens == longest


def test_both_limits_are_lowered_to_what_a_model_can_write() -> None:
    request = parsed(max_tokens=32000, max_completion_tokens=5).asking_at_most(500)
    assert (request.body["max_tokens"], request.body["max_completion_tokens"]) == (500, 5)


def test_an_answer_is_asked_for_that_is_no_longer_and_nothing_else_changes() -> None:
    raw = (
        b' {"max_tokens" : 32000, "model":"m", "messages":[{"role":"user","content":"Caf\\u00e9"}]}'
    )
    request = parse_chat(raw).asking_at_most(500)

    assert request.raw == raw.replace(b"32000", b"500")
    assert request.max_output_tokens == request.body["max_tokens"] == 500
    assert request.asking_at_most(500) == request


def test_fields_that_nobody_knows_yet_are_let_through() -> None:
    assert parsed(reasoning_depth={"of": ["tomorrow"]}).body["reasoning_depth"]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b'{"model": "caf\xe9"}', "not valid JSON"),
        (b'{"model": NaN}', "not valid JSON"),
        (b'{"model": Infinity}', "not valid JSON"),
        (b'{"temperature": 1e999}', "not valid JSON"),
        (b'{"model": "auto",}', "not valid JSON"),
        (b'{"model": "\\ud800"}', "not valid JSON"),
        (b"null", "must be a JSON object, not null"),
        (b"[]", "must be a JSON object, not an empty array"),
        (b'"auto"', "must be a JSON object, not a string"),
        (b"-1.5", "must be a JSON object, not -1.5"),
    ],
)
def test_what_is_no_json_object_is_refused(raw: bytes, message: str) -> None:
    error = refusal(raw)

    assert (error.status, error.code) == (400, "invalid_json")
    assert message in error.message


@pytest.mark.parametrize("field", ["model", "messages"])
def test_what_is_missing_is_named(field: str) -> None:
    without = {name: value for name, value in USUAL.items() if name != field}

    for raw in (orjson.dumps(without), orjson.dumps({**without, field: None})):
        error = refusal(raw)
        assert (error.status, error.code, error.param) == (400, "missing_required_parameter", field)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("model", 5, "'model' must be a model's name of at most 256 characters, not 5."),
        (
            "model",
            "",
            "'model' must be a model's name of at most 256 characters, not an empty string.",
        ),
        (
            "model",
            "m" * 257,
            "'model' must be a model's name of at most 256 characters, not a string of 257 characters.",
        ),
        ("messages", "Hi", "'messages' must be a non-empty array of messages, not a string."),
        ("messages", [], "'messages' must be a non-empty array of messages, not an empty array."),
        ("stream", "yes", "'stream' must be true or false, not a string."),
        ("stream", 1, "'stream' must be true or false, not 1."),
        (
            "stream_options",
            [],
            "'stream_options' must be an object without objects or arrays in it, not an empty array.",
        ),
        ("n", 0, "'n' must be a whole number >= 1, not 0."),
        ("n", True, "'n' must be a whole number >= 1, not true."),
        ("n", 1.0, "'n' must be a whole number >= 1, not 1.0."),
        ("n", 2**64, "'n' must be a whole number >= 1, not 1.8446744073709552e+19."),
        ("max_tokens", "9", "'max_tokens' must be a whole number >= 1, not a string."),
        ("temperature", "hot", "'temperature' must be a number >= 0, not a string."),
        ("temperature", False, "'temperature' must be a number >= 0, not false."),
        ("tools", {"a": 1}, "'tools' must be an array of tools, not an object."),
        ("response_format", "json", "'response_format' must be an object, not a string."),
        ("logprobs", 3, "'logprobs' must be true or false, not 3."),
    ],
)
def test_a_wrong_type_names_the_field_and_what_would_be_right(
    field: str, value: Any, message: str
) -> None:
    raw = (
        orjson.dumps({**USUAL, field: value})
        if value != 2**64
        else request_with(field, b"18446744073709551616")
    )
    error = refusal(raw)

    assert (error.status, error.code, error.param) == (400, "invalid_value", field)
    assert error.message == message


def test_a_tool_that_is_none_is_named_by_its_place() -> None:
    error = refusal_of(tools=[{"type": "function"}, "search"])

    assert (error.status, error.code, error.param) == (400, "invalid_value", "tools[1]")
    assert error.message == "'tools[1]' must be an object, not a string."


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        (["Hi"], "messages[0]"),
        ([None], "messages[0]"),
        ([{}], "messages[0].role"),
        ([{"role": "user"}, {"content": "Hi"}], "messages[1].role"),
        ([{"role": ""}], "messages[0].role"),
        ([{"role": 5, "content": "Hi"}], "messages[0].role"),
        ([{"role": "user", "content": {"text": "Hi"}}], "messages[0].content"),
        ([{"role": "user", "content": 5}], "messages[0].content"),
        ([{"role": "user", "content": ["Hi"]}], "messages[0].content[0]"),
        ([{"role": "user", "content": [{"type": "text"}, {}]}], "messages[0].content[1].type"),
        ([{"role": "user", "content": [{"type": 5}]}], "messages[0].content[0].type"),
    ],
)
def test_a_wrong_message_is_named_by_its_place(messages: list[Any], param: str) -> None:
    error = refusal_of(messages=messages)

    assert (error.status, error.param) == (400, param)
    assert f"'{param}'" in error.message


def test_an_error_repeats_no_text_of_the_prompt() -> None:
    secret = "my pin is 4711"

    for wrong in ({"messages": secret}, {"messages": [{"role": "user", "content": [secret]}]}):
        assert secret not in refusal_of(**wrong).message
    assert secret not in refusal(b'{"messages": "' + secret.encode() + b'"').message


@pytest.mark.parametrize("depth", [200, 253, 254, 255, 500, 1000, 1020, 1100, 100_000])
@pytest.mark.parametrize("field", [*FIELDS, "x"])
def test_deep_nesting_is_carried_or_refused(field: str, depth: int) -> None:
    for value in (nested(depth), b'[{"role": "user", "tool_calls": ' + nested(depth) + b"}]"):
        request = outcome(request_with(field, value))
        if isinstance(request, ChatRequest):
            upstream_bytes(request, "other", ask_usage=True)


def test_what_json_readers_refuse_to_descend_into_is_refused_with_400() -> None:
    assert refusal(request_with("metadata", b'{"a":' + nested(1100) + b"}")).code == "invalid_json"


@given(raw=st.binary() | objects().map(lambda document: document.raw) | TREES.map(orjson.dumps))
def test_any_bytes_are_a_request_or_an_error_of_the_client(raw: bytes) -> None:
    assert isinstance(outcome(raw), ChatRequest | ApiError)


@given(body=odd_requests())
def test_any_object_is_a_request_or_an_error_of_the_client(body: dict[str, Any]) -> None:
    match outcome(orjson.dumps(body)):
        case ApiError() as error:
            assert error.status == 400
            assert error.param
            assert len(error.message) < 200
        case request:
            assert request.choices >= 1
            assert (request.max_output_tokens or 1) >= 1


def test_the_upstream_gets_the_very_bytes_where_nothing_has_to_change() -> None:
    raw = b'{"model":"gpt-6" , "messages":[{"role":"user","content":"\\u0048i"}],"model" :"gpt-6"}'

    assert upstream_bytes(parse_chat(raw), "gpt-6", ask_usage=True) is raw


def test_only_the_models_name_changes_for_an_upstream_that_calls_it_otherwise() -> None:
    raw = b'{ "messages":[{"role":"user","content":"Hi"}],  "model":"auto" }'

    assert upstream_bytes(parse_chat(raw), "llama", ask_usage=True) == raw.replace(
        b"auto", b"llama"
    )


@pytest.mark.parametrize("options", [None, {}, {"include_usage": True}])
@pytest.mark.parametrize("stream", [None, False, True])
def test_in_one_piece_nothing_of_a_stream_is_asked_for(stream: bool | None, options: Any) -> None:
    request = parsed(stream=stream, stream_options=options, farthing={"receipt": True})

    sent = orjson.loads(upstream_bytes(request, "other", ask_usage=True, is_whole=True))

    assert sent == {**USUAL, "model": "other", "stream": False if stream else stream}
    assert upstream_fields(request, is_whole=True).keys() == {*USUAL}
    assert upstream_fields(request).keys() == request.body.keys() - {"farthing"}


def test_what_is_asked_in_one_piece_keeps_its_bytes() -> None:
    raw = b'{"model":"auto" ,"stream" : true,"stream_options":{"include_usage":true},"temperature":1.0}'
    raw = raw[:-1] + b',"messages":[{"role":"user","content":"\\u0048i"}]}'

    assert upstream_bytes(parse_chat(raw), "auto", ask_usage=True, is_whole=True) == (
        b'{"model":"auto" ,"stream" : false,"temperature":1.0'
        b',"messages":[{"role":"user","content":"\\u0048i"}]}'
    )


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        (None, {"include_usage": True}),
        ({}, {"include_usage": True}),
        ({"include_usage": False, "x": 1}, {"include_usage": True, "x": 1}),
        ({"include_usage": True}, {"include_usage": True}),
    ],
)
def test_a_stream_is_asked_for_its_usage(options: Any, sent: dict[str, Any]) -> None:
    request = parsed(stream=True, stream_options=options)

    asking = orjson.loads(upstream_bytes(request, "auto", ask_usage=True))
    silent = upstream_bytes(request, "auto", ask_usage=False)

    assert asking == {**USUAL, "stream": True, "stream_options": sent}
    assert silent is request.raw
    assert request.wants_usage == (options == {"include_usage": True})


@given(extra=objects(st.sampled_from(["x", 'a"model', "metadatum", "content"])))
def test_the_upstream_gets_the_same_document_with_another_name(extra: Written) -> None:
    head, _, rest = extra.raw.partition(b"{")
    comma = b"," if extra.keys else b""
    raw = head + orjson.dumps(USUAL)[:-1] + comma + rest

    sent = upstream_bytes(parse_chat(raw), "other", ask_usage=False)

    assert sent == raw.replace(b'"auto"', b'"other"', 1)
    assert orjson.loads(sent) == {**orjson.loads(raw), "model": "other"}


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (b'"max_tokens":9000,"max_tokens":50', "max_tokens"),
        (b'"max_tokens":9000,"max\\u005ftokens":50', "max_tokens"),
        (b'"max_completion_tokens":9000,"x":1,"max_completion_tokens":50', "max_completion_tokens"),
        (b'"n":8,"n":1', "n"),
    ],
)
def test_a_limit_that_is_written_twice_is_refused(written: bytes, name: str) -> None:
    """We read the last one; an upstream that reads the first would be paid for more than was reserved."""
    raw = b'{"model":"m","messages":[{"role":"user","content":"Hi"}],%s}' % written
    request = parse_chat(raw)
    with pytest.raises(ApiError) as refused:
        refuse_repeats(request)

    assert (refused.value.status, refused.value.param) == (400, name)
    assert refused.value.message == f"'{name}' is given more than once."


def test_of_a_request_in_another_api_the_clients_own_bytes_are_looked_at() -> None:
    raw = b'{"model":"m","input":"Hi","max_output_tokens":9000,"max_output_tokens":50}'
    original = Original(Dialect.RESPONSES, raw, orjson.loads(raw))
    with pytest.raises(ApiError, match="'max_output_tokens' is given more than once"):
        refuse_repeats(parse_chat(orjson.dumps(USUAL), original=original))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"max_tokens": 50, "metadata": {"max_tokens": "9000"}},
        {"n": 1, "tools": [{"type": "function", "function": {"name": "n", "x": {"n": {}}}}]},
        {"max_tokens": 50, "user": 'quotes "max_tokens": 9000 and \\u005f'},
    ],
)
def test_the_same_name_deeper_down_or_in_a_text_is_no_repetition(fields: dict[str, Any]) -> None:
    refuse_repeats(parsed(**fields))
