"""Upstreams fail in every way there is; the client sees one clean answer, or one clean error."""

import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

import openai
import pytest

from tests.e2e.books import rows
from tests.e2e.configs import as_yaml, bare_model, fixed_model, ledger_of, write_config
from tests.e2e.described import check_chunk, check_error
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import Got, chat, error_of, post

PAIRS = 90
QUESTION = "What is the capital of Japan?"
TIMEOUTS = {"first_content_s": 1, "stall_s": 0.5, "total_s": 4}


@dataclass(frozen=True)
class Pair:
    """A policy of two models, the cheaper first, that no other test uses: no past speaks for it."""

    policy: str
    first: str
    second: str


@pytest.fixture(scope="module")
def farthing(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> Iterator[Farthing]:
    folder = tmp_path_factory.mktemp("fallback")
    policies = folder / "policies"
    policies.mkdir()
    catalog = {"nowhere": fixed_model("nowhere")}
    for number in range(PAIRS):
        pair = pair_of(number)
        catalog[pair.first] = bare_model("sim", "sim-open-8b") | ROOM
        catalog[pair.second] = bare_model("sim", "sim-mid") | ROOM
        path = policies / f"{pair.policy}.yaml"
        path.write_text(as_yaml(policy_of(pair)), "utf-8")
    config = write_config(
        folder,
        shared_simulator.base_url,
        server={"timeouts": TIMEOUTS},
        models=catalog,
        policies={"directory": "policies", "default": pair_of(0).policy},
        upstreams={
            "sim": {"kind": "openai", "base_url": shared_simulator.base_url},
            "nowhere": {"kind": "openai", "base_url": f"http://127.0.0.1:{closed_port()}/v1"},
        },
    )
    with Farthing(config) as running:
        yield running


ROOM = {"context_tokens": 128_000}


def pair_of(number: int) -> Pair:
    return Pair(f"p{number}", f"first-{number}", f"second-{number}")


def policy_of(pair: Pair) -> dict[str, object]:
    return {
        "policy": pair.policy,
        "version": 1,
        "intent": "Two models, so that one can stand in for the other",
        "reference": "best",
        "adequate": {"floor": 0.0},
        "fall_back_to": "any",
        "models": {"ids": [pair.first, pair.second]},
    }


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    """The pairs that are left."""
    return iter(range(PAIRS))


@pytest.fixture
def pair(numbers: Iterator[int]) -> Pair:
    return pair_of(next(numbers))


def ask(farthing: Farthing, pair: Pair, faults: str, **fields: object) -> Got:
    body = chat(QUESTION, f"auto:{pair.policy}", metadata={"simulate": faults}, **fields)
    return post(farthing.base_url, body)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_stumble_is_tried_again_at_the_same_model(
    farthing: Farthing, simulator: Simulator, pair: Pair, stream: bool
) -> None:
    # First in this file, while the allowance of retries is whole: a storm uses it up.
    simulator.will("sim-open-8b", "status,code=503")
    got = post(farthing.base_url, chat(QUESTION, f"auto:{pair.policy}", stream=stream))
    assert got.status == 200
    assert got.headers["x-farthing-model"] == pair.first
    assert got.headers["x-farthing-attempts"] == "2"
    first, second = rows(ledger_of(farthing.config), got.headers["x-request-id"])
    assert (first["outcome"], first["status"], first["cost_pico"]) == ("failed", 503, 0)
    assert (second["outcome"], second["status"]) == ("ok", 200)


HIDDEN = [
    "status,code=500",
    "status,code=502",
    "status,code=503",
    "status,code=504",
    "status,code=529",
    "status,code=408",
    "status,code=409",
    "status,code=429",
    "status,code=429,retry_after=30",
    "status,code=401",
    "status,code=402",
    "status,code=403",
    "status,code=404",
    "status,code=405",
    "reset",
    "drop",
    "html",
    "html,code=503",
    "redirect",
    "empty",
    "malformed,after=0",
    "malformed,after=1",
    "error_event",
    "error_event,after=1",
    "reset_after,after=0",
    "reset_after,after=1",
    "cut,after=0",
    "cut,after=1",
    "gzip_bomb,mb=80",
]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("fault", HIDDEN)
def test_a_fault_before_the_first_content_is_hidden(
    farthing: Farthing, simulator: Simulator, pair: Pair, fault: str, stream: bool
) -> None:
    called = simulator.counters["sim-open-8b"].requests
    got = ask(farthing, pair, f"sim-open-8b:{fault}", stream=stream)
    assert got.status == 200, got
    assert got.text == "The capital of Japan is Tokyo."
    assert got.headers["x-farthing-model"] == pair.second
    assert got.headers["x-farthing-reason"].startswith("fallback")
    assert simulator.counters.redirects_followed == 0
    *failed, answer = rows(ledger_of(farthing.config), got.headers["x-request-id"])
    assert got.headers["x-farthing-attempts"] == str(len(failed) + 1)
    assert len(failed) == simulator.counters["sim-open-8b"].requests - called > 0
    assert {(row["model"], row["outcome"]) for row in failed} == {(pair.first, "failed")}
    assert (answer["model"], answer["outcome"], answer["is_answer"]) == (pair.second, "ok", 1)
    assert sum(row["baseline_pico"] for row in failed) == 0


def test_a_stream_that_stays_silent_is_left_for_another_model(
    farthing: Farthing, pair: Pair
) -> None:
    began_s = time.monotonic()
    got = ask(farthing, pair, "sim-open-8b:silence", stream=True)
    assert got.headers["x-farthing-model"] == pair.second
    assert time.monotonic() - began_s < TIMEOUTS["total_s"]


def test_a_plain_answer_that_never_comes_is_a_timeout(farthing: Farthing, pair: Pair) -> None:
    began_s = time.monotonic()
    got = ask(farthing, pair, "silence")
    assert got.status == 504
    check_error(got.json)
    assert time.monotonic() - began_s < TIMEOUTS["total_s"] + 2


def test_a_refusal_of_the_request_is_relayed_and_nobody_else_is_asked(
    farthing: Farthing, simulator: Simulator, pair: Pair
) -> None:
    others = simulator.counters["sim-mid"].requests
    got = ask(farthing, pair, "ok", top_logprobs=2)
    assert got.status == 400
    assert got.error["param"] == "top_logprobs"
    assert got.error["code"] == "invalid_value"
    assert got.error["type"] == "invalid_request_error"
    assert "only allowed when 'logprobs' is enabled" in got.error["message"]
    check_error(got.json)
    assert simulator.counters["sim-mid"].requests == others
    (row,) = rows(ledger_of(farthing.config), got.headers["x-request-id"])
    assert (row["status"], row["outcome"], row["cost_pico"]) == (400, "failed", 0)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("status,code=400,message=Not like this", "invalid_value"),
        ("status,code=404,message=Not here", "model_not_found"),
        ("status,code=413,message=Too much", "request_too_large"),
        ("status,code=422,message=Not this", "unprocessable_entity"),
        ("context_length_exceeded", "context_length_exceeded"),
    ],
)
def test_an_upstreams_client_errors_keep_status_code_and_message(
    farthing: Farthing, pair: Pair, fault: str, code: str
) -> None:
    for stream in (False, True):
        got = ask(farthing, pair, fault, stream=stream)
        said = dict(re.findall(r"(code|message)=([^,]*)", fault))
        assert got.status == int(said.get("code", 400))
        assert got.error["code"] == code
        assert said.get("message", "maximum context length") in got.error["message"]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_who_writes_less_than_the_client_allows_is_passed_over(
    farthing: Farthing, pair: Pair, stream: bool
) -> None:
    got = ask(farthing, pair, "", max_tokens=12_000, stream=stream)  # the first one writes 8,192
    assert (got.status, got.headers["x-farthing-model"]) == (200, pair.second)
    first, second = rows(ledger_of(farthing.config), got.headers["x-request-id"])
    assert (first["outcome"], first["status"], first["cost_pico"]) == ("failed", 400, 0)
    assert second["outcome"] == "ok"


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_what_one_model_does_not_take_another_one_is_asked(
    farthing: Farthing, pair: Pair, stream: bool
) -> None:
    fault = (
        "status,code=400,message=Unsupported parameter: 'seed' is not supported with this model."
    )
    got = ask(farthing, pair, f"sim-open-8b:{fault}", stream=stream, seed=1)
    assert (got.status, got.headers["x-farthing-model"]) == (200, pair.second)


