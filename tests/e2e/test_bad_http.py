"""Whatever comes over the wire, HTTP or not: it is refused, cheaply, and the server goes on."""

import gzip
import json
import socket
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.configs import write_config
from tests.e2e.programs import Farthing, complaints
from tests.e2e.refusals import refused, works
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import Got, answer_on, chat, connected, get, head, post, raw_exchange, send

MIB = 2**20


@pytest.fixture(scope="module")
def farthing(abused: Farthing) -> Farthing:
    return abused


@pytest.fixture(autouse=True)
def _it_still_works(farthing: Farthing) -> Iterator[None]:
    yield
    works(farthing)


def test_a_body_of_another_encoding(farthing: Farthing) -> None:
    body = json.dumps(chat("What is 6 * 7?", "sim-mid")).encode()
    zipped = post(farthing.base_url, gzip.compress(body, mtime=0), {"content-encoding": "gzip"})
    deflated = post(farthing.base_url, zlib.compress(body), {"content-encoding": "deflate"})
    for got in (zipped, deflated):
        assert got.text == "6 * 7 = 42"


def test_bodies_that_are_packed_in_other_ways_than_usual(farthing: Farthing) -> None:
    """Without zlib's header, as .NET's DeflateStream does; in two members; with a coding that is none."""
    body = json.dumps(chat("What is 6 * 7?", "sim-mid")).encode()
    packer = zlib.compressobj(wbits=-15)
    bare, zipped = packer.compress(body) + packer.flush(), gzip.compress(body, mtime=0)
    two = gzip.compress(body[:20], mtime=0) + gzip.compress(body[20:], mtime=0)
    ways = [("deflate", bare), ("gzip", two), ("identity, gzip", zipped)]
    for coding, packed in ways:
        assert post(farthing.base_url, packed, {"content-encoding": coding}).text == "6 * 7 = 42"


def test_two_codings_on_two_lines_are_two(farthing: Farthing) -> None:
    body = gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0)
    lines = ("content-encoding: gzip", "content-encoding: gzip", f"content-length: {len(body)}")
    refused(raw_exchange(farthing.url, head(farthing.url, *lines) + body), 415)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"not zipped at all"),
        ("gzip", gzip.compress(b'{"model":"auto"', mtime=0)[:-9]),
        ("gzip", gzip.compress(b'{"model":"auto"}', mtime=0) + b"and more"),
        ("gzip", gzip.compress(b"", mtime=0) * 1000),
        ("deflate", b"\x00\x01\x02"),
        ("deflate", b""),
        ("br", b"not brotli"),
        ("zstd", b"not zstandard"),
        ("nonsense", b"\x1f\x8b"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0)),
    ],
)
def test_a_body_that_is_not_what_its_encoding_says(
    farthing: Farthing, encoding: str, body: bytes
) -> None:
    refused(post(farthing.base_url, body, {"content-encoding": encoding}), 400, 415)


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (("content-encoding: deflate", "content-length: 3"), b"\x00\x01\x02"),
        (("content-encoding: gzip", "content-length: 6"), b"no zip"),
    ],
    ids=["no deflate", "no gzip"],
)
def test_a_body_that_turns_out_wrong_is_answered(
    farthing: Farthing, lines: tuple[str, ...], body: bytes
) -> None:
    """It comes when Farthing waits for it already, which is another way through an HTTP server."""
    with connected(farthing.url) as connection:
        connection.sendall(head(farthing.url, *lines, "expect: 100-continue"))
        told = connection.recv(1000)
        if told.startswith(b"HTTP/1.1 100 "):
            connection.sendall(body)
            connection.settimeout(3)
            told = connection.recv(1000)
    assert told.startswith(b"HTTP/1.1 4")


def a_bomb(mib: int) -> bytes:
    packer = zlib.compressobj(1, wbits=31)
    zeros = b"0" * MIB
    parts = [packer.compress(b'{"model":"auto","messages":"')]
    parts += [packer.compress(zeros) for _ in range(mib)]
    return b"".join([*parts, packer.flush()])


def test_a_body_that_unpacks_to_a_gigabyte_costs_neither_memory_nor_time(
    farthing: Farthing,
) -> None:
    before, bomb = farthing.rss_bytes(), a_bomb(1024)
    for _ in range(2):
        refused(post(farthing.base_url, bomb, {"content-encoding": "gzip"}), 400, 413, 415)
        began_s = time.monotonic()
        assert get(f"{farthing.url}/healthz").status == 200
        assert time.monotonic() - began_s < 0.5
    assert farthing.rss_bytes() - before < 100 * MIB


