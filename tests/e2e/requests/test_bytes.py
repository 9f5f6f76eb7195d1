"""What is forwarded is what was sent, byte for byte, both ways."""

import json
import re

import pytest

from tests.e2e.configs import FIXED_NAME
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Canned, FixedUpstream, Simulator
from tests.e2e.wire import chat, post

# Odd but legal: white space, key order, escapes, 1.0 next to 1 and 1e0, a decoy of the model's name.
ODD = r"""
 {
	"stream" :false, "temperature": 1.0 ,"top_p":1 , "x-one":1e0,
  "messages":[{"role":"user"
     ,"content":"caf\u00e9 \"model\": \"auto\" \ud83d\ude00 \/ ü"},{"role":"user","content":"Hello"}],
  "x-big": 123456789012345678901234567890, "x-neg":-0.0, "x-small": 1E-7,
  "metadata":{"model":"auto","nested":{"model":"auto"}}, "model"  :  "auto"  , "user":""
 }
""".encode()
ANSWER = (
    b' {"id" : "chatcmpl-1",\r\n"object":"chat.completion", "created":1,"model":"fix\\u0065d",\n'
    b'"odd":1.0,"big":123456789012345678901234567890,"choices":[{"index":0,"finish_reason":"stop",'
    b'"message":{"role":"assistant","content":"caf\\u00e9 \xc3\xbc \\/"}}],"usage":'
    b'{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5.0,"more":{"x":1}}}\n\n '
)
CRLF_STREAM = (
    b": hello from the upstream\r\n\r\n",
    b"retry: 3000\r\nevent: message\r\nid: 1\r\n",
    b'data:{"choices":[{"index":0,"delta":{"role":"assistant"}}],"x":1.0}\r\n\r\n',
    b'data: {"choices" : [{"index":0,"delta":{"content":"H\\u0069"}}]}\r\n\r\n: still there\r\n\r\n',
    b'data: {"choices":[{"index":0,"delta":{"content":" \xc3',
    b'\xbc"}}]}\r\n\r\ndata: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\r',
    b'\n\r\ndata: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\r\n\r\n',
    b"data: [DONE]\r\n\r\n",
)
LF_STREAM = tuple(piece.replace(b"\r", b"") for piece in CRLF_STREAM)
NAME = json.dumps(FIXED_NAME).encode()
OUR_REMARK = re.compile(rb": farthing [^\n]*\n\n")


def renamed(body: bytes, old: bytes, new: str) -> bytes:
    assert body.count(old) == 1
    return body.replace(old, old.replace(b'"auto"', json.dumps(new).encode()))


def test_the_upstream_gets_the_clients_bytes_but_for_the_models_name(
    farthing: Farthing, simulator: Simulator
) -> None:
    sent = ODD.replace(b'"user":""', b'"user":"one"')
    got = post(farthing.base_url, sent, {"cache-control": "no-store"})
    assert got.status == 200
    model = got.headers["x-farthing-model"]
    expected = renamed(sent, b'"model"  :  "auto"', model)
    assert simulator.call_with(b'"user":"one"').body == expected


def test_a_name_that_the_upstream_shares_leaves_every_byte(
    farthing: Farthing, simulator: Simulator
) -> None:
    sent = ODD.replace(b'"model"  :  "auto"', b'"model"  :  "sim-mid"')
    sent = sent.replace(b'"user":""', b'"user":"two"')
    assert post(farthing.base_url, sent).status == 200
    assert simulator.call_with(b'"user":"two"').body == sent


def test_the_upstreams_own_name_stands_in_the_request(
    farthing: Farthing, fixed: FixedUpstream
) -> None:
    fixed.answer = Canned((ANSWER,))
    sent = ODD.replace(b'"model"  :  "auto"', b'"model"  :  "gpt-fixed"')
    assert post(farthing.base_url, sent).status == 200
    (arrived,) = fixed.arrived
    assert arrived.path == "/v1/chat/completions"
    assert arrived.body == sent.replace(b'"gpt-fixed"', NAME)


def test_a_key_written_in_escapes_is_the_one_that_changes(
    farthing: Farthing, fixed: FixedUpstream
) -> None:
    fixed.answer = Canned((ANSWER,))
    sent = (
        rb'{"mod\u0065l":"gpt-fixed","messages":[{"role":"user","content":"Hi"}],'
        rb'"metadata":{"model":"gpt-fixed"}}'
    )
    assert post(farthing.base_url, sent).status == 200
    assert json.loads(fixed.arrived[0].body) == {
        **json.loads(sent),
        "model": FIXED_NAME,
    }


def test_of_a_key_that_stands_twice_nobody_reads_another_value(
    farthing: Farthing, fixed: FixedUpstream
) -> None:
    fixed.answer = Canned((ANSWER,))
    sent = b'{"model":"auto","messages":[{"role":"user","content":"Hi"}],"model":"gpt-fixed"}'
    assert post(farthing.base_url, sent).status == 200
    # Some parsers take the first of two, some the last: whichever, it is the model chosen here.
    values = re.findall(rb'"model":("[^"]*")', fixed.arrived[0].body)
    assert set(values) == {NAME}