def test_if_nobody_writes_so_much_the_client_is_told_which_field_is_wrong(
    farthing: Farthing, pair: Pair
) -> None:
    got = ask(farthing, pair, "", max_tokens=20_000)
    assert (got.status, got.error["param"]) == (400, "max_completion_tokens")
    assert "supports at most 16384" in got.error["message"]


@pytest.mark.parametrize("status", [401, 402, 403])
def test_credentials_that_are_refused_everywhere_are_our_fault(
    farthing: Farthing, pair: Pair, status: int
) -> None:
    got = ask(farthing, pair, f"status,code={status},message=Key sk-upstream-secret is wrong")
    assert got.status == 502
    assert got.error["type"] == "server_error"
    assert b"sk-upstream" not in got.body
    assert b"Key" not in got.body


def test_a_limit_everywhere_keeps_status_and_retry_after(farthing: Farthing, pair: Pair) -> None:
    began_s = time.monotonic()
    got = ask(farthing, pair, "status,code=429,retry_after=30,message=Slow down")
    assert got.status == 429
    assert 28 <= int(got.headers["retry-after"]) <= 30
    assert got.error["code"] == "rate_limit_exceeded"
    assert got.error["message"] == "Slow down"
    assert time.monotonic() - began_s < 2


def test_trouble_everywhere_keeps_its_status(farthing: Farthing, pair: Pair) -> None:
    got = ask(farthing, pair, "status,code=503,message=All engines are busy")
    assert got.status == 503
    assert got.error["message"] == "All engines are busy"
    attempts = rows(ledger_of(farthing.config), got.headers["x-request-id"])
    assert {row["model"] for row in attempts} == {pair.first, pair.second}
    assert sum(row["cost_pico"] for row in attempts) == 0