def test_a_body_of_ten_million_values_costs_neither_memory_nor_time(farthing: Farthing) -> None:
    values = b"[]," * (30 * MIB // 3)
    told = b'{"model":"auto","messages":[{"role":"user","content":"Hi"}],"x":[%b1]}' % values
    before, packed = farthing.rss_bytes(), zlib.compress(told)
    for path in ("chat/completions", "responses", "embeddings"):
        url = f"{farthing.base_url}/{path}"
        got = send(url, packed, headers={"content-encoding": "deflate"})
        error = refused(got, 413)
        assert (error["code"], "commas" in error["message"]) == ("request_too_large", True)
    assert farthing.rss_bytes() - before < 150 * MIB


def test_a_text_may_have_half_a_million_commas(farthing: Farthing) -> None:
    got = post(farthing.base_url, chat("Hi, " * 500_000, "auto"))
    assert "context" in refused(got, 400)["message"]


def test_80_mb_with_their_length_said_are_refused_at_once(farthing: Farthing) -> None:
    with connected(farthing.url) as connection:
        connection.sendall(head(farthing.url, f"content-length: {80 * MIB}") + b'{"model":')
        got = answer_on(connection)
    error = refused(got, 413)
    assert error["code"] == "request_too_large"
    assert str(32 * MIB) in error["message"]


def test_a_client_that_waits_to_be_told_to_go_on_is_told_no(farthing: Farthing) -> None:
    lines = (f"content-length: {80 * MIB}", "expect: 100-continue")
    with connected(farthing.url) as connection:
        connection.sendall(head(farthing.url, *lines))
        got = answer_on(connection)
    refused(got, 413)


def test_a_client_that_waits_to_be_told_to_go_on_may(farthing: Farthing) -> None:
    body = json.dumps(chat("What is 6 * 7?", "sim-mid")).encode()
    lines = (f"content-length: {len(body)}", "expect: 100-continue")
    with connected(farthing.url) as connection:
        connection.sendall(head(farthing.url, *lines))
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert answer_on(connection).text == "6 * 7 = 42"


def test_80_mb_without_their_length_said_are_refused_on_the_way(farthing: Farthing) -> None:
    before = farthing.rss_bytes()
    with connected(farthing.url) as connection:
        connection.sendall(head(farthing.url, "transfer-encoding: chunked"))
        sent = _until_answered(connection, b"100000\r\n" + b" " * MIB + b"\r\n", 80)
        got = answer_on(connection)
    refused(got, 413)
    assert sent < 80
    assert farthing.rss_bytes() - before < 100 * MIB


def _until_answered(connection: socket.socket, piece: bytes, most: int) -> int:
    """Send the piece again and again until an answer comes; how often it was sent."""
    for sent in range(most):
        connection.settimeout(0.001)
        try:
            connection.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            connection.settimeout(10)
            connection.sendall(piece)
        else:
            connection.settimeout(10)
            return sent
    connection.settimeout(10)
    return most


def test_a_body_as_large_as_may_be_is_read(farthing: Farthing) -> None:
    content = "word " * (25 * MIB // 5)
    got = post(farthing.base_url, chat(content, "auto"))
    assert got.status in {200, 400}, got
    assert get(f"{farthing.url}/healthz").status == 200


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nothing", "/v2/chat/completions"])
def test_an_unknown_path_is_a_404_in_the_same_shape(farthing: Farthing, path: str) -> None:
    for method in ("GET", "POST", "PUT"):
        body = b"{}" if method != "GET" else None
        error = refused(send(farthing.url + path, body, method=method), 404)
        assert path in error["message"]


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/chat/completions", "chat/completions"),
        ("/messages/count_tokens", "messages/count_tokens"),
        ("/models", "models"),
        ("/models/sim-mid", "models/sim-mid"),
        ("/chat/completions/", "chat/completions"),
        ("//v1//chat/completions", "chat/completions"),
        ("/v1/v1/models/sim-mid", "models/sim-mid"),
        ("/v1/responses/", "responses"),
        ("/v1/chat/completions/chat/completions", "chat/completions"),
        ("/openai/deployments/sim-mid/chat/completions?api-version=1", "chat/completions"),
    ],
)
def test_a_client_whose_address_is_near_ours_is_told(
    farthing: Farthing, path: str, there: str
) -> None:
    got = raw_exchange(farthing.url, head(farthing.url, "content-length: 0", path=path))
    message = refused(got, 404)["message"]
    asked = path.partition("?")[0]
    assert message.startswith(f"There is no POST {asked} here; it is at /v1/{there}.")


@pytest.mark.parametrize("path", ["/", "/v1", "/dashboard/"])
def test_who_looks_around_is_told_where_the_doors_are(farthing: Farthing, path: str) -> None:
    message = refused(get(f"{farthing.url}{path}"), 404)["message"]
    assert message == (
        f"There is no GET {path} here; the API is below /v1/, the dashboard at /dashboard."
    )


@pytest.mark.parametrize("path", ["/nothing", "/v1/chat", "/my-models", "/v1/completionsx"])
def test_nobody_is_told_of_a_place_without_need(farthing: Farthing, path: str) -> None:
    got = send(f"{farthing.url}{path}", b"{}", method="POST")
    assert "; it is at" not in refused(got, 404)["message"]


def test_strange_paths(farthing: Farthing) -> None:
    for path in (
        "/v1/chat/completions/",
        "//v1/chat/completions",
        "/v1/chat/../../etc/passwd",
        "/v1/%00",
        "/%ff%fe",
        "/v1/chat/completions%2f",
        "/" + "a" * 4000,
    ):
        got = raw_exchange(farthing.url, head(farthing.url, "content-length: 0", path=path))
        refused(got, 404)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_a_wrong_method_is_a_405_in_the_same_shape(farthing: Farthing, method: str) -> None:
    refused(send(f"{farthing.base_url}/chat/completions", None, method=method), 405)


def test_a_405_says_what_is_allowed(farthing: Farthing) -> None:
    """As RFC 9110, section 15.5.6, wants it."""
    got = send(f"{farthing.base_url}/chat/completions", None, method="PUT")
    assert got.headers["allow"] == "POST"
    assert (
        got.error["message"] == "There is no PUT /v1/chat/completions here; this path answers POST."
    )


def test_a_405_says_all_that_is_allowed(farthing: Farthing) -> None:
    got = send(f"{farthing.base_url}/responses/resp_1", None, method="PUT")
    assert got.headers["allow"] == "DELETE,GET,HEAD"


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
