"""Bodies that are packed, too large, or sent piece by piece: read, or refused cheaply."""

import gzip
import json
import socket
import time
import zlib

import pytest

from tests.e2e.abuse.refusals import refused
from tests.e2e.programs import Farthing
from tests.e2e.wire import answer_on, chat, connected, get, head, post, raw_exchange, send

MIB = 2**20


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
    # By a fifth more tokens than the largest model holds: they are estimated, and may come out lower.
    got = post(farthing.base_url, chat("Hi, " * 600_000, "auto"))
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