def test_an_upstream_that_is_not_there_is_named_by_its_model_only(farthing: Farthing) -> None:
    got = post(farthing.base_url, chat("Hello", "nowhere"))
    assert got.status in {502, 503}
    assert "nowhere" in got.error["message"]
    assert b"127.0.0.1" not in got.body


BROKEN = [
    "cut,after=3",
    "reset_after,after=3",
    "malformed,after=3",
    "error_event,after=3",
    "stall,after=3",
]


@pytest.mark.parametrize("fault", BROKEN)
def test_a_stream_that_breaks_off_ends_in_an_error_and_never_in_done(
    farthing: Farthing, simulator: Simulator, pair: Pair, fault: str
) -> None:
    others = simulator.counters["sim-mid"].requests
    got = ask(farthing, pair, f"sim-open-8b:{fault}", stream=True)
    assert got.status == 200
    assert got.headers["x-farthing-model"] == pair.first
    *chunks, last = got.chunks
    for chunk in chunks:
        check_chunk(chunk)
    error_of(Got(500, {"content-type": "application/json"}, got.events[-1].encode()))
    assert "[DONE]" not in got.events
    assert last["error"]["type"] == "server_error"
    assert simulator.counters["sim-mid"].requests == others
    (row,) = rows(ledger_of(farthing.config), got.headers["x-request-id"])
    assert (row["outcome"], row["cost_source"], row["is_answer"]) == ("cut", "estimated", 0)
    assert row["cost_pico"] > 0
    assert row["baseline_pico"] == 0


@pytest.mark.parametrize("fault", BROKEN)
def test_the_openai_client_raises_when_a_stream_breaks_off(
    farthing: Farthing, pair: Pair, fault: str
) -> None:
    with openai.OpenAI(base_url=farthing.base_url, api_key="any", max_retries=0) as client:
        stream = client.chat.completions.create(
            model=f"auto:{pair.policy}",
            messages=[{"role": "user", "content": QUESTION}],
            metadata={"simulate": f"sim-open-8b:{fault}"},
            stream=True,
        )
        with stream, pytest.raises(openai.APIError):
            list(stream)


def test_a_plain_answer_that_breaks_off_is_hidden(farthing: Farthing, pair: Pair) -> None:
    for fault in ("cut,after=1", "reset_after,after=1", "wrong_length"):
        got = ask(farthing, pair, f"sim-open-8b:{fault}")
        assert got.status == 200
        assert got.headers["x-farthing-model"] == pair.second
