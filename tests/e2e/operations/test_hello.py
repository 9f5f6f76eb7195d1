"""The newcomer's first minute: `farthing serve --hello`, and what it says to do next."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.configs import write_config
from tests.e2e.patience import PATIENCE_S, until
from tests.e2e.programs import FARTHING, REPO, Farthing, Program, environ
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import chat, get, post

KEY = "fk-hello-0123456789abcdef"
LAST_WORD = "Ctrl-C stops it"


def does(command: str, program: str = "") -> str:
    """What the shell (or Python) makes of a line that was shown."""
    line = ["/bin/sh", "-c", command] if not program else [sys.executable, "-c", program]
    env = environ({"PATH": f"{Path(sys.executable).parent}:{environ()['PATH']}"})
    done = subprocess.run(
        line, cwd=REPO, env=env, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, copied as it says, into a folder with a long name."""
    folder = tmp_path_factory.mktemp("a-folder-whose-name-is-as-long-as-those-of-some-people-are")
    shutil.copytree(REPO / "policies", folder / "policies")
    return Path(shutil.copy(REPO / "config.example.yaml", folder / "config.yaml"))


@pytest.fixture(scope="module")
def greeted(example: Path) -> Iterator[Farthing]:
    with Farthing(example, "--port", "0", "--hello") as farthing:
        farthing.wait_for(LAST_WORD)
        yield farthing


def test_it_asks_itself_and_shows_the_answer(greeted: Farthing) -> None:
    assert greeted.url in greeted.said
    assert "Answer: - 1932" in greeted.said
    assert "x-farthing-model: sim-open-70b" in greeted.said
    assert re.search(r"x-farthing-cost-usd: 0\.0\d+", greeted.said)


def test_the_curl_line_works_as_it_stands(greeted: Farthing) -> None:
    if not shutil.which("curl"):
        pytest.skip("no curl on PATH")
    shown = re.search(r"^(curl .*\\\n.*)$", greeted.said, re.MULTILINE)
    assert shown is not None
    assert '"chat.completion"' in does(shown[1])


def test_the_three_lines_of_python_work_as_they_stand(greeted: Farthing) -> None:
    shown = re.search(r"^(from openai import .*\n.*\n.*)$", greeted.said, re.MULTILINE)
    assert shown is not None
    assert len(does("", shown[1]).strip()) > 10


def test_the_report_command_works_as_it_stands(greeted: Farthing) -> None:
    shown = re.search(r"python -m router (report .*)$", greeted.said, re.MULTILINE)
    assert shown is not None
    command = " ".join([*FARTHING, shown[1]])
    assert "Spend and saving" in does(command)


def test_with_keys_it_comes_in_by_a_key_of_its_own(
    tmp_path: Path, shared_simulator: Simulator
) -> None:
    config = write_config(
        tmp_path, shared_simulator.base_url, keys=[{"name": "me", "key": "${MY_KEY}"}]
    )
    with Farthing(config, "--hello", env={"MY_KEY": KEY}) as farthing:
        farthing.wait_for(LAST_WORD)
        assert "Answer: - 1932" in farthing.said
        assert KEY not in farthing.said
        assert post(farthing.base_url, chat("Hello")).status == 401
        assert get(f"{farthing.base_url}/models", {"authorization": f"Bearer {KEY}"}).status == 200
        # Whoever follows the lines must be told where the key goes.
        assert "authorization: bearer" in farthing.said.lower()


def test_an_upstream_that_is_not_there_is_told_and_it_stays_up(tmp_path: Path) -> None:
    config = write_config(tmp_path, "http://127.0.0.1:9/v1")
    with Farthing(config, "--hello") as farthing:
        farthing.wait_for(LAST_WORD)
        assert "Answer:" not in farthing.said
        assert re.search(r"status 50\d", farthing.said)
        assert farthing.readyz().status == 200


def test_ctrl_c_while_it_waits_for_its_answer(tmp_path: Path, shared_simulator: Simulator) -> None:
    shared_simulator.will("sim-open-70b", *["silence"] * 3)
    waiting = shared_simulator.counters["sim-open-70b"].requests
    config = write_config(tmp_path, shared_simulator.base_url)
    try:
        with Program("serve", "--config", str(config), "--hello") as farthing:
            farthing.wait_for("Farthing listens on")
            until(lambda: shared_simulator.counters["sim-open-70b"].requests > waiting)
            farthing.tell(signal.SIGINT)
            assert farthing.ended(10) == 0
            assert "Traceback" not in farthing.said
    finally:
        shared_simulator.forget()
