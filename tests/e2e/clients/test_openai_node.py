"""openai-node at the doors that it supports. Skipped, with the reason, without node, npm or network."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.configs import bare_model, write_config
from tests.e2e.patience import PATIENCE_S
from tests.e2e.programs import Farthing, environ
from tests.e2e.upstreams import Simulator

_SCRIPT = Path(__file__).parent / "more.mjs"


@pytest.fixture(scope="module")
def told(
    node_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> dict[str, Any]:
    """What the script was given, by name."""
    base_url = shared_simulator.base_url
    vectors = {**bare_model("sim", "sim-mid"), "mode": "embedding"}
    config = write_config(
        tmp_path_factory.mktemp("node"),
        base_url,
        upstreams={"responses": {"kind": "openai", "base_url": base_url, "dialect": "responses"}},
        models={"gpt": bare_model("responses", "sim-frontier"), "vectors": vectors},
    )
    with Farthing(config) as farthing:
        env = {**node_env, "FARTHING_BASE_URL": farthing.base_url}
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
