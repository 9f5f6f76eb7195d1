"""Other clients: openai-node, litellm, curl. Each is skipped, with the reason, if it is not available."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.described import check_answer, check_chunk
from tests.e2e.patience import PATIENCE_S
from tests.e2e.programs import Farthing, environ
from tests.e2e.wire import chat

HERE = Path(__file__).parent


def told_by(*command: str, **env: str) -> str:
    done = subprocess.run(
        command, env=environ(env), capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module", autouse=True)
def litellm(farthing: Farthing) -> Iterator["subprocess.Popen[str]"]:
    """litellm takes five seconds to load: it does so while the other clients are tried."""
    command = [sys.executable, "-W", "ignore", str(HERE / "litellm_client.py"), farthing.base_url]
    env = environ({"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION"})
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=env, text=True, stdout=pipe, stderr=pipe) as process:
        yield process
        process.kill()


@pytest.fixture(scope="module")
def node(farthing: Farthing, node_env: dict[str, str]) -> dict[str, Any]:
    """What client.mjs was given, by name."""
    said = told_by(
        "node", str(HERE / "client.mjs"), FARTHING_BASE_URL=farthing.base_url, **node_env
    )
    lines = map(json.loads, said.splitlines())
    return {line["name"]: line["value"] for line in lines}


def said_in(chunks: list[dict[str, Any]]) -> str:
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


def test_openai_node_gets_a_plain_answer(node: dict[str, Any]) -> None:
    check_answer(node["plain"])
    assert node["plain"]["choices"][0]["message"]["content"] == "17 * 23 = 391"
    assert node["model"] == "sim-frontier"


def test_openai_node_gets_a_stream(node: dict[str, Any]) -> None:
    for chunk in node["stream"] + node["usage"]:
        check_chunk(chunk)
    assert said_in(node["stream"]) == node["helper"] == "17 * 23 = 391"
    assert all(chunk["choices"] for chunk in node["stream"])
    assert node["usage"][-1]["usage"]["total_tokens"] == node["plain"]["usage"]["total_tokens"]


def test_openai_node_gets_a_tool_call(node: dict[str, Any]) -> None:
    (call,) = node["tools"]["choices"][0]["message"]["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == {"city": "Oslo"}


def test_openai_node_gets_its_own_errors(node: dict[str, Any]) -> None:
    assert node["error"] == {
        "kind": "NotFoundError",
        "status": 404,
        "code": "policy_not_found",
        "param": "model",
    }
    assert node["cut"]["kind"] == "APIError"


def test_openai_node_lists_the_models(node: dict[str, Any]) -> None:
    assert {"auto", "auto:cheap", "sim-frontier"} < set(node["models"])


@pytest.fixture
def curl(farthing: Farthing) -> list[str]:
    if not shutil.which("curl"):
        pytest.skip("no curl on PATH")
    where = f"{farthing.base_url}/chat/completions"
    return ["curl", "--silent", "--show-error", where, "-H", "cache-control: no-store"]


def test_curl_gets_a_plain_answer(curl: list[str]) -> None:
    # -d says application/x-www-form-urlencoded, and many people leave it so.
    answer = json.loads(told_by(*curl, "-d", json.dumps(chat("What is 17 * 23?"))))
    assert answer["choices"][0]["message"]["content"] == "17 * 23 = 391"


def test_curl_gets_a_stream_in_http_1_0_and_1_1(curl: list[str]) -> None:
    body = json.dumps(chat("What is 17 * 23?", stream=True))
    for version in ("--http1.1", "--http1.0"):
        events = told_by(*curl, "--no-buffer", version, "-d", body)
        assert events.endswith("data: [DONE]\n\n")
        assert "[DONE]" not in events[:-20]


def test_litellm_as_a_client(litellm: "subprocess.Popen[str]") -> None:
    said, complaint = litellm.communicate(timeout=PATIENCE_S)
    assert litellm.returncode == 0, complaint
    told = json.loads(said)
    assert told["plain"] == told["streamed"] == "17 * 23 = 391"
    assert told["streamed_tokens"] == [told["tokens"]]
