"""Clients that all wait at the same time, each for an answer of its own."""

import http.client
import json
import socket
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.wire import CHAT, Got, answer_on, connected, head


@dataclass
class Clients:
    """Clients that each wait for an answer; the name of each is a tag of its request."""

    url: str
    stack: ExitStack
    headers: tuple[str, ...] = ()
    waiting: dict[str, socket.socket] = field(default_factory=dict)
    unsent: dict[str, bytes] = field(default_factory=dict)

    def ask(
        self, name: str, body: bytes | dict[str, Any], *, path: str = CHAT, half: bool = False
    ) -> socket.socket:
        """One more of them; with `half`, the rest of its body is sent by `send_rest`."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        now = len(content) // (1 + half)
        lines = (f"content-length: {len(content)}", "content-type: application/json")
        connection = self.stack.enter_context(connected(self.url))
        told = head(self.url, *lines, *self.headers, f"x-farthing-tags: {name}", path=path)
        connection.sendall(told + content[:now])
        self.waiting[name], self.unsent[name] = connection, content[now:]
        return connection

    def leave(self, name: str) -> None:
        """One of them waits no longer."""
        self.waiting.pop(name).close()

    def send_rest(self) -> None:
        """Send what is left of the bodies."""
        for name, connection in self.waiting.items():
            connection.sendall(self.unsent[name])

    def answers(self) -> dict[str, Got | None]:
        """What each of them gets, None for an answer that was cut off."""
        return {name: _answer(connection) for name, connection in self.waiting.items()}


def _answer(connection: socket.socket) -> Got | None:
    try:
        return answer_on(connection)
    except (http.client.HTTPException, ConnectionError):
        return None


def is_whole(got: Got | None) -> bool:
    """Whether it is an answer that came to its end."""
    if got is None or got.status != 200:
        return False
    is_stream = got.headers["content-type"].startswith("text/event-stream")
    return got.events[-1:] == ["[DONE]"] if is_stream else bool(got.json)


def begun(connection: socket.socket) -> None:
    """Wait until the first byte of an answer is there."""
    assert connection.recv(1, socket.MSG_PEEK)
