"""Whatever comes over the wire, HTTP or not: it is refused, cheaply, and the server goes on."""

import json
from pathlib import Path

import pytest

from tests.e2e.abuse.refusals import refused, works
from tests.e2e.configs import write_config
from tests.e2e.programs import Farthing, complaints
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import Got, answer_on, chat, connected, get, head, post, raw_exchange, send

MIB = 2**20


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nothing", "/v2/chat/completions"])
def test_an_unknown_path_is_a_404_in_the_same_shape(farthing: Farthing, path: str) -> None:
    for method in ("GET", "POST", "PUT"):
        body = b"{}" if method != "GET" else None
        error = refused(send(farthing.url + path, body, method=method), 404)
        assert path in error["message"]


HEADERS: dict[str, tuple[str, ...]] = {
    "long": ("x-long: " + "a" * 6000,),
    "many": tuple(f"x-{number}: {number}" for number in range(90)),
    "bytes": ("x-odd: \xff\xfe\x80",),
    "empty": ("x-empty:",),
    "the same again": ("x-same: 1", "x-same: 2", "content-type: text/plain", "accept: image/png"),
    "a strange type": ("content-type: ;;;=\xff",),
    "a strange charset": ("content-type: application/json; charset=klingon",),
    "a strange cache-control": ("cache-control: max-age=\xff, ,=,no-store=",),
    "a strange key": ("authorization: \xff Bearer",),
    "tags": ("x-farthing-tags: ,,, ,\t,",),
    "a range": ("range: bytes=0-5", "if-match: x", "if-modified-since: yesterday"),
    "upgrade": ("connection: upgrade", "upgrade: websocket"),
    "a proxy's": ("x-forwarded-for: \0".replace("\0", "x"), "forwarded: for=_x", "via: 1.1 y"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers_that_are_odd_and_legal_change_nothing(farthing: Farthing, name: str) -> None:
    body = json.dumps(chat("What is 6 * 7?", "sim-mid")).encode()
    lines = (*HEADERS[name], f"content-length: {len(body)}")
    got = raw_exchange(farthing.url, head(farthing.url, *lines) + body)
    assert got.status == 200, got
    assert got.text == "6 * 7 = 42"


BROKEN: dict[str, bytes] = {
    "a line of 100 KB": b"x-long: " + b"a" * 100_000,
    "a line without a colon": b"no colon here",
    "a name with a space": b"x odd : 1",
    "a control character": b"x-odd: \x01\x02",
    "two lengths": b"content-length: 2\r\ncontent-length: 3",
    "a length and chunks": b"content-length: 2\r\ntransfer-encoding: chunked",
    "a length in words": b"content-length: many",
    "a length below 0": b"content-length: -1",
    "a length of 100 digits": b"content-length: " + b"9" * 100,
    "an expectation that nobody has": b"content-length: 2\r\nexpect: the unexpected",
    "a coding that nobody has": b"transfer-encoding: shuffled",
}


def broken(farthing: Farthing, name: str) -> Got:
    start = head(farthing.url).removesuffix(b"\r\n")
    return raw_exchange(farthing.url, start + BROKEN[name] + b"\r\n\r\n{}")


@pytest.mark.parametrize("name", BROKEN)
def test_headers_that_are_wrong_are_refused(farthing: Farthing, name: str) -> None:
    refused(broken(farthing, name), 400, 417)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/healthz"), ("GET", "/nowhere"), ("PUT", "/v1/embeddings")]
)
def test_an_expectation_is_not_quoted_wherever_it_is_told(
    farthing: Farthing, method: str, path: str
) -> None:
    got = raw_exchange(farthing.url, head(farthing.url, "expect: tea", method=method, path=path))
    assert refused(got, 417)["code"] == "expectation_failed"
    assert b"tea" not in got.body


def test_a_line_that_is_too_long_is_told_from_what_is_no_http(farthing: Farthing) -> None:
    got = broken(farthing, "a line of 100 KB")
    assert "is longer than the limit of 8190 bytes" in got.error["message"]
    assert broken(farthing, "a line without a colon").error["message"] == (
        "The request is not valid HTTP."
    )


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("host: x\r\n" + "x-odd: 1\r\n" * 200, "Too many headers received"),
        ("host: x\r\nhost: y\r\n", "Duplicate 'Host' header found"),
        ("", "Missing 'Host' header in request"),
    ],
)
def test_what_is_wrong_with_headers_is_said_by_their_names(
    farthing: Farthing, lines: str, why: str
) -> None:
    got = raw_exchange(farthing.url, f"GET /healthz HTTP/1.1\r\n{lines}\r\n".encode())
    assert refused(got, 400)["message"] == f"The request is not valid HTTP: {why}."


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /v1/chat/completions HTTP/9.9\r\nhost: x\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["words", "a method alone", "tls", "http/2", "http/9.9", "no chunk"],
)
def test_what_is_no_http_is_refused(farthing: Farthing, request_bytes: bytes) -> None:
    refused(raw_exchange(farthing.url, request_bytes), 400)


