"""Whatever a body says: a 4xx in OpenAI's shape that names the field, and a server that goes on."""

import gzip
import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.abuse.refusals import refused
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Canned, FixedUpstream, Simulator
from tests.e2e.wire import chat, post

INVALID: dict[str, bytes] = {
    "empty": b"",
    "white space": b" \n\t ",
    "half an object": b'{"model":"auto","messages":[',
    "words": b"hello",
    "an array": b'[{"model":"auto"}]',
    "a string": b'"auto"',
    "a number": b"5",
    "null": b"null",
    "a comment": b'{"model":"auto"} // and so on',
    "two documents": b'{"model":"auto"}{"model":"auto"}',
    "a trailing comma": b'{"model":"auto",}',
    "single quotes": b"{'model':'auto'}",
    "NaN": b'{"model":"auto","messages":[{"role":"user","content":"Hi"}],"temperature":NaN}',
    "Infinity": b'{"model":"auto","messages":[{"role":"user","content":"Hi"}],"top_p":Infinity}',
    "-Infinity": b'{"model":"auto","messages":[{"role":"user","content":"Hi"}],"n":-Infinity}',
    "not utf-8": b'{"model":"auto","messages":[{"role":"user","content":"\xff\xfe"}]}',
    "utf-16": '{"model":"auto","messages":[{"role":"user","content":"Hi"}]}'.encode("utf-16"),
    "half a surrogate pair": b'{"model":"auto","messages":[{"role":"user","content":"\\ud83d"}]}',
    "the other half": b'{"model":"auto","messages":[{"role":"user","content":"\\ude00 x"}]}',
    "a bare control character": b'{"model":"auto","messages":[{"role":"user","content":"\0"}]}',
    "a form": b"model=auto&messages=hello",
    "100,000 arrays": b'{"model":"auto","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "100,000 objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "100,000 arrays, open": b"[" * 100_000,
}


@pytest.mark.parametrize("name", INVALID)
def test_what_is_no_json_object(farthing: Farthing, name: str) -> None:
    error = refused(post(farthing.base_url, INVALID[name]), 400)
    assert error["code"] == "invalid_json"
    assert len(error["message"]) < 300


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (INVALID["utf-16"], "it is encoded in UTF-16 or UTF-32 instead of UTF-8"),
        ('{"a":1}'.encode("utf-16-be"), "it is encoded in UTF-16 or UTF-32 instead of UTF-8"),
        ('{"a":"é"}'.encode("latin-1"), "it is not encoded in UTF-8, as byte 6 shows"),
        (gzip.compress(b"{}", mtime=0), "it is compressed, and no Content-Encoding says so"),
    ],
)
def test_what_is_no_text_is_told_as_what_it_is(farthing: Farthing, body: bytes, why: str) -> None:
    error = refused(post(farthing.base_url, body), 400)
    assert error["message"] == f"The request body is not valid JSON: {why}."


VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "0": 0,
    "-1": -1,
    "1.5": 1.5,
    "2**64": 2**64,
    "10**40": 10**40,
    "text": "x",
    "no text": "",
    "zeros": "a\0b",
    "an array": [],
    "array of text": ["x"],
    "array of numbers": [1, None, True],
    "array of arrays": [[], [[]]],
    "array of objects": [{}],
    "an object": {},
    "object": {"x": 1, "type": 5, "function": 5, "name": []},
}
FIELDS = (
    "model messages stream stream_options n max_tokens max_completion_tokens temperature top_p"
    " tools tool_choice response_format metadata logprobs top_logprobs stop seed user functions"
    " function_call modalities audio prediction reasoning_effort service_tier store logit_bias"
    " presence_penalty parallel_tool_calls web_search_options"
).split()
FIELDS_OF_A_MESSAGE = (
    "role content name tool_calls tool_call_id refusal audio function_call".split()
)


def complete(farthing: Farthing, bodies: Iterator[tuple[str, Any]]) -> list[str]:
    """Send all of these on one connection; wrong answers, in words."""
    at, wrong = urlsplit(farthing.url), []
    with closing(http.client.HTTPConnection(at.hostname or "", at.port, timeout=10)) as connection:
        for name, body in bodies:
            connection.request("POST", "/v1/chat/completions", json.dumps(body).encode())
            answer = connection.getresponse()
            content = answer.read()
            if answer.status >= 500 or (answer.status >= 400 and b'{"error":' not in content[:9]):
                wrong.append(f"{name}: {answer.status} {content[:200]!r}")
    return wrong


def test_no_value_of_any_field_is_our_failing(farthing: Farthing) -> None:
    wrong = complete(
        farthing,
        (
            (f"{field}={name}", {**chat("Hello", "sim-mid"), field: value})
            for field in FIELDS
            for name, value in VALUES.items()
        ),
    )
    assert wrong == []


@pytest.mark.parametrize("role", ["user", "assistant", "tool", "system"])
def test_no_value_of_any_field_of_a_message_is_our_failing(farthing: Farthing, role: str) -> None:
    message = {"role": role, "content": "Hello", "tool_call_id": "1"}
    wrong = complete(
        farthing,
        (
            (f"{field}={name}", {"model": "auto", "messages": [{**message, field: value}]})
            for field in FIELDS_OF_A_MESSAGE
            for name, value in VALUES.items()
        ),
    )
    assert wrong == []