def test_a_stream_is_asked_for_its_usage_and_nothing_else_changes(
    farthing: Farthing, simulator: Simulator
) -> None:
    sent = json.dumps(chat("Hello", "sim-mid", stream=True, user="three"), indent=1).encode()
    got = post(farthing.base_url, sent)
    assert got.events[-1] == "[DONE]"
    assert all(chunk["choices"] for chunk in got.chunks)
    body = simulator.call_with(b'"three"').body or b""
    assert json.loads(body) == {**json.loads(sent), "stream_options": {"include_usage": True}}
    assert sent.removeprefix(b"{") in body


@pytest.mark.parametrize("options", [None, {}, {"include_usage": False, "odd": 1}])
def test_a_client_that_says_it_wants_no_usage_gets_none(
    farthing: Farthing, simulator: Simulator, options: dict[str, object] | None
) -> None:
    ask = chat("Hello", "sim-mid", stream=True, stream_options=options, user=f"four {options}")
    got = post(farthing.base_url, ask)
    assert all(chunk["choices"] for chunk in got.chunks)
    wanted = {**(options or {}), "include_usage": True}
    body = simulator.call_with(f"four {options}".encode()).body or b""
    assert json.loads(body)["stream_options"] == wanted


def test_a_plain_answer_comes_back_byte_for_byte(farthing: Farthing, fixed: FixedUpstream) -> None:
    fixed.answer = Canned((ANSWER[:7], ANSWER[7:100], ANSWER[100:]))
    got = post(farthing.base_url, chat("Hello", "fixed"))
    assert got.body == ANSWER
    assert got.headers["content-type"] == "application/json"


@pytest.mark.parametrize("pieces", [LF_STREAM, CRLF_STREAM], ids=["lf", "crlf"])
def test_a_streams_events_come_back_byte_for_byte(
    farthing: Farthing, fixed: FixedUpstream, pieces: tuple[bytes, ...]
) -> None:
    fixed.answer = Canned(pieces, "text/event-stream; charset=utf-8")
    asks = chat("Hello", "fixed", stream=True, stream_options={"include_usage": True})
    got = post(farthing.base_url, asks)
    assert got.status == 200
    assert got.headers["content-type"].startswith("text/event-stream")
    assert OUR_REMARK.sub(b"", got.body) == b"".join(pieces)


def test_hiding_the_usage_takes_that_event_and_no_other_byte(
    farthing: Farthing, fixed: FixedUpstream
) -> None:
    fixed.answer = Canned(LF_STREAM, "text/event-stream")
    got = post(farthing.base_url, chat("Hello", "fixed", stream=True))
    whole = b"".join(LF_STREAM)
    hidden = b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n'
    assert hidden in whole
    assert OUR_REMARK.sub(b"", got.body) == whole.replace(hidden, b"")


def test_a_stream_without_its_last_empty_line_or_done_is_ended_in_order(
    farthing: Farthing, fixed: FixedUpstream
) -> None:
    fixed.answer = Canned(LF_STREAM[:-1], "text/event-stream")
    got = post(farthing.base_url, chat("Hello", "fixed", stream=True))
    assert got.text == "Hi ü"
    assert got.events[-1] == "[DONE]"


@pytest.mark.parametrize(
    "oddity",
    [
        "crlf",
        "comments",
        "missing_space",
        "event_id_lines",
        "byte_by_byte",
        "split_utf8",
        "no_done",
        "double_done",
        "no_usage",
        "wrong_finish",
        "wrong_model",
        "delay,seconds=0.1",
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_an_odd_but_whole_answer_says_the_same(
    farthing: Farthing, oddity: str, stream: bool
) -> None:
    ask = chat("Describe a café in “Zürich” in a few words", "sim-mid", stream=stream)
    usual = post(farthing.base_url, ask)
    odd = post(farthing.base_url, {**ask, "metadata": {"simulate": oddity}})
    assert odd.status == 200
    assert odd.text == usual.text != ""
    if stream:
        assert odd.events.count("[DONE]") == 1
        assert odd.events[-1] == "[DONE]"


@pytest.mark.parametrize("stream", [False, True])
def test_a_long_answer_comes_whole(farthing: Farthing, stream: bool) -> None:
    huge = chat("Hello", "sim-mid", stream=stream, metadata={"simulate": "huge,mb=4"})
    got = post(farthing.base_url, huge)
    assert got.status == 200
    assert got.text.count(".") >= 4 * 2**20


def test_the_clients_own_headers_and_keys_stay_here(
    farthing: Farthing, fixed: FixedUpstream
) -> None:
    fixed.answer = Canned((ANSWER,))
    private = {
        "authorization": "Bearer the-clients-own",
        "cookie": "session=1",
        "x-simulate": "status",
        "openai-organization": "org-1",
    }
    assert post(farthing.base_url, chat("Hello", "fixed"), private).status == 200
    seen = {name.lower() for name in fixed.arrived[0].headers}
    assert not seen & set(private)
