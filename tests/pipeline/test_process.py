"""A `farthing serve` process with clients that do not read, and signals that say stop."""

import json
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.configs import write_config
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import get

MB = 2**20
NUMBERS = count()
PATIENCE_S = 30.0
HUGE = "huge,mb=24"


@pytest.fixture
def upstream() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


def ask(farthing: Farthing, fault: str, *, stream: bool = True) -> socket.socket:
    """A request on a raw socket with a small receive buffer; nothing is read yet."""
    address = urlsplit(farthing.url)
    assert address.hostname is not None
    assert address.port is not None
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    connection.settimeout(PATIENCE_S)
    connection.connect((address.hostname, address.port))
    message = {"role": "user", "content": f"Tell me everything about {next(NUMBERS)}."}
    body = json.dumps(
        {
            "model": "sim-mid",
            "stream": stream,
            "messages": [message],
            "metadata": {"simulate": fault},
        }
    ).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection


def until(is_so: Callable[[], bool]) -> None:
    """Return as soon as the condition holds; fail if it does not in time."""
    clock, end_s = threading.Event(), time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end_s, "it never came true"
        clock.wait(0.01)


def in_flight(farthing: Farthing) -> int:
    standings = get(f"{farthing.url}/admin/fleet").json["standings"]
    return sum(each["in_flight"] for each in standings if each["kind"] == "model")


def clients(farthing: Farthing) -> int:
    """How many connections of clients the process has, by their state in the kernel's table (Linux)."""
    at = f":{urlsplit(farthing.url).port:04X} "
    rows = Path(f"/proc/{farthing.process.pid}/net/tcp").read_text().splitlines()
    return sum(at in row[:21] and row.split()[3] == "01" for row in rows)


def peak_bytes(farthing: Farthing) -> int:
    """The most memory that the process ever held (Linux)."""
    status = Path(f"/proc/{farthing.process.pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


def test_a_client_that_does_not_read_stops_the_upstream_and_costs_no_memory(
    tmp_path: Path, upstream: Simulator
) -> None:
    config = write_config(
        tmp_path, upstream.base_url, server={"port": 0, "timeouts": {"write_s": 2}}
    )
    with Farthing(config) as farthing:
        ask(farthing, "ok").close()
        before = peak_bytes(farthing)  # a start holds for a moment what it gives back
        readers = [ask(farthing, HUGE) for _ in range(8)]
        for reader in readers:
            assert reader.recv(1)  # the answer has begun
        until(lambda: in_flight(farthing) == len(readers))
        # After write_s the proxy drops them by itself; the upstream's calls end with it.
        until(lambda: in_flight(farthing) == 0)
        assert (peak_bytes(farthing) - before) / len(readers) < 2 * MB
        for reader in readers:
            reader.close()


def test_a_client_that_does_not_read_a_whole_answer_is_dropped_and_one_that_reads_slowly_is_not(
    tmp_path: Path, upstream: Simulator
) -> None:
    config = write_config(
        tmp_path, upstream.base_url, server={"port": 0, "timeouts": {"write_s": 1}}
    )
    with Farthing(config) as farthing:
        readers = [ask(farthing, HUGE, stream=False) for _ in range(2)]
        until(lambda: clients(farthing) == 2)
        got, clock, end_s = 0, threading.Event(), time.monotonic() + 3
        while time.monotonic() < end_s:
            got += len(readers[0].recv(2**16))
            clock.wait(0.01)
        until(lambda: clients(farthing) == 1)
        while got < 24 * MB and (piece := readers[0].recv(2**20)):
            got += len(piece)
        assert got >= 24 * MB
        for reader in readers:
            reader.close()


def test_a_second_signal_does_not_wait(tmp_path: Path, upstream: Simulator) -> None:
    config = write_config(tmp_path, upstream.base_url)
    farthing = Farthing(config).start()
    try:
        reader = ask(farthing, "stall,after=3")
        assert reader.recv(1)
        farthing.tell(signal.SIGTERM)
        farthing.wait_for("Stopping")
        assert farthing.process.poll() is None
        farthing.tell(signal.SIGTERM)
        assert farthing.ended(within_s=5) == 130
        reader.close()
    finally:
        farthing.kill()
