"""Rules about what a request contains besides its words, with OpenAI's own client."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.e2e.books import rows
from tests.e2e.configs import ledger_of, models, write_config
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Simulator

POLICY = """\
policy: told
intent: A rule for everything that a request can bring.
adequate: {floor: 0.5}
rules:
  - {name: pro, when: {metadata: {plan: [pro, team]}}, then: {objective: best, ceiling_usd: 0.05}}
  - {name: search, when: {header: {X-Team: search-*}}, then: {models: {ids: [sim-mid]}}}
  - {name: German, when: {language: de}, then: {models: {ids: [sim-open-70b]}}}
  - {name: hard, when: {min_difficulty: 0.3}, then: {adequate: {within: 0}}}
  - {name: asked, when: {asked: claude-*}, then: {adequate: {within: 0.1}}}
"""
ABSENT = {
    "upstream": "elsewhere",
    "price": {"input_usd_per_mtok": 50, "output_usd_per_mtok": 100},
    "abilities": {"chat": 0.97},
}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator) -> Path:
    folder = tmp_path_factory.mktemp("conditions")
    (folder / "policies").mkdir()
    (folder / "policies" / "told.yaml").write_text(POLICY)
    elsewhere = {
        "kind": "openai",
        "base_url": "https://elsewhere.example/v1",
        "api_key": "${NOT_SET_ANYWHERE}",
        "enabled": "with-key",
    }
    sim = {"kind": "openai", "base_url": shared_simulator.base_url}
    return write_config(
        folder,
        shared_simulator.base_url,
        upstreams={"sim": sim, "elsewhere": elsewhere},
        models={**models("sim"), "claude-absent": ABSENT},
        policies={
            "directory": "policies",
            "default": "told",
            "routes": {"claude-*": {"policy": "told", "reference": "claude-absent"}},
        },
    )


@pytest.fixture(scope="module")
def farthing(config: Path) -> Iterator[Farthing]:
    with Farthing(config) as running:
        yield running


def reason(farthing: Farthing, text: str, **more: Any) -> tuple[str, str]:
    """The model that answered and the first word of why."""
    client = openai.OpenAI(base_url=farthing.base_url, api_key="any", max_retries=0)
    with client:
        got = client.chat.completions.with_raw_response.create(
            model=more.pop("model", "auto"),
            messages=[{"role": "user", "content": text}],
            **more,
        )
    return got.headers["x-farthing-model"], got.headers["x-farthing-reason"].partition(";")[0]


def test_without_a_rule_the_cheapest_that_is_good_enough(farthing: Farthing) -> None:
    assert reason(farthing, "Hello! How are you today?") == ("sim-open-8b", "cheapest-adequate")


def test_metadata_of_the_request(farthing: Farthing) -> None:
    text = "What is the capital of Australia, and since when?"
    pro = reason(farthing, text, metadata={"plan": "pro"})
    free = reason(farthing, text, metadata={"plan": "free"})

    assert pro == ("sim-frontier", "best-affordable")
    assert free == ("sim-open-8b", "cheapest-adequate")


def test_a_header_of_the_request_whatever_its_case(farthing: Farthing) -> None:
    found = reason(farthing, "Hi! How are you doing?", extra_headers={"x-TEAM": "search-ads"})
    other = reason(farthing, "Hi! How are you doing?", extra_headers={"x-team": "ads"})

    assert (found[0], other[0]) == ("sim-mid", "sim-open-8b")


def test_the_language_of_the_question(farthing: Farthing) -> None:
    text = "Schreibe mir bitte eine kurze Nachricht an meine Kollegin."

    assert reason(farthing, text)[0] == "sim-open-70b"


def test_what_looks_hard(farthing: Farthing) -> None:
    text = (
        "Given x + y = 12; x * y = 35: what are x and y? Then show that x^2 + y^2 = 74. Is it unique?"
        "\nExplain each step. Use no calculator. Write 3 lines."
    )

    assert reason(farthing, text)[0] == "sim-frontier"


def test_a_name_stands_for_a_model_that_cannot_answer_here(
    farthing: Farthing, config: Path
) -> None:
    client = openai.OpenAI(base_url=farthing.base_url, api_key="any", max_retries=0)
    with client:
        got = client.chat.completions.with_raw_response.create(
            model="claude-sonnet-9",
            messages=[{"role": "user", "content": "Hey! How are you today?"}],
        )
    (row,) = rows(ledger_of(config), got.headers["x-request-id"])

    assert "claude-absent 0.97" in got.headers["x-farthing-reason"]
    assert (row["asked"], row["reference"]) == ("claude-sonnet-9", "claude-absent")
    assert row["baseline_pico"] > 10 * row["cost_pico"] > 0
