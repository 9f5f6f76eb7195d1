"""Standard error is a pipe that nobody reads any more, and requests go on."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from tests.e2e.configs import write_config
from tests.e2e.patience import PATIENCE_S
from tests.e2e.programs import FARTHING, REPO, environ
from tests.e2e.upstreams import Simulator

_MORE_THAN_A_PIPE_HOLDS = 250
"""A line has some 500 bytes, a pipe holds 64 KiB."""


@pytest.fixture
def unread(
    tmp_path: Path, shared_simulator: Simulator
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A Farthing that logs requests, and whose log is read until it says where it listens."""
    config = write_config(tmp_path, shared_simulator.base_url, log={"requests": True})
    program = [*FARTHING, "serve", "--config", str(config)]
    process = subprocess.Popen(program, cwd=REPO, env=environ(), stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = b""
    while not (address := re.search(rb"listens on (http://\S+)", said)):
        read = os.read(process.stderr.fileno(), 1024)
        assert read, said
        said += read
    yield address[1].decode(), process
    process.kill()
    process.wait()
    process.stderr.close()


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
