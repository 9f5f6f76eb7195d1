"""Clients allow longer answers than some models write: no model is asked for more than it is known to write."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from router.providers.simulated import default_models
from router.providers.simulated.counters import CallRecord, Ending
from tests.e2e.books import rows
from tests.e2e.configs import as_yaml, ledger_of, models, write_config
from tests.e2e.doors import COMPLETIONS, MESSAGES, RESPONSES, Knock
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import chat, post, send

KNOCKS = (RESPONSES, MESSAGES, COMPLETIONS)
LIMITS = {model.id: model.max_output_tokens for model in default_models()}
QUESTION = "What is the capital of Japan?"
LIMIT_FIELDS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


@pytest.fixture(scope="module")
def farthing(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> Iterator[Farthing]:
    """The small models write 8,192 tokens and are asked in three dialects, the others more; all are good enough."""
    folder, base_url = tmp_path_factory.mktemp("brevity"), shared_simulator.base_url
    policies = folder / "policies"
    policies.mkdir()
    upstreams = {
        "sim": {"kind": "openai", "base_url": base_url},
        "responses": {"kind": "openai", "base_url": base_url, "dialect": "responses"},
        "messages": {"kind": "anthropic", "base_url": base_url},
    }
    small, catalog = models("sim")["sim-open-8b"], models("sim")
    del catalog["sim-open-70b"]
    for name in ("responses", "messages"):
        catalog[f"small-{name}"] = {**small, "upstream": name, "name": "sim-open-8b"}
    allowed = {
        "all": list(catalog),
        "small": ["sim-open-8b"],
        "small-responses": ["small-responses"],
        "small-messages": ["small-messages"],
    }
    for name, ids in allowed.items():
        (policies / f"{name}.yaml").write_text(as_yaml(policy_of(name, ids)), "utf-8")
    config = write_config(
        folder,
        base_url,
        upstreams=upstreams,
        models=catalog,
        policies={"directory": "policies", "default": "all"},
        cache={"url": "off"},
    )
    with Farthing(config) as running:
        yield running


def policy_of(name: str, ids: list[str]) -> dict[str, Any]:
    return {
        "policy": name,
        "version": 1,
        "intent": "Whoever is cheapest",
        "reference": "best",
        "adequate": {"floor": 0.0},
        "models": {"ids": ids},
    }


def limits_asked(simulator: Simulator, before: list[CallRecord]) -> list[tuple[str, int]]:
    """For each call that is not in the log `before`: the model, and the longest answer that it was asked for."""
    known = {*map(id, before)}  # the log is bounded, and by now may be full
    made = [each for each in simulator.calls if id(each) not in known]
    bodies = [(call.model, json.loads(call.body or b"{}")) for call in made]
    assert all(call.ending is not Ending.REFUSED for call in made)
    return [(model, body[name]) for model, body in bodies for name in LIMIT_FIELDS if name in body]


def limit_of(knock: Knock, tokens: int) -> dict[str, Any]:
    return {name: tokens for name in LIMIT_FIELDS if name in knock.body("")}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("knock", KNOCKS, ids=lambda knock: knock.path)
def test_whoever_is_known_to_write_less_is_never_asked_for_more(
    farthing: Farthing, simulator: Simulator, knock: Knock, stream: bool
) -> None:
    before = simulator.calls
    got = knock.ask(farthing.base_url, QUESTION, stream=stream, **limit_of(knock, 12_000))
    assert (got.status, got.headers["x-farthing-model"]) == (200, "sim-mid")
    assert limits_asked(simulator, before) == [("sim-mid", 12_000)]
    (row,) = rows(ledger_of(farthing.config), got.headers["x-request-id"])
    assert row["outcome"] == "ok"


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("policy", ["small", "small-responses", "small-messages"])
@pytest.mark.parametrize("knock", KNOCKS, ids=lambda knock: knock.path)
def test_where_nobody_writes_so_much_as_much_is_asked_for_as_there_is(
    farthing: Farthing, simulator: Simulator, knock: Knock, policy: str, stream: bool
) -> None:
    before, limit = simulator.calls, limit_of(knock, 32_000)
    got = knock.ask(farthing.base_url, QUESTION, model=f"auto:{policy}", stream=stream, **limit)
    assert got.status == 200, got
    assert limits_asked(simulator, before) == [("sim-open-8b", LIMITS["sim-open-8b"])]


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_so_it_is_by_chat_whatever_the_name_of_the_limit(
    farthing: Farthing, simulator: Simulator, name: str
) -> None:
    before = simulator.calls
    for model in ("auto", "auto:small"):
        post(farthing.base_url, {**chat(QUESTION, model), name: 12_000})
    assert limits_asked(simulator, before) == [("sim-mid", 12_000), ("sim-open-8b", 8192)]


def test_why_is_told(farthing: Farthing) -> None:
    body = json.dumps(chat(QUESTION, max_tokens=12_000)).encode()
    told = send(f"{farthing.base_url}/route", body).json
    excluded = {
        each["model"]: each["exclusion"] for each in told["candidates"] if "exclusion" in each
    }
    assert excluded["sim-open-8b"] == {
        "reason": "output_limit",
        "detail": "it writes at most 8192 tokens, and 12000 are asked for",
    }


def test_a_model_that_is_named_says_itself_what_it_does_not_write(farthing: Farthing) -> None:
    got = post(farthing.base_url, chat(QUESTION, "sim-open-8b", max_tokens=12_000))
    assert (got.status, got.error["param"]) == (400, "max_completion_tokens")
    assert "supports at most 8192" in got.error["message"]