PLACES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "a message": lambda value: {"messages": [value]},
    "a part": lambda value: {"messages": [{"role": "user", "content": [value]}]},
    "text of a part": lambda value: {
        "messages": [{"role": "user", "content": [{"type": "text", "text": value}]}]
    },
    "type of a part": lambda value: {
        "messages": [{"role": "user", "content": [{"type": value, "text": "x"}]}]
    },
    "a picture": lambda value: {
        "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": value}]}]
    },
    "a call": lambda value: {
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "tool_calls": [value]},
        ]
    },
    "a called function": lambda value: {
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "tool_calls": [{"id": "1", "function": value}]},
        ]
    },
    "a tool": lambda value: {"tools": [value]},
    "a function": lambda value: {"tools": [{"type": "function", "function": value}]},
    "a function's name": lambda value: {
        "tools": [{"type": "function", "function": {"name": value, "parameters": value}}]
    },
    "a format": lambda value: {"response_format": {"type": value}},
    "a schema": lambda value: {"response_format": {"type": "json_schema", "json_schema": value}},
    "usage options": lambda value: {"stream": True, "stream_options": {"include_usage": value}},
}


@pytest.mark.parametrize("place", PLACES)
def test_no_value_inside_is_our_failing(farthing: Farthing, place: str) -> None:
    made = PLACES[place]
    wrong = complete(
        farthing,
        (
            (f"{place}={name}", {**chat("Hello", "auto"), **made(value)})
            for name, value in VALUES.items()
        ),
    )
    assert wrong == []


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"model": None}, "model"),
        ({"model": 5}, "model"),
        ({"model": ""}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "Hello"}, "messages"),
        ({"messages": [5]}, "messages[0]"),
        ({"messages": [{"role": "user", "content": "Hi"}, None]}, "messages[1]"),
        ({"messages": [{"content": "Hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": ["Hi"]}]}, "messages[0].content[0]"),
        ({"stream": "yes"}, "stream"),
        ({"n": 0}, "n"),
        ({"n": -1}, "n"),
        ({"n": True}, "n"),
        ({"n": 1.5}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": -5}, "max_tokens"),
        ({"max_tokens": 10**30}, "max_tokens"),
        ({"max_completion_tokens": "many"}, "max_completion_tokens"),
        ({"temperature": "warm"}, "temperature"),
        ({"tools": {}}, "tools"),
        ({"tools": ["hammer"]}, "tools[0]"),
        ({"stream_options": []}, "stream_options"),
        ({"response_format": "json"}, "response_format"),
        ({"logprobs": 5}, "logprobs"),
    ],
)
def test_the_field_at_fault_is_named(
    farthing: Farthing, simulator: Simulator, changes: dict[str, Any], param: str
) -> None:
    asked = sum(simulator.counters[model].requests for model in simulator.counters)
    body = {name: value for name, value in {**chat("Hi"), **changes}.items() if value is not None}
    error = refused(post(farthing.base_url, body), 400)
    assert error["param"] == param
    assert param in error["message"]
    assert sum(simulator.counters[model].requests for model in simulator.counters) == asked


def test_a_name_that_is_written_ten_thousand_times_is_the_clients_own_fault(
    farthing: Farthing, fixed: FixedUpstream
) -> None:
    asked = len(fixed.arrived)
    told = '"model":"gpt-fixed","messages":[{"role":"user","content":"Hi"}]'
    again = ',"model":"gpt-fixed"' * 10_000
    body = f"{{{told}{again}}}".encode()
    assert "too many fields" in refused(post(farthing.base_url, body), 400)["message"]
    assert len(fixed.arrived) == asked


@pytest.mark.parametrize("field", ["metadata", "tools", "response_format"])
@pytest.mark.parametrize("stream", ["false", "true"])
def test_nesting_that_a_parser_takes_goes_through(
    farthing: Farthing, fixed: FixedUpstream, field: str, stream: str
) -> None:
    answer = {"choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}]}
    fixed.answer = Canned((json.dumps(answer).encode(),))
    if stream == "true":
        end = {"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]}
        event = b"data: " + json.dumps(end).encode() + b"\n\n"
        fixed.answer = Canned((event, b"data: [DONE]\n\n"), "text/event-stream")
    for levels in (200, 260, 500, 1000):
        deep = "[" * levels + "]" * levels
        value = f'[{{"type":"x","x":{deep}}}]' if field == "tools" else f'{{"x":{deep}}}'
        told = '"model":"gpt-fixed","messages":[{"role":"user","content":"Hi"}]'
        got = post(farthing.base_url, f'{{{told},"stream":{stream},"{field}":{value}}}'.encode())
        assert got.status == 200, (levels, got)
        assert deep.encode() in fixed.arrived[-1].body


@pytest.mark.parametrize(
    "text",
    [
        "A. x\n" * 50_000,
        "1+1" * 100_000,
        "$" * 200_000,
        "```" * 50_000,
        " " * 300_000,
        "\n" * 300_000,
        "a" * 300_000,
        "\u0300" * 100_000,
        "\U0001f469\u200d" * 50_000,
        "<|endoftext|>" * 20_000,
        "\\" * 200_000,
        '"model":"auto",' * 20_000,
    ],
    ids=lambda text: repr(text[:8]),
)
def test_no_prompt_takes_long_to_understand(farthing: Farthing, text: str) -> None:
    # The decision alone is asked for: how long a model takes is another matter.
    ask, dry = chat(text, "auto"), {"x-farthing-dry-run": "true"}
    took_s = []
    for _ in range(2):
        began_s = time.monotonic()
        assert post(farthing.base_url, ask, dry).status == 200
        took_s.append(time.monotonic() - began_s)
    assert min(took_s) < 0.5
