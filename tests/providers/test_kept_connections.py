"""A server that closes kept connections: what is noticed in time, what is not, and where requests are repeated."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest

from router.domain.fault import FaultKind
from router.providers.connector import TimelyConnector
from router.providers.direct import DirectUpstream
from router.providers.endpoints import Endpoint
from router.providers.exchange import Exchanges
from tests.clock import Clock
from tests.providers.calls import KEY, call, fault_of, plain

WHOLE = b'HTTP/1.1 200 OK\r\ncontent-length: 15\r\ncontent-type: application/json\r\n\r\n{"choices": []}'
PATIENCE_S = 10.0


@dataclass
class Closing:
    """A server in a separate thread, so that it can close while our event loop does not look.

    It answers `answers` requests of each connection. Then it closes: when it is told to, or upon the next
    request, if it `reads_on`.
    """

    answers: int
    reads_on: bool
    url: str = ""
    heard: list[int] = field(default_factory=list)
    may_close: threading.Event = field(default_factory=threading.Event)
    _has_closed: threading.Event = field(default_factory=threading.Event)

    def close_now(self) -> None:
        """Close the first connection; returns when the kernel knows."""
        self.may_close.set()
        assert self._has_closed.wait(PATIENCE_S)

    def talk(self, listening: socket.socket) -> None:
        """One connection after the other, until there is nothing left to listen on."""
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                self.heard.append(0)
                with connection:
                    self._serve(connection)
                self._has_closed.set()

    def _serve(self, connection: socket.socket) -> None:
        for _ in range(self.answers):
            if not self._hears(connection):
                return
            connection.sendall(WHOLE)
        if self.reads_on:
            self._hears(connection)
        else:
            self.may_close.wait(PATIENCE_S)

    def _hears(self, connection: socket.socket) -> bool:
        """Whether a request came: these are small, and come in one go."""
        came = connection.recv(2**16)
        self.heard[-1] += bool(came)
        return bool(came)


@contextmanager
def closing(*, answers: int = 1, reads_on: bool = False) -> Iterator[Closing]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE_S)
        server = Closing(answers, reads_on, f"http://127.0.0.1:{listening.getsockname()[1]}")
        thread = threading.Thread(target=server.talk, args=(listening,))
        thread.start()
        try:
            yield server
        finally:
            server.may_close.set()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE_S)


async def test_a_connection_that_was_closed_unnoticed_is_replaced_before_anything_is_written() -> (
    None
):
    with closing() as server:
        pool = TimelyConnector(limit=0)
        posts = Exchanges(server.url, {}, pool, connect_s=5.0, unix_s=Clock())
        await (await posts.post(b"{}")).content.read()
        server.close_now()  # and our event loop has had no turn since
        answer = await posts.post(b"{}")

        assert await answer.content.read() == b'{"choices": []}'
        assert server.heard == [1, 1]
        await posts.close()


async def test_a_request_that_may_have_arrived_is_not_repeated_unseen() -> None:
    """It may be paid: that is for the books to know, and for the attempt machine to ask again."""
    with closing(reads_on=True) as server:
        way = DirectUpstream(Endpoint(server.url, KEY), unix_s=lambda: 0.0)
        assert await plain(way, call("m")) == {"choices": []}
        fault = await fault_of(way, call("m"))

        assert fault.kind is FaultKind.DISCONNECTED
        assert fault.reached_model
        assert server.heard == [2]
        await way.close()


@pytest.mark.parametrize("answers", [2, 3])
async def test_a_connection_that_lives_is_used_again(answers: int) -> None:
    with closing(answers=answers) as server:
        way = DirectUpstream(Endpoint(server.url, KEY), unix_s=lambda: 0.0)
        for _ in range(answers):
            assert await plain(way, call("m")) == {"choices": []}

        assert server.heard == [answers]
        await way.close()


@pytest.mark.parametrize("asleep_s", [3600.0, -3600.0])
async def test_a_connection_from_before_the_machine_slept_is_not_used(asleep_s: float) -> None:
    """Nobody answers over it any more, though nothing has said so. A clock that was set looks the same."""
    clock = Clock()
    with closing(answers=2) as server:
        way = DirectUpstream(Endpoint(server.url, KEY), unix_s=clock)
        await plain(way, call("m"))
        clock.now_s += asleep_s

        assert await plain(way, call("m")) == {"choices": []}
        assert server.heard == [1, 1]
        await way.close()


async def test_a_connection_in_constant_use_is_made_anew_now_and_then() -> None:
    """The name of its upstream may lead to another place by now."""
    clock = Clock()
    with closing(answers=100) as server:
        way = DirectUpstream(Endpoint(server.url, KEY), unix_s=clock)
        for _ in range(62):
            await plain(way, call("m"))
            clock.now_s += 5.0

        assert server.heard == [60, 2]
        await way.close()
