"""How it ends: cleanly on a signal, finishing what is in progress; and what is left when it is killed."""

import json
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.books import rows
from tests.e2e.configs import ledger_of, write_config
from tests.e2e.patience import until
from tests.e2e.programs import FARTHING, Farthing, Program, complaints
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import Got, answer_on, chat, connected, head, post

SOON_S = 10.0


@pytest.fixture
def config(tmp_path: Path, shared_simulator: Simulator) -> Path:
    return write_config(tmp_path, shared_simulator.base_url)


@contextmanager
def asked(farthing: Farthing, body: dict[str, Any]) -> Iterator[socket.socket]:
    content = json.dumps(body).encode()
    with connected(farthing.url) as connection:
        connection.sendall(head(farthing.url, f"content-length: {len(content)}") + content)
        yield connection


def a_stream_with_a_pause() -> dict[str, Any]:
    pause = {"simulate": "pause,after=3,seconds=1"}
    return chat("What is the capital of Japan?", "sim-mid", stream=True, metadata=pause)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_under_way_is_finished(
    config: Path, shared_simulator: Simulator, number: signal.Signals
) -> None:
    with Farthing(config) as farthing:
        late = chat("What is 6 * 7?", "sim-mid", metadata={"simulate": "delay,seconds=1"})
        with (
            connected(farthing.url) as idle,
            asked(farthing, late) as plain,
            asked(farthing, a_stream_with_a_pause()) as stream,
        ):
            stream.recv(1, socket.MSG_PEEK)
            until(lambda: shared_simulator.counters["sim-mid"].in_flight == 2)
            farthing.tell(number)
            whole: Got = answer_on(stream)
            assert whole.text == "The capital of Japan is Tokyo."
            assert whole.events[-1] == "[DONE]"
            assert answer_on(plain).text == "6 * 7 = 42"
            assert idle.recv(1) == b""
        assert farthing.ended(SOON_S) == 0
        assert complaints(farthing.said) == [], farthing.said
        ended = rows(ledger_of(config), whole.headers["x-request-id"])
        assert [row["outcome"] for row in ended] == ["ok"]
        with pytest.raises(ConnectionRefusedError):
            post(farthing.base_url, chat("Hello"))


def test_an_upstream_that_never_answers_does_not_hold_it_for_ever(
    tmp_path: Path, shared_simulator: Simulator
) -> None:
    server = {"port": 0, "timeouts": {"shutdown_s": 0.5}}
    config = write_config(tmp_path, shared_simulator.base_url, server=server)
    mid = shared_simulator.counters["sim-mid"]
    with Farthing(config) as farthing:
        cancelled = mid.cancelled
        body = chat("Hello", "sim-mid", stream=True, metadata={"simulate": "stall,after=3"})
        with asked(farthing, body) as connection:
            connection.recv(1, socket.MSG_PEEK)
            farthing.stop(signal.SIGTERM)
        assert mid.cancelled == cancelled + 1
        (row,) = rows(ledger_of(config))
        assert row["outcome"] == "client_left"
        assert row["cost_source"] == "estimated"


def test_a_signal_while_it_starts_is_no_accident(config: Path) -> None:
    with Program("serve", "--config", str(config)) as starting:
        maps = Path(f"/proc/{starting.process.pid}/maps")
        if not maps.exists():
            pytest.skip("no /proc here to see how far it has come")
        until(lambda: "orjson" in maps.read_text())
        starting.tell(signal.SIGINT)
        assert starting.ended(SOON_S) in {0, 130, -signal.SIGINT}
        assert complaints(starting.said) == [], starting.said


class InContainer(Program):
    """A program that is the first process of its container."""

    program = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", *FARTHING)

    def first(self) -> psutil.Process:
        """That process. Skips the test where there can be no such thing."""
        until(lambda: self.process.poll() is not None or self._children() != [])
        if self.process.poll() is not None:
            pytest.skip("no namespace for processes can be made here")
        return self._children()[0]

    def _children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()


@pytest.mark.skipif(not shutil.which("unshare"), reason="there is no unshare here")
def test_nor_is_one_to_the_first_process_of_a_container(config: Path) -> None:
    with InContainer("serve", "--config", str(config)) as starting:
        first = starting.first()
        until(lambda: any("orjson" in each.path for each in first.memory_maps()))
        first.send_signal(signal.SIGTERM)
        assert starting.ended(SOON_S) == 128 + signal.SIGTERM
        assert complaints(starting.said) == [], starting.said
