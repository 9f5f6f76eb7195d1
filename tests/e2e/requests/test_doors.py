"""Whichever door a client uses, everything that chat has is available, in the form of that door's API."""

import itertools
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.e2e.books import rows, tags
from tests.e2e.configs import ledger_of, write_config
from tests.e2e.doors import COMPLETIONS, DOORS, MESSAGES, RESPONSES, Knock, events_of
from tests.e2e.patience import until
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Canned, FixedUpstream, Simulator
from tests.e2e.wire import connected, get, head, post, read_until, request_id_in, send

SECRETS = {"AGENT_KEY": "fk-agent-0123456789abcdef", "SLOW_KEY": "fk-slow-0123456789abcdef"}
AGENT = {"x-api-key": SECRETS["AGENT_KEY"]}
SLOW = {"x-api-key": SECRETS["SLOW_KEY"]}
QUESTION = "What is 17 * 23?"
PAIR = """
policy: pair
version: 1
intent: Two cheap models are asked first, and the frontier model where they differ.
reference: sim-frontier
strategy: cascade
cascade:
  use: always
  keep_alive_s: 0.1
  steps: [{models: [sim-open-8b, sim-open-70b], accept: agreement}]
  final: sim-frontier
"""
NUMBERS = itertools.count(400)
ALL = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)


def new_question() -> str:
    return f"What is {next(NUMBERS)} * 37?"


