"""Plain HTTP without a client library: what is sent is exactly what is written here, and every byte is seen."""

import http.client
import json
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

CHAT = "/v1/chat/completions"
JSON_HEADERS = {"content-type": "application/json"}
_PATIENCE_S = 10.0
_LINE = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class Got:
    """An answer: its status, its headers in lower case, and its body, taken out of its chunks."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The error object; fails when this is no error in OpenAI's shape."""
        assert self.status >= 400, self
        return error_of(self)

    @property
    def events(self) -> list[str]:
        """The data of its events, as the standard for event streams wants them read."""
        return list(_events(self.body.decode()))

    @property
    def chunks(self) -> list[dict[str, Any]]:
        """The events that are JSON, in order."""
        return [json.loads(event) for event in self.events if event != "[DONE]"]

    @property
    def text(self) -> str:
        """What the first choice says, plain or streamed."""
        if not self.headers["content-type"].startswith("text/event-stream"):
            said: str = self.json["choices"][0]["message"]["content"]
            return said
        choices = [choice for chunk in self.chunks for choice in chunk["choices"]]
        return "".join(
            choice["delta"].get("content") or "" for choice in choices if choice["index"] == 0
        )


def error_of(got: Got) -> dict[str, Any]:
    """The error object of an answer, its shape looked at as OpenAI's clients rely on it."""
    assert got.headers.get("content-type", "").startswith("application/json"), got
    body = got.json
    assert list(body) == ["error"], got
    error: dict[str, Any] = body["error"]
    assert set(error) == {"message", "type", "param", "code"}, got
    assert isinstance(error["message"], str), got
    assert error["message"], got
    assert isinstance(error["type"], str), got
    return error


def chat(text: str, model: str = "auto", **fields: Any) -> dict[str, Any]:
    """The body of a chat request of one question."""
    return {"model": model, "messages": [{"role": "user", "content": text}], **fields}


def get(url: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> Got:
    """A request without a body."""
    return send(url, None, headers=headers, method=method)


def post(
    base_url: str, body: bytes | Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Got:
    """A chat request: bytes unchanged, or an object as JSON. `base_url` ends in /v1."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return send(f"{base_url}/chat/completions", content, headers=headers)


def send(
    url: str,
    body: bytes | None,
    *,
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
) -> Got:
    """Any request on a separate connection."""
    at = urlsplit(url)
    made = http.client.HTTPConnection(at.hostname or "", at.port, timeout=_PATIENCE_S)
    with closing(made) as connection:
        told = {**(JSON_HEADERS if body is not None else {}), **(headers or {})}
        target = f"{at.path or '/'}?{at.query}" if at.query else at.path or "/"
        connection.request(method, target, body, told)
        return _got(connection.getresponse())


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    """A bare connection to the server of `url`."""
    at = urlsplit(url)
    with socket.create_connection((at.hostname or "", at.port or 80), _PATIENCE_S) as connection:
        yield connection


def head(url: str, *lines: str, method: str = "POST", path: str = CHAT) -> bytes:
    """The head of a request with these header lines, and nothing that is not said."""
    at = urlsplit(url)
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"host: {at.netloc}", *lines, "", ""]).encode(
        "latin-1"
    )


def raw_exchange(url: str, request: bytes) -> Got:
    """Send exactly these bytes and read the answer to them."""
    with connected(url) as connection:
        connection.sendall(request)
        return answer_on(connection)


@contextmanager
def asked(url: str, body: Mapping[str, Any]) -> Iterator[socket.socket]:
    """A connection on which this chat request was sent, and nothing read yet; leaving the block is leaving."""
    content = json.dumps(body).encode()
    lines = (f"content-length: {len(content)}", "content-type: application/json")
    with connected(url) as connection:
        connection.sendall(head(url, *lines) + content)
        yield connection


def answer_on(connection: socket.socket) -> Got:
    """The next answer on a connection."""
    with closing(http.client.HTTPResponse(connection)) as response:
        response.begin()
        return _got(response)


def _got(response: http.client.HTTPResponse) -> Got:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Got(response.status, headers, response.read())


def _events(text: str) -> Iterator[str]:
    data: list[str] = []
    for line in _LINE.split(text):
        field, _, value = line.partition(":")
        if line and field == "data":
            data.append(value.removeprefix(" "))
        elif not line and data:
            yield "\n".join(data)
            data = []


def read_until(connection: socket.socket, sign: bytes) -> bytes:
    """What is heard on a connection, up to this sign at least."""
    heard = bytearray()
    while sign not in heard[-(2**17) :]:
        piece = connection.recv(2**16)
        assert piece, bytes(heard)
        heard += piece
    return bytes(heard)


def request_id_in(heard: bytes) -> str:
    """The id that the head of an answer names."""
    lines = heard.decode("latin-1").lower().split("\r\n")
    return next(line.split(":")[1].strip() for line in lines if line.startswith("x-request-id"))
