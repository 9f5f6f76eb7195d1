"""A process is killed amid a conversation: with a Redis another one goes on, at the provider that has stored it."""

import json
from pathlib import Path

from tests.e2e.configs import bare_model, write_config
from tests.e2e.doors import RESPONSES
from tests.e2e.patience import until
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Simulator
from tests.servers import RedisServer

QUESTION = "What is 17 * 23?"


def started(folder: Path, simulators: dict[str, Simulator], redis: RedisServer) -> Farthing:
    """A separate process with two providers that store Responses."""
    folder.mkdir()
    upstreams = {
        name: {"kind": "openai", "dialect": "responses", "base_url": each.base_url}
        for name, each in simulators.items()
    }
    config = write_config(
        folder,
        simulators["one"].base_url,
        upstreams=upstreams,
        models={name: bare_model(name, "sim-frontier") for name in simulators},
        cache={"url": redis.url, "timeout_s": 2},
    )
    return Farthing(config)


def test_another_process_goes_on_from_what_the_first_was_answered(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    with Simulator() as one, Simulator() as another:
        both = {"one": one, "another": another}
        with started(tmp_path / "first", both, redis_server) as first:
            got = RESPONSES.ask(first.base_url, QUESTION, model="another")
            given = got.json["id"]
            until(
                lambda: (
                    RESPONSES.ask(first.base_url, QUESTION, previous_response_id=given).status
                    == 200
                )
            )
            first.kill()
        with started(tmp_path / "second", both, redis_server) as second:
            got = RESPONSES.ask(second.base_url, QUESTION, previous_response_id=given)
            assert (got.status, got.headers["x-farthing-model"]) == (200, "another")
        sent = json.loads(another.calls[-1].body or b"{}")
        assert sent["previous_response_id"] == given
        assert not one.calls
