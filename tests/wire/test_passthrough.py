"""What is read of calls that are passed through: paths, headers, and usage near the end of an answer."""

from urllib.parse import unquote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.usage import Usage
from router.wire.passthrough import BodyEnds, answer_headers, plain_path, request_headers

JSON = "application/json; charset=utf-8"
STREAM = "text/event-stream"


def heard(*pieces: bytes, content_type: str = JSON) -> BodyEnds:
    listener = BodyEnds(content_type)
    for piece in pieces:
        listener.feed(piece)
    return listener


@given(st.text(alphabet="/.%2eEfFcC5\\?#;ab v1", max_size=20))
def test_a_plain_path_is_read_by_every_server_in_the_same_way(written: str) -> None:
    path = plain_path(f"/v1/{written}")
    if path is not None:
        segments = path.split("/")[1:]
        assert "" not in segments
        assert not {".", ".."} & {segment.partition(";")[0] for segment in segments}
        assert "\\" not in path
        assert unquote(path) == path


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("/v1/files", "/v1/files"),
        ("/v1/files/", "/v1/files"),
        ("/v1/files?a=/../b", "/v1/files"),
        ("/v1/%66iles/a%20b", "/v1/files/a b"),
        ("/v1/files/a%2Fb", None),
        ("/v1/files/%252e%252e/x", None),
        ("/v1/audio/..;/files/x", None),
        ("/v1/audio/.;a=b/files", None),
        ("/v1/audio/a;b=c..;d", "/v1/audio/a;b=c..;d"),
        ("/v1/files/a%0Ab", None),
        ("/v2/files", None),
        ("http://elsewhere/v1/files", None),
        ("/v1", None),
    ],
)
def test_paths_by_example(written: str, read: str | None) -> None:
    assert plain_path(written) == read


def test_headers_of_a_connection_go_no_further() -> None:
    given_headers = [("Connection", "close, X-Hop"), ("X-Hop", "1"), ("TE", "trailers"), ("A", "1")]

    assert request_headers(given_headers) == (("A", "1"),)
    assert answer_headers(given_headers) == (("A", "1"),)


USAGES = [
    ({"prompt_tokens": 7, "total_tokens": 7}, Usage(7)),
    ({"input_tokens": 7, "total_tokens": 7}, Usage(7)),
    ({"prompt_tokens": 7, "completion_tokens": 2}, Usage(7, output_tokens=2)),
    ({"input_tokens": 7, "output_tokens": 2}, Usage(7, output_tokens=2)),
    (
        {
            "type": "tokens",
            "input_tokens": 14,
            "input_token_details": {"text_tokens": 0, "audio_tokens": 14},
            "output_tokens": 45,
        },
        Usage(output_tokens=45, audio_input_tokens=14),
    ),
    ({"type": "duration", "seconds": 3}, None),
    ({"prompt_tokens": -1}, None),
    ({}, None),
]


@pytest.mark.parametrize(("told", "usage"), USAGES)
def test_usage_is_found_behind_an_answer_of_any_length(told: object, usage: Usage | None) -> None:
    answer = orjson.dumps({"model": "m-1", "data": "A" * 200_000, "usage": told})
    pieces = [answer[start : start + 999] for start in range(0, len(answer), 999)]

    assert heard(*pieces).usage == usage
    assert heard(*pieces).model == "m-1"


@pytest.mark.parametrize(("told", "usage"), USAGES)
def test_usage_is_found_in_the_last_event_of_a_stream(told: object, usage: Usage | None) -> None:
    last = orjson.dumps({"type": "transcript.text.done", "text": "so", "usage": told})
    stream = b'data: {"delta":"so","usage":null}\n\ndata: ' + last + b"\n\ndata: [DONE]\n\n"

    assert heard(stream, content_type=STREAM).usage == usage


def test_a_usage_that_stands_in_a_text_is_none() -> None:
    said = orjson.dumps({"text": 'it says "usage": {"prompt_tokens": 9, "total_tokens": 9}'})

    assert heard(said).usage is None


def test_bytes_that_are_no_text_are_not_read() -> None:
    assert heard(b'"usage": {"prompt_tokens": 9}', content_type="audio/mpeg").usage is None


def test_a_form_names_its_model() -> None:
    form = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n\x00\xff\r\n'
        b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\ngpt-4o-transcribe\r\n--x--\r\n'
    )

    assert heard(form, content_type="multipart/form-data; boundary=x").model == "gpt-4o-transcribe"


@given(st.binary(max_size=300), st.sampled_from([JSON, STREAM, "multipart/form-data", ""]))
def test_no_body_is_too_odd_to_go_by(body: bytes, content_type: str) -> None:
    listener = heard(body, b'"usage": {' + body, content_type=content_type)

    assert listener.usage is None or isinstance(listener.usage, Usage)
    assert isinstance(listener.model, str)