@pytest.fixture(scope="module")
def keyed(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> Iterator[Farthing]:
    """One with keys, a cache, a limit for one of the keys, and a budget that is at its end."""
    config = write_config(
        tmp_path_factory.mktemp("doors"),
        shared_simulator.base_url,
        keys=[
            {"name": "agent", "key": "${AGENT_KEY}", "tags": ["agents"]},
            {"name": "slow", "key": "${SLOW_KEY}"},
        ],
        limits=[{"key": "slow", "requests_per_minute": 1}],
    )
    with Farthing(config, env=SECRETS) as running:
        yield running


@ALL
def test_a_plain_answer_is_as_described_and_says_who_gave_it(
    farthing: Farthing, ledger: Path, door: Knock
) -> None:
    got = door.ask(farthing.base_url, QUESTION)
    assert got.status == 200, got
    door.check_answer(got.json)
    assert door.text(got.json) == "17 * 23 = 391"
    assert got.headers["x-farthing-model"] == got.json["model"] == "sim-frontier"
    assert Decimal(got.headers["x-farthing-cost-usd"]) > 0
    (row,) = rows(ledger, got.headers["x-request-id"])
    assert row["model"] == "sim-frontier"
    assert "farthing" not in got.json


@ALL
def test_a_stream_says_the_same_event_by_event(farthing: Farthing, door: Knock) -> None:
    got = door.ask(farthing.base_url, QUESTION, stream=True)
    events = events_of(got)
    for event in events:
        door.check_event(event)
    assert door.stream_text(events) == "17 * 23 = 391"
    assert b": farthing cost-usd=" in got.body


@ALL
@pytest.mark.parametrize("stream", [False, True])
def test_a_receipt_comes_with_the_answer_and_is_what_the_books_say(
    farthing: Farthing, ledger: Path, door: Knock, stream: bool
) -> None:
    got = door.ask(farthing.base_url, QUESTION, stream=stream, farthing={"receipt": True})
    receipt = door.receipt(events_of(got)) if stream else got.json["farthing"]
    (row,) = rows(ledger, receipt["request_id"])
    assert Decimal(receipt["cost_usd"]) * 10**12 == row["cost_pico"]
    assert row["stream"] == stream


@ALL
@pytest.mark.parametrize(
    ("model", "answers", "policy"),
    [
        ("auto:quality", "sim-frontier", "quality"),
        ("sim-open-8b", "sim-open-8b", "none"),
        ("claude-sonnet-4-5", "sim-open-70b", "cheap"),
    ],
)
def test_a_policy_a_model_or_a_name_that_is_routed_decides(
    farthing: Farthing, door: Knock, model: str, answers: str, policy: str
) -> None:
    got = door.ask(farthing.base_url, QUESTION, model=model)
    told = got.headers["x-farthing-model"], got.headers["x-farthing-policy"]
    assert told == (answers, policy)


@ALL
def test_headers_and_body_ask_otherwise(farthing: Farthing, door: Knock) -> None:
    by_header = door.ask(farthing.base_url, QUESTION, {"x-farthing-candidates": "sim-mid"})
    by_body = door.ask(farthing.base_url, QUESTION, farthing={"candidates": ["sim-mid"]})
    for got in (by_header, by_body):
        assert got.headers["x-farthing-model"] == "sim-mid"
    wrong = door.ask(farthing.base_url, QUESTION, farthing={"candidate": []})
    assert wrong.status == 400
    door.check_error(wrong.json)
    assert "did you mean 'candidates'" in wrong.json["error"]["message"]


@ALL
@pytest.mark.parametrize("stream", [False, True])
def test_a_dry_run_answers_with_the_decision(
    farthing: Farthing, simulator: Simulator, door: Knock, stream: bool
) -> None:
    asked = sum(counter.requests for counter in simulator.counters.values())
    got = door.ask(farthing.base_url, QUESTION, stream=stream, farthing={"dry_run": True})
    assert got.json["candidates"][0]["model"] == "sim-frontier"
    assert sum(counter.requests for counter in simulator.counters.values()) == asked


@ALL
def test_a_stored_answer_of_one_door_serves_all_of_them(keyed: Farthing, door: Knock) -> None:
    text = new_question()
    first = door.ask(keyed.base_url, text, AGENT)
    assert first.headers["x-farthing-cache"] == "miss"
    for other in DOORS.values():
        plain = other.ask(keyed.base_url, text, AGENT)
        other.check_answer(plain.json)
        streamed = other.ask(keyed.base_url, text, AGENT, stream=True)
        events = events_of(streamed)
        for event in events:
            other.check_event(event)
        assert [got.headers["x-farthing-cache"] for got in (plain, streamed)] == ["hit", "hit"]
        assert other.text(plain.json) == other.stream_text(events) == door.text(first.json)
    chat = {
        "model": "auto",
        "messages": [{"role": "user", "content": text}],
        "max_completion_tokens": 500,
    }
    assert post(keyed.base_url, chat, AGENT).headers["x-farthing-cache"] == "hit"


@ALL
def test_a_key_opens_as_anthropics_clients_and_as_openais_present_it(
    keyed: Farthing, door: Knock
) -> None:
    for headers in (AGENT, {"authorization": f"Bearer {SECRETS['AGENT_KEY']}"}):
        got = door.ask(keyed.base_url, QUESTION, headers)
        assert got.status == 200
        found = tags(ledger_of(keyed.config), got.headers["x-request-id"])
        assert found == {"agents"}
    got = door.ask(keyed.base_url, QUESTION, {"x-api-key": "wrong"})
    assert got.status == 401
    door.check_error(got.json)


@ALL
def test_a_limit_is_told_with_the_time_to_wait(keyed: Farthing, door: Knock) -> None:
    got = [door.ask(keyed.base_url, new_question(), SLOW) for _ in range(2)][-1]
    assert (got.status, int(got.headers["retry-after"]) > 0) == (429, True)
    door.check_error(got.json)
    assert got.json["error"]["type"] in ("rate_limit_error", "rate_limit_exceeded", "requests")


@ALL
def test_feedback_goes_by_the_requests_id(keyed: Farthing, door: Knock) -> None:
    got = door.ask(keyed.base_url, new_question(), AGENT)
    body = json.dumps({"request_id": got.headers["x-request-id"], "score": 1}).encode()
    until(lambda: send(f"{keyed.base_url}/feedback", body, headers=AGENT).status == 200)


@ALL
def test_when_nobody_answers_the_error_is_the_doors_own(
    farthing: Farthing, fixed: FixedUpstream, door: Knock
) -> None:
    error = {"error": {"message": "It does not compute.", "type": "invalid_request_error"}}
    fixed.answer = Canned((json.dumps(error).encode(),), status=400)
    got = door.ask(farthing.base_url, QUESTION, model="fixed")
    assert got.status == 400
    door.check_error(got.json)
    assert "It does not compute." in got.json["error"]["message"]


@ALL
def test_an_answer_that_is_none_is_an_error_and_never_half_told(
    farthing: Farthing, fixed: FixedUpstream, door: Knock
) -> None:
    fixed.answer = Canned((b'{"id": "x", "choices": [{"index": 0, "message": 7}]}',))
    got = door.ask(farthing.base_url, QUESTION, model="fixed")
    assert (got.status, got.json["error"]["message"]) == (
        502,
        "The upstream's answer cannot be understood.",
    )
    door.check_error(got.json)


@ALL
def test_a_stream_that_breaks_off_ends_in_an_error_of_the_door(
    farthing: Farthing, fixed: FixedUpstream, door: Knock
) -> None:
    chunk = {"id": "x", "model": "m", "choices": [{"index": 0, "delta": {"content": "Hel"}}]}
    fixed.answer = Canned((b"data: " + json.dumps(chunk).encode() + b"\n\n",), "text/event-stream")
    got = door.ask(farthing.base_url, QUESTION, model="fixed", stream=True)
    *_, last = events_of(got)
    if door is RESPONSES:
        door.check_event(last)
        assert (last["type"], last["response"]["status"]) == ("response.failed", "failed")
        error = last["response"]["error"]
    else:
        door.check_error(last)
        error = last["error"]
    assert "was interrupted" in error["message"]
    assert b"[DONE]" not in got.body


def test_anthropics_clients_find_the_requests_id_where_they_look_for_it(
    farthing: Farthing,
) -> None:
    got = MESSAGES.ask(farthing.base_url, QUESTION)
    assert got.headers["request-id"] == got.headers["x-request-id"]
    dry = MESSAGES.ask(farthing.base_url, QUESTION, farthing={"dry_run": True})
    assert dry.headers["request-id"] == dry.headers["x-request-id"]
    wrong = MESSAGES.ask(farthing.base_url, QUESTION, model="nobody")
    assert (wrong.status, wrong.json["error"]["type"]) == (404, "not_found_error")
    assert wrong.json["request_id"] == wrong.headers["request-id"] == wrong.headers["x-request-id"]
    assert wrong.json["type"] == "error"


@pytest.mark.parametrize("path", ["/messages", "/messages/count_tokens", "/messages/batches"])
def test_whatever_is_wrong_below_messages_is_told_as_anthropic_tells_it(
    farthing: Farthing, path: str
) -> None:
    got = get(farthing.base_url + path)
    assert got.status in (404, 405)
    MESSAGES.check_error(got.json)


def test_a_beta_is_asked_for_by_query_and_header_and_changes_nothing(farthing: Farthing) -> None:
    headers = {"anthropic-version": "2023-06-01", "anthropic-beta": "fine-grained-tool-streaming"}
    body = json.dumps(MESSAGES.body(QUESTION)).encode()
    got = send(f"{farthing.base_url}/messages?beta=true", body, headers=headers)
    assert (got.status, MESSAGES.text(got.json)) == (200, "17 * 23 = 391")


def test_tokens_are_counted_without_asking_anybody(
    farthing: Farthing, simulator: Simulator
) -> None:
    asked = sum(counter.requests for counter in simulator.counters.values())
    short = {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "Hello"}]}
    tool = {"name": "f", "description": "x " * 500, "input_schema": {"type": "object"}}
    counted = []
    for body in (short, {**short, "system": "Be brief."}, {**short, "tools": [tool]}):
        url = f"{farthing.base_url}/messages/count_tokens?beta=true"
        counted.append(send(url, json.dumps(body).encode()).json)
    few, more, most = (each["input_tokens"] for each in counted)
    assert 1 <= few < more < 500 < most
    responses = json.dumps({"model": "auto", "input": "Hello"}).encode()
    got = send(f"{farthing.base_url}/responses/input_tokens", responses)
    assert got.json == {"object": "response.input_tokens", "input_tokens": few}
    assert sum(counter.requests for counter in simulator.counters.values()) == asked


