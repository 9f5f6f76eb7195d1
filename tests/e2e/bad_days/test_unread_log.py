"""Standard error is a pipe that nobody reads any more, and requests go on."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import openai
import pytest

from tests.e2e.configs import write_config
from tests.e2e.crews import written
from tests.e2e.patience import PATIENCE_S
from tests.e2e.programs import FARTHING, REPO, environ
from tests.e2e.upstreams import Simulator
from tests.servers import RedisServer

_MORE_THAN_A_PIPE_HOLDS = 250
"""A line has some 500 bytes, a pipe holds 64 KiB."""


@pytest.fixture
def unread(
    tmp_path: Path, shared_simulator: Simulator
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A Farthing that logs requests."""
    with _unread(write_config(tmp_path, shared_simulator.base_url, log={"requests": True})) as it:
        yield it


@contextmanager
def _unread(config: Path, *more: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A Farthing whose log is read until it says where it listens."""
    program = [*FARTHING, "serve", "--config", str(config), *more]
    process = subprocess.Popen(program, cwd=REPO, env=environ(), stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = b""
    try:
        while not (address := re.search(rb"listens on (http://\S+)", said)):
            read = os.read(process.stderr.fileno(), 1024)
            assert read, said
            said += read
        yield address[1].decode(), process
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def test_several_workers_end_although_nobody_reads_their_log(
    tmp_path: Path, shared_simulator: Simulator, redis_server: RedisServer
) -> None:
    config = written(tmp_path, shared_simulator, redis_server)
    with _unread(config, "--workers", "2") as (_, process):
        _fill(Path(f"/proc/{process.pid}/fd/2"))
        process.send_signal(signal.SIGTERM)

        assert process.wait(PATIENCE_S) == 0


def _fill(pipe: Path) -> None:
    """Write into a pipe until it takes nothing more."""
    file = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        while True:
            os.write(file, b"x")
    os.close(file)


def test_a_log_that_nobody_reads_stops_neither_requests_nor_the_end(
    unread: tuple[str, subprocess.Popen[bytes]],
) -> None:
    url, process = unread
    with openai.OpenAI(
        base_url=f"{url}/v1", api_key="any", max_retries=0, timeout=PATIENCE_S
    ) as client:
        for number in range(_MORE_THAN_A_PIPE_HOLDS):
            client.chat.completions.create(
                model="auto", messages=[{"role": "user", "content": f"Name river {number}."}]
            )
    process.send_signal(signal.SIGINT)

    assert process.wait(PATIENCE_S) == 0