def test_what_is_no_http_has_an_id_of_its_own_each_time(farthing: Farthing) -> None:
    twice = [raw_exchange(farthing.url, b"NO HTTP\r\n\r\n") for _ in range(2)]
    assert len({got.headers["x-request-id"] for got in twice}) == 2


def test_who_expects_what_nobody_has_is_refused_in_the_words_of_its_api(farthing: Farthing) -> None:
    start = head(farthing.url, "content-length: 2", "expect: x", path="/v1/messages")
    got = raw_exchange(farthing.url, start + b"{}")
    assert (got.status, got.json["type"]) == (417, "error")
    assert got.headers["request-id"] == got.headers["x-request-id"] == got.json["request_id"]


def test_a_stream_without_chunks_ends_with_its_connection(farthing: Farthing) -> None:
    """HTTP/1.0 has no chunks: a proxy that asks to keep the connection would wait for more."""
    body = json.dumps(chat("What is 6 * 7?", "sim-mid", stream=True)).encode()
    lines = ("connection: keep-alive", f"content-length: {len(body)}")
    start = head(farthing.url, *lines).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    got = raw_exchange(farthing.url, start + body)
    assert (got.text, got.events[-1]) == ("6 * 7 = 42", "[DONE]")


def test_a_proxy_in_front_is_told_not_to_keep_events(farthing: Farthing) -> None:
    got = post(farthing.base_url, chat("What is 6 * 7?", "sim-mid", stream=True))
    assert got.headers["x-accel-buffering"] == "no"


def test_half_a_request_holds_nobody_up(farthing: Farthing) -> None:
    with connected(farthing.url) as one, connected(farthing.url) as another:
        one.sendall(head(farthing.url, "content-length: 1000") + b'{"model":')
        another.sendall(b"POST /v1/chat/comp")
        works(farthing)


def test_a_clients_nonsense_is_no_accident_of_ours(farthing: Farthing) -> None:
    """Anybody who can connect could fill the log with tracebacks."""
    broken(farthing, "a name with a space")
    assert complaints(farthing.said) == []


def test_no_answer_tells_which_python_and_which_server_this_is(farthing: Farthing) -> None:
    question = chat("What is 6 * 7?", "sim-mid")
    answers = [
        get(f"{farthing.url}/healthz"),
        get(f"{farthing.url}/nothing"),
        post(farthing.base_url, question),
        post(farthing.base_url, {**question, "stream": True}),
        raw_exchange(farthing.url, b"NO HTTP\r\n\r\n"),
    ]
    assert [got.status for got in answers] == [200, 404, 200, 200, 400]
    assert {got.headers["server"] for got in answers} == {"farthing"}


def test_who_connects_and_asks_nothing_is_disconnected_and_who_has_asked_is_not(
    tmp_path: Path, shared_simulator: Simulator
) -> None:
    patience = {"timeouts": {"write_s": 0.5}}
    config = write_config(tmp_path, shared_simulator.base_url, server=patience)
    with (
        Farthing(config) as own,
        connected(own.url) as asking,
        connected(own.url) as silent,
        connected(own.url) as halting,
    ):
        asking.sendall(head(own.url, method="GET", path="/healthz"))
        assert answer_on(asking).status == 200
        halting.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: her")
        assert (silent.recv(1), halting.recv(1)) == (b"", b"")
        asking.sendall(head(own.url, method="GET", path="/healthz"))
        assert answer_on(asking).status == 200
