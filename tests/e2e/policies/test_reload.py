"""`farthing serve` follows its files: by itself, and by SIGHUP."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from shutil import copytree
from typing import IO

import pytest

from tests.e2e.books import rows
from tests.e2e.configs import POLICIES, ledger_of, write_config
from tests.e2e.patience import until
from tests.e2e.programs import FARTHING, REPO, Farthing, environ
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import chat, post

ONLY_MID = """\
policy: balanced
intent: for the time being everything goes to one model
reference: best
adequate: {floor: 0.0}
models: {ids: [sim-mid]}
"""


@pytest.fixture
def config(tmp_path: Path, shared_simulator: Simulator) -> Path:
    copytree(POLICIES, tmp_path / "policies")
    return write_config(tmp_path, shared_simulator.base_url, policies={"directory": "policies"})


def writer(farthing: Farthing, question: str) -> str:
    got = post(farthing.base_url, chat(question))
    assert got.status == 200
    return str(got.headers["x-farthing-model"])


def test_a_policy_that_is_saved_decides_the_next_request_and_is_recorded(config: Path) -> None:
    policy = config.parent / "policies" / "balanced.yaml"
    with Farthing(config) as farthing:
        assert writer(farthing, "What is the capital of Japan?") != "sim-mid"
        policy.write_text(ONLY_MID)
        told = farthing.wait_for(r"reloaded in \d+ ms: policy balanced (\w+) -> (\w+)")
        assert writer(farthing, "What is the capital of Peru?") == "sim-mid"
        policy.write_text("nothing sensible")
        farthing.wait_for("not reloaded, the previous settings stay in force")
        assert writer(farthing, "What is the capital of Chad?") == "sim-mid"
        policies = farthing.readyz().json["policies"]

    assert policies["state"] == "stale"
    assert policies["problems"] == ["balanced.yaml: must be a mapping of keys to values"]
    versions = [
        row["policy_version"]
        for row in sorted(rows(ledger_of(config)), key=lambda row: row["at_s"])
    ]
    assert versions == [told[1], told[2], told[2]]


def test_sighup_has_the_files_read_again_and_ends_nothing(config: Path) -> None:
    with Farthing(config) as farthing:
        farthing.tell(signal.SIGHUP)
        farthing.wait_for(r"reloaded in \d+ ms: nothing has changed")
        (config.parent / "policies" / "new.yaml").symlink_to("/etc/passwd")
        farthing.tell(signal.SIGHUP)
        farthing.wait_for("new.yaml: is a link to outside the folder of policies")
        assert farthing.readyz().status == 200


def test_when_its_terminal_is_closed_it_ends_like_any_program(config: Path) -> None:
    command = [*FARTHING, "serve", "--config", str(config)]
    with subprocess.Popen(
        [sys.executable, "-c", f"import pty; pty.spawn({command!r})"],
        cwd=REPO,
        env=environ({"TERM": "dumb"}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as terminal:
        try:
            host, port = address_in(terminal.stdout)
            assert is_listening(host, port)
        finally:
            terminal.kill()
        until(lambda: not is_listening(host, port))


def address_in(said: IO[str] | None) -> tuple[str, int]:
    assert said is not None
    found = next(
        filter(None, (re.search(r"listens on http://(\S+?):(\d+)", line) for line in said))
    )
    return found[1], int(found[2])


def is_listening(host: str, port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((host, port)) == 0