def test_tokens_are_counted_for_models_that_there_are(farthing: Farthing) -> None:
    body = {"model": "nobody", "messages": [{"role": "user", "content": "Hello"}]}
    url = f"{farthing.base_url}/messages/count_tokens"
    got = send(url, json.dumps(body).encode())
    assert (got.status, got.json["error"]["type"]) == (404, "not_found_error")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/responses/resp_1"),
        ("GET", "/responses/resp_1/input_items"),
        ("DELETE", "/responses/resp_1"),
        ("POST", "/responses/resp_1/cancel"),
    ],
)
def test_a_response_is_not_stored_and_so_not_found(
    farthing: Farthing, method: str, path: str
) -> None:
    got = get(farthing.base_url + path, method=method)
    assert (got.status, got.error["code"]) == (404, "response_not_stored")
    assert "send the whole conversation" in got.error["message"]


def test_several_texts_are_several_choices(farthing: Farthing) -> None:
    got = COMPLETIONS.ask(farthing.base_url, QUESTION, n=2)
    COMPLETIONS.check_answer(got.json)
    assert [choice["index"] for choice in got.json["choices"]] == [0, 1]


def test_a_text_is_16_tokens_long_where_nothing_is_said(farthing: Farthing) -> None:
    got = COMPLETIONS.ask(farthing.base_url, "Tell me a long story.", max_tokens=None)
    (choice,) = got.json["choices"]
    assert choice["finish_reason"] == "length"
    assert got.json["usage"]["completion_tokens"] == 16


