"""A conversation whose tools are being called stays with its model, in one process and in two."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.configs import write_config
from tests.e2e.patience import until
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import Got, post
from tests.servers import RedisServer

TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather forecast for a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
QUESTION = {
    "role": "user",
    "content": "Prove that the sum of two odd numbers is even, then look at Oslo.",
}
CALL = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
RESULT = [
    QUESTION,
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "content": "Hello! Fine, how are you?"},
]


@pytest.fixture(params=["memory", "redis"])
def pair(
    request: pytest.FixtureRequest, tmp_path: Path, shared_simulator: Simulator
) -> Iterator[tuple[Farthing, Farthing]]:
    """The process that is asked first, and the one that is asked next: with a Redis, another one."""
    keys = [{"name": "alpha", "key": "${ALPHA_KEY}"}, {"name": "beta", "key": "${BETA_KEY}"}]
    env = {"ALPHA_KEY": "sk-alpha-0123456789", "BETA_KEY": "sk-beta-0123456789"}
    with ExitStack() as stack:

        def started(name: str, url: str) -> Farthing:
            (tmp_path / name).mkdir()
            cache = {"url": url, "timeout_s": 2}
            path = write_config(tmp_path / name, shared_simulator.base_url, cache=cache, keys=keys)
            return stack.enter_context(Farthing(path, env=env))

        if request.param == "memory":
            one = started("one", "memory")
            yield one, one
        else:
            server: RedisServer = request.getfixturevalue("redis_server")
            yield started("one", server.url), started("other", server.url)


def ask(
    farthing: Farthing, messages: list[Any], session: str, key: str = "alpha", **more: Any
) -> Got:
    headers = {"authorization": f"Bearer sk-{key}-0123456789", "x-session-id": session}
    body = {"model": "auto:cheap", "messages": messages, "tools": [TOOL], **more}
    return post(farthing.base_url, body, headers)


def model(got: Got) -> str:
    assert got.status == 200, got
    return got.headers["x-farthing-model"]


def test_the_model_that_called_a_tool_gets_its_result(pair: tuple[Farthing, Farthing]) -> None:
    one, other = pair
    first = model(ask(one, [QUESTION], "s1", model="sim-frontier"))
    assert first == "sim-frontier"
    got: list[Got] = []

    def stays() -> bool:
        got.append(ask(other, RESULT, "s1", seed=len(got)))
        return model(got[-1]) == first

    until(stays)
    assert got[-1].headers["x-farthing-reason"].startswith("session; ")
    for session, key in (("s2", "alpha"), ("s1", "beta"), ("", "alpha")):
        assert model(ask(other, RESULT, session, key, seed=-1)) != first
    new_turn = [
        *RESULT,
        {"role": "assistant", "content": "Fine."},
        {"role": "user", "content": "Hello!"},
    ]
    assert model(ask(other, new_turn, "s1")) != first


def test_a_conversation_without_a_name_stays_with_its_model_and_a_chore_changes_nothing(
    tmp_path: Path, simulator: Simulator
) -> None:
    summary = {"role": "user", "content": "Write a summary of our conversation so far."}
    with Farthing(write_config(tmp_path, simulator.base_url)) as farthing:
        assert model(ask(farthing, [QUESTION], "", model="sim-frontier")) == "sim-frontier"
        until(lambda: model(ask(farthing, RESULT, "", temperature=0.5)) == "sim-frontier")
        got = ask(farthing, [*RESULT, {"role": "assistant", "content": "Fine."}, summary], "")
        assert "; housekeeping; " in got.headers["x-farthing-reason"]
        assert model(got) != "sim-frontier"
        assert model(ask(farthing, RESULT, "", temperature=0.7)) == "sim-frontier"


AGENTS = """\
policy: agents
intent: An agent's calls of tools may be given again.
adequate: {within: 0.6}
cache: {ttl_s: 60, tool_calls: true}
"""


def test_a_call_that_was_stored_is_its_models_in_the_next_session_too(
    tmp_path: Path, simulator: Simulator
) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "agents.yaml").write_text(AGENTS)
    policies = {"directory": "policies", "default": "agents"}
    weather = {"role": "user", "content": "What is the weather in Oslo?"}
    with Farthing(write_config(tmp_path, simulator.base_url, policies=policies)) as farthing:

        def asked(messages: list[Any], session: str, **more: Any) -> Got:
            return ask(farthing, messages, session, **{"model": "auto", **more})

        first = asked([weather], "s1", model="sim-frontier")
        (choice,) = first.json["choices"]
        assert choice["finish_reason"] == "tool_calls"
        (call,) = choice["message"]["tool_calls"]
        again = asked([weather], "s2")
        assert (again.headers["x-farthing-cache"], model(again)) == ("hit", "sim-frontier")

        result = {"role": "tool", "tool_call_id": call["id"], "content": "Sunny."}
        got = asked([weather, choice["message"], result], "s2")
        assert model(got) == "sim-frontier"
        assert got.headers["x-farthing-reason"].startswith("session; ")
        assert model(asked([weather, choice["message"], result], "s3", seed=1)) != "sim-frontier"


def test_a_model_that_fails_is_left_in_a_session_too(tmp_path: Path, simulator: Simulator) -> None:
    with Farthing(write_config(tmp_path, simulator.base_url)) as farthing:
        assert model(ask(farthing, [QUESTION], "s1", model="sim-frontier")) == "sim-frontier"
        until(lambda: model(ask(farthing, RESULT, "s1", temperature=0.5)) == "sim-frontier")
        simulator.will("sim-frontier", *["status,code=500"] * 4)
        assert model(ask(farthing, RESULT, "s1", temperature=0.6)) != "sim-frontier"


@pytest.mark.parametrize("name", ["two words", "x" * 129, "ümlaut"])
def test_a_session_has_a_name(farthing: Farthing, name: str) -> None:
    got = ask(farthing, [QUESTION], name.encode().decode("latin-1"))
    assert got.status == 400
    assert got.json["error"]["param"] == "x-session-id"
