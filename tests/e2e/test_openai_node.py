"""openai-node at the doors that it knows. It is skipped, and says so, where there is no node or no package."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.configs import bare_model, write_config
from tests.e2e.patience import PATIENCE_S
from tests.e2e.programs import Farthing, environ
from tests.e2e.upstreams import Simulator

_SCRIPT = Path(__file__).parent / "more.mjs"
_HINT = (
    "no package openai: `npm install openai`, its folder in FARTHING_NODE_MODULES,"
    " or FARTHING_NODE_INSTALL=1 to have npm put it into a temporary one"
)
_INSTALL = ("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "openai")


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder in which the package is."""
    if not shutil.which("node"):
        pytest.skip("no node on PATH")
    if named := os.environ.get("FARTHING_NODE_MODULES"):
        return named
    if not (os.environ.get("FARTHING_NODE_INSTALL") and shutil.which("npm")):
        pytest.skip(_HINT)
    folder = tmp_path_factory.mktemp("node")
    done = subprocess.run(_INSTALL, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"npm could not install it: {done.stderr[-200:]}")
    return str(folder)


@pytest.fixture(scope="module")
def told(
    modules: str, tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> dict[str, Any]:
    """What the script was told, by name."""
    base_url = shared_simulator.base_url
    vectors = {**bare_model("sim", "sim-mid"), "mode": "embedding"}
    config = write_config(
        tmp_path_factory.mktemp("node"),
        base_url,
        upstreams={"responses": {"kind": "openai", "base_url": base_url, "dialect": "responses"}},
        models={"gpt": bare_model("responses", "sim-frontier"), "vectors": vectors},
    )
    with Farthing(config) as farthing:
        env = {"FARTHING_NODE_MODULES": modules, "FARTHING_BASE_URL": farthing.base_url}
        done = subprocess.run(
            ["node", str(_SCRIPT)],
            env=environ(env),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    lines = map(json.loads, done.stdout.splitlines())
    return {line["name"]: line["value"] for line in lines}


def test_a_stream_of_chat(told: dict[str, Any]) -> None:
    assert told["chat"] == "17 * 23 = 391"


def test_a_stream_of_responses(told: dict[str, Any]) -> None:
    assert (told["kinds"][0], told["kinds"][-1]) == ("response.created", "response.completed")
    assert told["response"]["model"] == "sim-frontier"
    assert told["final"] == "17 * 23 = 391"


def test_embeddings(told: dict[str, Any]) -> None:
    assert len(told["embeddings"]) == 2
    assert told["embeddings"][0] == told["embeddings"][1] > 0