@pytest.fixture(scope="module")
def cascading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farthing]:
    """One whose only policy is a cascade, over models that take their time."""
    folder = tmp_path_factory.mktemp("cascading")
    (folder / "policies").mkdir()
    (folder / "policies" / "pair.yaml").write_text(PAIR, "utf-8")
    policies = {"directory": str(folder / "policies"), "default": "pair"}
    with Simulator(speed=0.2) as slow:
        config = write_config(folder, slow.base_url, policies=policies, cache={"url": "off"})
        with Farthing(config) as running:
            yield running


@ALL
@pytest.mark.parametrize("stream", [False, True])
def test_a_cascade_is_waited_for_and_told_by_every_door(
    cascading: Farthing, door: Knock, stream: bool
) -> None:
    got = door.ask(cascading.base_url, "What is 12 * 12?", stream=stream)
    told = got.body.decode() if stream else got.headers["x-farthing-cascade"]
    assert ("escalated" in told, ": waiting\n" in told) == (True, stream)
    text = door.stream_text(events_of(got)) if stream else door.text(got.json)
    assert text == "12 * 12 = 144"


@ALL
def test_leaving_in_the_middle_stops_the_upstream_and_is_paid(
    farthing: Farthing, ledger: Path, simulator: Simulator, door: Knock
) -> None:
    mid = simulator.counters["sim-mid"]
    cancelled = mid.cancelled
    simulator.will("sim-mid", "stall,after=6")
    body = {**door.body("Write a poem about the sea"), "model": "sim-mid", "stream": True}
    content = json.dumps(body).encode()
    length = f"content-length: {len(content)}"
    path = f"/v1{door.path}"
    with connected(farthing.url) as connection:
        connection.sendall(head(farthing.url, length, path=path) + content)
        request_id = request_id_in(read_until(connection, b"data: "))
        until(lambda: mid.in_flight > 0)
    until(lambda: mid.cancelled == cancelled + 1)
    until(lambda: bool(rows(ledger, request_id)))
    (row,) = rows(ledger, request_id)
    assert (row["outcome"], row["cost_pico"] > 0) == ("client_left", True)
