"""Decisions for cascades: before a request is sent, after it was answered, and if it forbids them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.configs import write_config
from tests.e2e.programs import Farthing, here
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import Got, chat, get, post, send

PAIR = """\
policy: pair
intent: Two small models first, and the frontier where they disagree.
reference: best
adequate: {within: 0.02}
cascade:
  use: always
  steps: [{models: [sim-open-8b, sim-open-70b], within_s: 9}]
"""
QUESTION = "A logic puzzle: if all knights tell the truth, who is who? Reason step by step."
NOTHING: Mapping[str, Any] = {}
KEYS = {"OWN": "own-secret", "STRICT": "strict-secret"}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator) -> Path:
    folder = tmp_path_factory.mktemp("cascades")
    (folder / "policies").mkdir()
    (folder / "policies" / "pair.yaml").write_text(PAIR, encoding="utf-8")
    return write_config(
        folder,
        shared_simulator.base_url,
        keys=[
            {"name": "own", "key": "${OWN}"},
            {"name": "strict", "key": "${STRICT}", "overrides": []},
        ],
        policies={"directory": "policies", "default": "pair"},
    )


@pytest.fixture(scope="module")
def farthing(config: Path) -> Iterator[Farthing]:
    with Farthing(config, env=KEYS) as running:
        yield running


def by(key: str, **headers: str) -> dict[str, str]:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return {"authorization": f"Bearer {KEYS[key]}", **named}


def route(farthing: Farthing, headers: Mapping[str, str], more: Mapping[str, Any] = NOTHING) -> Got:
    body = json.dumps({**chat(QUESTION), **more}).encode()
    return send(f"{farthing.base_url}/route", body, headers=headers)


def test_a_dry_run_tells_the_steps_the_final_model_and_what_it_costs(farthing: Farthing) -> None:
    told = route(farthing, by("OWN")).json
    (step,) = told["cascade"]["steps"]
    cost = float(told["cascade"]["cost"]["expected_usd"])

    assert told["reason"] == "cascade"
    assert "2 models must agree, then sim-frontier; quality" in told["headline"]
    assert step.pop("prospect")["source"] == "artefact"
    assert step == {
        "models": ["sim-open-8b", "sim-open-70b"],
        "checks": [{"test": "agreement"}],
        "within_s": 9.0,
    }
    assert told["cascade"]["final"] == told["cascade"]["alone"]["model"] == "sim-frontier"
    assert 0 < cost < float(told["cascade"]["alone"]["cost"]["expected_usd"])
    first = "First sim-open-8b and sim-open-70b are asked at once; their answers must within 9 s agree. "
    (said,) = (each for each in told["sentences"] if each.startswith(first))
    assert said.removeprefix(first).startswith("That settles ")


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        ({"x_farthing_cascade": "never"}, {}),
        ({"x_farthing_cascade": "false"}, {}),
        ({}, {"farthing": {"cascade": False}}),
        ({}, {"farthing": {"cascade": "never"}}),
    ],
)
def test_a_request_may_do_without(
    farthing: Farthing, headers: dict[str, str], fields: dict[str, Any]
) -> None:
    told = route(farthing, by("OWN", **headers), fields).json

    assert told["reason"] == "cheapest-adequate"
    assert "The request itself asks for an answer without a cascade." in told["sentences"]
    assert {"cascade", "no_cascade"} & told.keys() == set()


def test_a_key_may_be_bound_to_the_policys_word(farthing: Farthing) -> None:
    got = route(farthing, by("STRICT", x_farthing_cascade="never"))
    allowed = route(farthing, by("STRICT", x_farthing_cascade="true"))

    assert (got.status, got.json["error"]["code"]) == (403, "override_not_allowed")
    assert allowed.json["reason"] == "cascade"


def test_what_is_no_wish_about_cascades_is_refused(farthing: Farthing) -> None:
    got = route(farthing, by("OWN", x_farthing_cascade="always"))

    assert got.status == 400
    assert got.json["error"]["message"] == (
        "'x-farthing-cascade' must be 'never', or true or false."
    )


def test_why_there_was_none_is_told_before_and_after(farthing: Farthing) -> None:
    told = route(farthing, by("OWN"), {"n": 2}).json
    got = post(farthing.base_url, chat(QUESTION, n=2), by("OWN"))
    assert got.status == 200
    kept = get(f"{farthing.base_url}/decisions/{got.headers['x-request-id']}", by("OWN")).json

    assert told["no_cascade"] == ["2 choices are requested, and steps compare one from each model"]
    assert kept["no_cascade"] == told["no_cascade"]
    assert kept["sentences"] == told["sentences"]


def test_a_decided_cascade_is_kept_and_told_again(farthing: Farthing, config: Path) -> None:
    got = post(farthing.base_url, chat(f"{QUESTION} Once more."), by("OWN"))
    assert got.status == 200
    request_id = got.headers["x-request-id"]
    kept = get(f"{farthing.base_url}/decisions/{request_id}", by("OWN")).json
    shown = here("explain", "--config", str(config), "--id", request_id, env=KEYS)

    assert "2 models must agree, then sim-frontier" in got.headers["x-farthing-reason"]
    assert kept["cascade"]["steps"][0]["models"] == ["sim-open-8b", "sim-open-70b"]
    assert "What remains unsettled goes to sim-frontier" in shown.out
    assert "step 1" in shown.out


def test_the_estimated_cost_is_that_of_the_whole_cascade(farthing: Farthing) -> None:
    told = route(farthing, by("OWN")).json
    got = post(farthing.base_url, chat(QUESTION), by("OWN"))

    expected = told["cascade"]["cost"]["expected_usd"]
    assert got.headers["x-farthing-estimated-cost-usd"] == expected
