"""Two processes on one Redis: what one has found out of a model, the other need not."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.configs import as_yaml, write_config
from tests.e2e.patience import until
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import Got, chat, get, post
from tests.servers import RedisServer

FIRST, SECOND = "sim-open-8b", "sim-mid"
OTHER_FIRST, OTHER_SECOND = "sim-open-70b", "sim-frontier"
POLICIES = {
    name: {
        "policy": name,
        "version": 1,
        "intent": "Two models, so that one can stand in for the other",
        "reference": "best",
        "adequate": {"floor": 0.0},
        "fall_back_to": "any",
        "models": {"ids": models},
    }
    for name, models in (("pair", [FIRST, SECOND]), ("others", [OTHER_FIRST, OTHER_SECOND]))
}


@pytest.fixture
def pair(
    tmp_path: Path, simulator: Simulator, redis_server: RedisServer
) -> Iterator[tuple[Farthing, Farthing]]:
    with running(tmp_path, simulator, redis_server.url) as both:
        yield both


@pytest.fixture(scope="module")
def lasting(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator, redis_url: str
) -> Iterator[tuple[Farthing, Farthing]]:
    """Two for tests that use their own models, because what is found out about a model lasts."""
    with running(tmp_path_factory.mktemp("lasting"), shared_simulator, redis_url) as both:
        yield both


@contextmanager
def running(folder: Path, simulator: Simulator, url: str) -> Iterator[tuple[Farthing, Farthing]]:
    with ExitStack() as stack:
        one, other = (
            stack.enter_context(Farthing(configured(folder / name, simulator, url)))
            for name in "ab"
        )
        yield one, other


def configured(folder: Path, simulator: Simulator, url: str) -> Path:
    (folder / "policies").mkdir(parents=True)
    for name, policy in POLICIES.items():
        (folder / "policies" / f"{name}.yaml").write_text(as_yaml(policy), "utf-8")
    return write_config(
        folder,
        simulator.base_url,
        server={"attempts_per_model": 1},
        policies={"directory": "policies", "default": "pair"},
        cache={"url": url, "timeout_s": 2},
    )


def ask(farthing: Farthing, number: int, model: str = "auto") -> Got:
    got = post(farthing.base_url, chat(f"What is the capital of country {number}?", model))
    assert got.status == 200
    return got


def standing(farthing: Farthing, name: str) -> dict[str, Any]:
    found = get(f"{farthing.url}/admin/fleet").json["standings"]
    return next((each for each in found if each["name"] == name), {"state": "unheard of"})


def test_a_model_that_one_has_given_up_on_the_other_does_not_ask(
    lasting: tuple[Farthing, Farthing], simulator: Simulator
) -> None:
    one, other = lasting
    simulator.will(FIRST, *["status,code=503"] * 5)
    for number in range(5):
        assert ask(one, number).headers["x-farthing-model"] == SECOND
    began_s = time.monotonic()
    until(lambda: standing(other, FIRST)["state"] == "open", within_s=5)
    assert time.monotonic() - began_s < 1.5

    asked = simulator.counters[FIRST].requests
    for number in range(10, 20):
        got = ask(other, number)
        assert got.headers["x-farthing-model"] == SECOND
        assert got.headers["x-farthing-attempts"] == "1"
    assert simulator.counters[FIRST].requests == asked


def test_when_one_is_answered_again_the_other_asks_again(
    pair: tuple[Farthing, Farthing], simulator: Simulator
) -> None:
    one, other = pair
    simulator.will(FIRST, *["status,code=503"] * 5)
    for number in range(5):
        ask(one, number)
    until(lambda: standing(other, FIRST)["state"] == "open")
    # With its replacement out of order as well, the last resort is the model that rests.
    simulator.will(SECOND, *["status,code=503"] * 5)
    for number in range(5, 10):
        post(one.base_url, chat(f"What is the capital of country {number}?"))

    got = ask(one, 10)
    assert got.headers["x-farthing-model"] == FIRST
    until(lambda: standing(other, FIRST)["state"] == "closed", within_s=5)
    assert ask(other, 11).headers["x-farthing-model"] == FIRST


def test_a_provider_that_limits_one_is_left_alone_by_the_other(
    lasting: tuple[Farthing, Farthing], simulator: Simulator
) -> None:
    one, other = lasting
    simulator.will(OTHER_FIRST, "status,code=429,retry_after=30")
    assert ask(one, 1, "auto:others").headers["x-farthing-model"] == OTHER_SECOND
    until(lambda: standing(other, OTHER_FIRST).get("retry_in_s", 0) > 20, within_s=5)

    asked = simulator.counters[OTHER_FIRST].requests
    assert ask(other, 2, "auto:others").headers["x-farthing-model"] == OTHER_SECOND
    assert simulator.counters[OTHER_FIRST].requests == asked


def test_without_redis_each_finds_out_by_itself(
    pair: tuple[Farthing, Farthing], simulator: Simulator, redis_server: RedisServer
) -> None:
    one, other = pair
    redis_server.kill()
    simulator.will(FIRST, *["status,code=503"] * 6)
    for number in range(5):
        ask(one, number)
    assert standing(one, FIRST)["state"] == "open"
    got = ask(other, 5)
    assert got.headers["x-farthing-attempts"] == "2"

    redis_server.restart()  # what was found out meanwhile is announced now
    until(lambda: standing(other, FIRST)["state"] == "open", within_s=5)
