"""A Farthing whose models are asked by Messages and by Responses: its clients notice nothing."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.e2e.books import rows
from tests.e2e.configs import as_yaml, bare_model, ledger_of, write_config
from tests.e2e.patience import until
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import chat, post

DIALECTS = pytest.mark.parametrize("dialect", ["responses", "messages"])
STREAM = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
QUESTION = "What is 17 * 23?"
PAIR = {
    "policy": "pair",
    "version": 1,
    "intent": "Of two models the one that is asked by chat stands in for the other",
    "reference": "best",
    "adequate": {"floor": 0.0},
    "fall_back_to": "any",
    "models": {"ids": ["by-messages", "by-chat"]},
}


@pytest.fixture(scope="module")
def farthing(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> Iterator[Farthing]:
    folder = tmp_path_factory.mktemp("dialects")
    (folder / "policies").mkdir()
    (folder / "policies" / "pair.yaml").write_text(as_yaml(PAIR), "utf-8")
    base_url = shared_simulator.base_url
    config = write_config(
        folder,
        base_url,
        upstreams={
            "sim": {"kind": "openai", "base_url": base_url},
            "responses": {"kind": "openai", "base_url": base_url, "dialect": "responses"},
            "messages": {"kind": "anthropic", "base_url": base_url, "api_key": None},
        },
        models={
            "by-chat": bare_model("sim", "sim-mid"),
            "by-responses": bare_model("responses", "sim-frontier"),
            "by-messages": bare_model("messages", "sim-open-8b"),
            "thinks-by-messages": bare_model("messages", "sim-frontier"),
        },
        policies={"directory": "policies", "default": "pair"},
        cache={"url": "off"},
    )
    with Farthing(config) as running:
        yield running


@DIALECTS
@STREAM
def test_the_answer_and_its_usage_are_those_of_the_model(
    farthing: Farthing, simulator: Simulator, dialect: str, stream: bool
) -> None:
    got = post(farthing.base_url, chat(QUESTION, f"by-{dialect}", stream=stream))

    assert got.status == 200
    assert got.text
    (row,) = rows(ledger_of(farthing.config), got.headers["x-request-id"])
    assert (row["outcome"], row["usage_source"]) == ("ok", "upstream")
    usage = simulator.calls[-1].usage
    assert row["output_tokens"] == usage.output_tokens
    assert row["uncached_input_tokens"] == usage.uncached_input_tokens


@DIALECTS
@STREAM
def test_a_cut_answer_of_the_upstream_is_none_for_the_client(
    farthing: Farthing, simulator: Simulator, dialect: str, stream: bool
) -> None:
    model = {"responses": "sim-frontier", "messages": "sim-open-8b"}[dialect]
    simulator.will(model, *["cut,after=0"] * 9)
    got = post(farthing.base_url, chat(QUESTION, f"by-{dialect}", stream=stream))

    assert (got.status, got.error["code"]) == (502, "stream_cut" if stream else "connection_broken")


@STREAM
def test_what_messages_cannot_say_another_model_is_asked(
    farthing: Farthing, simulator: Simulator, stream: bool
) -> None:
    asked = chat(QUESTION, "auto:pair", presence_penalty=1, stream=stream)
    plain = chat(QUESTION, "auto:pair", stream=stream)

    assert post(farthing.base_url, plain).headers["x-farthing-model"] == "by-messages"
    got = post(farthing.base_url, asked)
    assert (got.status, got.headers["x-farthing-model"]) == (200, "by-chat")
    first, second = rows(ledger_of(farthing.config), got.headers["x-request-id"])
    assert (first["outcome"], first["error"], first["cost_pico"]) == (
        "failed",
        "untranslatable",
        0,
    )
    assert second["outcome"] == "ok"


def test_a_model_that_was_named_says_what_it_cannot_be_asked(farthing: Farthing) -> None:
    got = post(farthing.base_url, chat(QUESTION, "by-messages", presence_penalty=1))

    assert got.status == 400
    assert (got.error["code"], got.error["param"]) == ("untranslatable", "presence_penalty")


def test_thoughts_come_to_the_client_and_go_back(farthing: Farthing, simulator: Simulator) -> None:
    client = openai.OpenAI(base_url=farthing.base_url, api_key="k", max_retries=0)
    asked: list[Any] = [{"role": "user", "content": "Prove step by step that 2 + 2 = 4"}]
    simulator.counters.calls.clear()
    first = client.chat.completions.create(
        model="thinks-by-messages",
        messages=asked,
        reasoning_effort="low",
    )
    said = first.choices[0].message.model_dump(exclude_none=True)
    assert said["reasoning_details"][0]["format"] == "messages/sim-frontier"
    again = [*asked, said, {"role": "user", "content": "And 3 + 3?"}]
    for model in ("thinks-by-messages", "by-messages", "by-responses", "by-chat"):
        client.chat.completions.create(model=model, messages=again)

    until(lambda: len(simulator.calls) == 5)  # written down when their answers have left
    signed = [b'"signature"' in (call.body or b"") for call in simulator.calls][1:]
    assert signed == [True, False, False, False]
