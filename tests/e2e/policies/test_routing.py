"""What `model` means in a request, and what the headers say about the decision."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from router.domain.money import Money
from router.domain.usage import Usage
from router.providers.simulated import default_models
from tests.e2e.books import rows
from tests.e2e.configs import usual_config
from tests.e2e.described import check_error, check_models
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import FixedUpstream, Simulator
from tests.e2e.wire import Got, chat, get, post

FRESH = {"cache-control": "no-store"}
HELLO = "Hello! How are you today?"
MATHS = "A tank holds 240 litres and loses 3% an hour. How many litres are left after 7 hours?"
PRICES = {model.id: model.price for model in default_models()}


@pytest.fixture(scope="module")
def farthing(
    tmp_path_factory: pytest.TempPathFactory,
    shared_simulator: Simulator,
    shared_fixed: FixedUpstream,
) -> Iterator[Farthing]:
    """One for this file alone: what it has learnt is what is tested here."""
    folder = tmp_path_factory.mktemp("routing")
    config = usual_config(folder, shared_simulator, shared_fixed, cache="memory")
    with Farthing(config) as running:
        yield running


def ask(farthing: Farthing, text: str, model: str, **fields: object) -> Got:
    got = post(farthing.base_url, chat(text, model, **fields), FRESH)
    assert got.status == 200, got
    return got


def test_auto_is_the_default_policy(farthing: Farthing) -> None:
    got = ask(farthing, HELLO, "auto")
    assert got.headers["x-farthing-policy"] == "balanced"
    assert got.headers["x-farthing-model"] == got.json["model"] == "sim-open-8b"


@pytest.mark.parametrize(
    ("model", "text", "chosen"),
    [
        ("auto:cheap", MATHS, "sim-open-70b"),
        ("auto:cheap", HELLO, "sim-open-8b"),
        ("auto:balanced", HELLO, "sim-open-8b"),
        ("auto:balanced", MATHS, "sim-frontier"),
        ("auto:quality", MATHS, "sim-frontier"),
    ],
)
def test_a_policy_by_name_decides(farthing: Farthing, model: str, text: str, chosen: str) -> None:
    got = ask(farthing, text, model)
    assert got.headers["x-farthing-policy"] == model.removeprefix("auto:")
    assert got.headers["x-farthing-model"] == chosen


def test_a_catalog_id_is_pinned(farthing: Farthing, ledger: Path) -> None:
    got = ask(farthing, HELLO, "sim-frontier")
    assert got.headers["x-farthing-model"] == "sim-frontier"
    assert got.headers["x-farthing-policy"] == "none"
    assert got.headers["x-farthing-reason"] == "pinned by the request"
    (row,) = rows(ledger, got.headers["x-request-id"])
    assert row["cost_pico"] == row["baseline_pico"] > 0


def test_a_routed_id_is_the_reference_and_not_the_answer(farthing: Farthing, ledger: Path) -> None:
    got = ask(farthing, HELLO, "sim-open-70b")
    assert got.headers["x-farthing-policy"] == "balanced"
    assert got.headers["x-farthing-model"] == "sim-open-8b"
    (row,) = rows(ledger, got.headers["x-request-id"])
    assert (row["asked"], row["reference"]) == ("sim-open-70b", "sim-open-70b")
    usage = got.json["usage"]
    used = Usage(usage["prompt_tokens"], output_tokens=usage["completion_tokens"])
    assert row["baseline_pico"] == PRICES["sim-open-70b"].charge(used).pico
    assert row["cost_pico"] == PRICES["sim-open-8b"].charge(used).pico


def test_a_routed_name_that_no_upstream_has_is_answered_all_the_same(farthing: Farthing) -> None:
    got = ask(farthing, HELLO, "claude-sonnet-9")
    assert got.headers["x-farthing-policy"] == "cheap"
    assert got.headers["x-farthing-model"] == "sim-open-8b"


@pytest.mark.parametrize(
    ("model", "code", "hint"),
    [
        ("sim-fronteer", "model_not_found", "'sim-frontier'"),
        ("gpt-unheard-of", "model_not_found", "'auto'"),
        ("auto:balanzed", "policy_not_found", "'auto:balanced'"),
        ("auto:", "policy_not_found", "'auto:cheap'"),
        ("AUTO", "model_not_found", "'auto'"),
        ("zürich\u0000\n", "model_not_found", "'auto'"),
    ],
)
def test_an_unknown_name_is_a_404_with_a_hint(
    farthing: Farthing, model: str, code: str, hint: str
) -> None:
    got = post(farthing.base_url, chat(HELLO, model))
    assert got.status == 404
    assert got.error["code"] == code
    assert got.error["param"] == "model"
    assert hint in got.error["message"]
    check_error(got.json)


def test_the_headers_of_a_plain_answer(farthing: Farthing, ledger: Path) -> None:
    got = ask(farthing, MATHS, "auto")
    headers = got.headers
    assert re.fullmatch(r"req_[0-9a-f]{24}", headers["x-request-id"])
    assert headers["x-farthing-policy"] == "balanced"
    assert headers["x-farthing-model"] == "sim-frontier"
    reason = r"cheapest-adequate; maths; quality 0\.9\d.*"
    assert re.fullmatch(reason, headers["x-farthing-reason"])
    assert headers["x-farthing-cache"] == "miss"
    assert headers["x-farthing-attempts"] == "1"
    assert Decimal(headers["x-farthing-estimated-cost-usd"]) > 0
    (row,) = rows(ledger, headers["x-request-id"])
    assert headers["x-farthing-cost-usd"] == str(Money(row["cost_pico"]))
    assert row["cost_source"] == "priced"


def test_the_headers_of_a_stream_and_its_cost_before_the_end(
    farthing: Farthing, ledger: Path
) -> None:
    got = ask(farthing, MATHS, "auto", stream=True)
    headers = got.headers
    assert headers["x-farthing-model"] == "sim-frontier"
    assert headers["x-farthing-cache"] == "miss"
    assert Decimal(headers["x-farthing-estimated-cost-usd"]) > 0
    (row,) = rows(ledger, headers["x-request-id"])
    assert row["stream"] == 1
    assert row["is_answer"] == 1
    said = re.search(rb": farthing cost-usd=(\S+)\n\ndata: \[DONE\]", got.body)
    assert said is not None
    assert said[1].decode() == str(Money(row["cost_pico"]))


def test_a_request_for_what_only_some_can_do_goes_to_those(farthing: Farthing) -> None:
    long = "word " * 150_000
    got = ask(farthing, long, "auto:cheap")
    assert got.headers["x-farthing-model"] in {"sim-frontier", "fixed", "gpt-fixed"}
    assert "sim-open" not in got.headers["x-farthing-model"]


def test_a_dear_model_that_was_seen_to_be_brief_is_not_taken_for_a_cheap_one(
    farthing: Farthing,
) -> None:
    """What is learnt about one must not make the other, of which nothing is known, look more expensive."""
    for number in range(5):
        ask(
            farthing, f"Fix this bug: list index {number} is an error", "sim-frontier", max_tokens=9
        )
    got = ask(farthing, "Fix this bug: list index is an error", "auto:cheap")
    assert "code_editing" in got.headers["x-farthing-reason"]
    assert got.headers["x-farthing-model"] == "sim-open-70b"


def test_each_request_has_an_id_of_its_own_errors_too(farthing: Farthing) -> None:
    answers = [
        ask(farthing, HELLO, "auto"),
        ask(farthing, HELLO, "auto"),
        post(farthing.base_url, b"{"),
        get(f"{farthing.url}/nowhere"),
    ]
    ids = {got.headers["x-request-id"] for got in answers}
    assert len(ids) == len(answers)


def test_the_list_of_models_is_as_openai_describes_it(farthing: Farthing) -> None:
    listed = get(f"{farthing.base_url}/models")
    assert listed.status == 200
    check_models(listed.json)
    owners = {model["id"]: model["owned_by"] for model in listed.json["data"]}
    assert owners["auto"] == owners["auto:quality"] == "farthing"
    assert owners["sim-mid"] == "sim"


def test_health(farthing: Farthing) -> None:
    assert get(f"{farthing.url}/healthz").json == {"status": "ok"}
    ready = get(f"{farthing.url}/readyz")
    assert ready.status == 200
    assert ready.json["status"] == "ready"
    assert ready.json["ledger"] == {"state": "ok", "waiting_rows": 0}


REDIRECTS = {
    "api_base": "{there}",
    "base_url": "{there}",
    "api_key": "sk-theirs",
    "api_version": "1",
    "organization": "org",
    "extra_headers": {"authorization": "Bearer theirs"},
    "headers": {"host": "elsewhere"},
    "mock_response": "made up",
    "custom_llm_provider": "anthropic",
    "model_list": [{"model_name": "x", "litellm_params": {"model": "x", "api_base": "{there}"}}],
    "fallbacks": ["other"],
    "router_settings": {"api_base": "{there}"},
    "provider": {"url": "{there}"},
    "deployment_id": "x",
}


@pytest.mark.parametrize("stream", [False, True])
def test_no_field_of_a_body_takes_a_call_elsewhere(
    farthing: Farthing, simulator: Simulator, stream: bool
) -> None:
    there = "http://127.0.0.1:9/v1"
    asked = simulator.counters["sim-mid"].requests
    fields = {name: there if value == "{there}" else value for name, value in REDIRECTS.items()}
    user = f"elsewhere {stream}"
    got = ask(farthing, "What is 6 * 7?", "sim-mid", stream=stream, user=user, **fields)
    assert got.text == "6 * 7 = 42"
    assert simulator.counters["sim-mid"].requests == asked + 1
    names = simulator.call_with(user.encode()).header_names
    assert "authorization" not in {name.lower() for name in names}
