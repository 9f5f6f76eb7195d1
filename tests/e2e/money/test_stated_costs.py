"""Providers that state in the answer what it costs are believed, where they are known to bill it."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from tests.e2e.books import rows
from tests.e2e.configs import ledger_of, write_config
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Canned, FixedUpstream
from tests.e2e.wire import chat, post, send

COUNTS = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
OPENROUTER = {**COUNTS, "cost": 0.00953, "is_byok": False, "cost_details": {}}
OWN_KEY = {
    **COUNTS,
    "cost": 0.0005,
    "is_byok": True,
    "cost_details": {"upstream_inference_cost": 0.01},
}
XAI = {**COUNTS, "cost_in_usd_ticks": 37_756_000}
PERPLEXITY = {**COUNTS, "cost": {"request_cost": 0.005, "total_cost": 0.00514}}
OWN_PRICE = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 2}
STATED = "stated in the answer"


@pytest.fixture(scope="module")
def upstream() -> Iterator[FixedUpstream]:
    with FixedUpstream(Canned((b"{}",))) as running:
        yield running


@pytest.fixture(scope="module")
def farthing(
    tmp_path_factory: pytest.TempPathFactory, upstream: FixedUpstream
) -> Iterator[Farthing]:
    at = {"kind": "openai", "base_url": upstream.base_url}
    named = {"openrouter": "openai/gpt-4o", "xai": "grok-4.20", "perplexity": "sonar"}
    models: dict[str, Any] = {
        vendor: {"upstream": vendor, "name": name} for vendor, name in named.items()
    }
    models["openrouter"]["price"] = OWN_PRICE
    models["elsewhere"] = {**models["openrouter"], "upstream": "elsewhere"}
    models["responses"] = {**models["xai"], "upstream": "responses"}
    models["messages"] = {**models["openrouter"], "upstream": "messages"}
    models["vectors"] = {**models["openrouter"], "name": "a", "mode": "embedding"}
    config = write_config(
        tmp_path_factory.mktemp("stated"),
        upstream.base_url,
        upstreams={
            **{vendor: {**at, "catalog_prefix": vendor} for vendor in named},
            "elsewhere": at,
            "responses": {**at, "catalog_prefix": "xai", "dialect": "responses"},
            "messages": {**at, "kind": "anthropic", "catalog_prefix": "openrouter"},
        },
        models=models,
        cache={"url": "off"},
    )
    with Farthing(config) as running:
        yield running


def whole(usage: dict[str, Any]) -> Canned:
    choice = {"index": 0, "finish_reason": "stop", "message": {"content": "x"}}
    body = {"id": "a", "object": "chat.completion", "created": 1, "model": "m"}
    return Canned((orjson.dumps({**body, "choices": [choice], "usage": usage}),))


def streamed(usage: dict[str, Any]) -> Canned:
    choice = {"index": 0, "finish_reason": "stop", "delta": {"content": "x"}}
    body = {"id": "a", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    events = [{**body, "choices": [choice]}, {**body, "choices": [], "usage": usage}]
    pieces = [b"data: " + orjson.dumps(each) + b"\n\n" for each in events]
    return Canned((*pieces, b"data: [DONE]\n\n"), "text/event-stream")


def response(usage: dict[str, Any]) -> Canned:
    said = {"type": "output_text", "text": "x", "annotations": []}
    item = {"id": "m", "type": "message", "role": "assistant", "content": [said]}
    body = {"id": "r", "object": "response", "created_at": 1, "status": "completed", "model": "m"}
    used = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120, **usage}
    return Canned((orjson.dumps({**body, "output": [item], "usage": used}),))


def message(usage: dict[str, Any], *, stream: bool) -> Canned:
    body = {"id": "m", "type": "message", "role": "assistant", "model": "m"}
    counts = {"input_tokens": 100, "output_tokens": 20}
    ended = {"stop_reason": "end_turn", "stop_sequence": None}
    text = {"type": "text", "text": "x"}
    if not stream:
        whole = {**body, **ended, "content": [text], "usage": {**counts, **usage}}
        return Canned((orjson.dumps(whole),))
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**body, "content": [], "usage": counts}},
        {"type": "content_block_start", "index": 0, "content_block": {**text, "text": ""}},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": "x"},
        },
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": ended, "usage": {**counts, **usage}},
        {"type": "message_stop"},
    ]
    return Canned(tuple(map(event_of_message, events)), "text/event-stream")


def event_of_message(event: dict[str, Any]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (event["type"].encode(), orjson.dumps(event))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("model", "usage", "nano_usd"),
    [
        ("openrouter", OPENROUTER, 9_530_000),
        ("openrouter", OWN_KEY, 10_500_000),
        ("xai", XAI, 3_775_600),
        ("perplexity", PERPLEXITY, 5_140_000),
    ],
)
def test_what_a_provider_states_is_charged(
    farthing: Farthing,
    upstream: FixedUpstream,
    model: str,
    usage: dict[str, Any],
    nano_usd: int,
    stream: bool,
) -> None:
    upstream.answer = streamed(usage) if stream else whole(usage)
    got = post(farthing.base_url, chat("x", model=model, stream=stream))
    (row,) = rows(ledger_of(farthing.config), got.headers["x-request-id"])

    assert row["cost_pico"] == nano_usd * 1000
    assert (row["cost_source"], row["cost_note"]) == ("priced", "")
    assert row["price_source"] == STATED
    assert row["baseline_pico"] == row["cost_pico"]  # it was its own reference


@pytest.mark.parametrize("path", ["/chat/completions", "/responses"])
def test_what_a_response_states_is_charged_whatever_the_client_speaks(
    farthing: Farthing, upstream: FixedUpstream, path: str
) -> None:
    upstream.answer = response({"cost_in_usd_ticks": 37_756_000})
    asked = chat("x", "responses") if "chat" in path else {"model": "responses", "input": "x"}
    got = send(farthing.base_url + path, orjson.dumps(asked))
    (row,) = rows(ledger_of(farthing.config), got.headers["x-request-id"])

    assert (row["cost_pico"], row["price_source"]) == (3_775_600_000, STATED)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ["/chat/completions", "/messages"])
@pytest.mark.parametrize(
    "usage",
    [
        {"cost": 0.0105},
        {"cost": 0.0, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.0105}},
        {"cost": 0.0105, "iterations": [{"type": "advisor_message"}]},
    ],
)
def test_what_a_message_states_is_charged_whatever_the_client_speaks(
    farthing: Farthing, upstream: FixedUpstream, usage: dict[str, Any], path: str, stream: bool
) -> None:
    upstream.answer = message(usage, stream=stream)
    asked = chat("x", model="messages", stream=stream, max_tokens=50)
    got = send(farthing.base_url + path, orjson.dumps(asked))
    (row,) = rows(ledger_of(farthing.config), got.headers["x-request-id"])

    assert (row["cost_pico"], row["price_source"]) == (10_500_000_000, STATED)
    assert (row["cost_source"], row["cost_note"]) == ("priced", "")


@pytest.mark.parametrize(
    "usage",
    [
        COUNTS,
        {**COUNTS, "cost": -1},
        {**COUNTS, "cost": True},
        {**COUNTS, "cost": "0.5"},
        {**COUNTS, "cost": 1e18},
        {**COUNTS, "cost": {"total_cost": None}},
        {**COUNTS, "cost_in_usd_ticks": 10**18},
        {**COUNTS, "cost_in_usd_ticks": 1.5},
        {**OWN_KEY, "cost_details": None},
        {"prompt_tokens": 0, "completion_tokens": 0, "cost": 0},
    ],
)
def test_a_cost_that_makes_no_sense_is_none(
    farthing: Farthing, upstream: FixedUpstream, usage: dict[str, Any]
) -> None:
    upstream.answer = whole(usage)
    got = post(farthing.base_url, chat("x", model="openrouter"))
    (row,) = rows(ledger_of(farthing.config), got.headers["x-request-id"])

    assert row["price_source"] == "config"
    assert row["cost_source"] == "estimated"
    assert 0 < row["cost_pico"] < 10**9


def test_what_others_state_is_noted_where_it_differs(
    farthing: Farthing, upstream: FixedUpstream
) -> None:
    def booked(usage: dict[str, Any]) -> tuple[int, str, str]:
        upstream.answer = whole(usage)
        got = post(farthing.base_url, chat("x", model="elsewhere"))
        (row,) = rows(ledger_of(farthing.config), got.headers["x-request-id"])
        return row["cost_pico"], row["price_source"], row["cost_note"]

    ours = (140 * 10**6, "config")
    assert booked(OPENROUTER) == (*ours, "the answer states 0.00953 USD")
    assert booked({**OPENROUTER, "cost": 0.000141}) == (*ours, "")
    assert booked({**OPENROUTER, "cost": 0}) == (*ours, "")


@pytest.mark.parametrize("path", ["/chat/completions", "/messages", "/responses"])
@pytest.mark.parametrize("model", ["openrouter", "messages", "responses"])
def test_what_a_whole_answer_states_is_charged_where_it_is_told_as_a_stream(
    farthing: Farthing, upstream: FixedUpstream, model: str, path: str
) -> None:
    said = {"cost": 0.00953}
    answers = {"messages": message(said, stream=False), "responses": response(said)}
    upstream.answer = answers.get(model, whole(OPENROUTER))
    fields = {"stream": True, "max_tokens": 50}
    asked: dict[str, Any] = chat("x", model, **fields)
    if path == "/responses":
        asked = {"model": model, "input": "x", "stream": True}
    got = send(farthing.base_url + path, orjson.dumps(asked))
    (row,) = rows(ledger_of(farthing.config), got.headers["x-request-id"])

    assert (row["outcome"], row["error"]) == ("ok", "")
    assert (row["cost_pico"], row["price_source"]) == (9_530_000_000, STATED)


def test_what_an_answer_with_vectors_states_is_charged(
    farthing: Farthing, upstream: FixedUpstream
) -> None:
    usage = {"prompt_tokens": 100, "total_tokens": 100}
    data = [{"object": "embedding", "index": 0, "embedding": [1.0]}]
    said: dict[str, Any] = {"id": "gen-emb-1", "object": "list", "data": data, "model": "m"}

    def booked(usage: dict[str, Any]) -> tuple[int, str, str, str]:
        upstream.answer = Canned((orjson.dumps({**said, "usage": usage}),))
        body = orjson.dumps({"model": "vectors", "input": "x"})
        got = send(f"{farthing.base_url}/embeddings", body)
        (row,) = rows(ledger_of(farthing.config), got.headers["x-request-id"])
        assert row["upstream_request_id"] == "gen-emb-1"
        assert row["baseline_pico"] == row["cost_pico"]
        return row["cost_pico"], row["cost_source"], row["price_source"], row["cost_note"]

    assert booked({**usage, "cost": 0.0003}) == (300_000_000, "priced", STATED, "")
    note = "the answer does not state its cost"
    assert booked(usage) == (100_000_000, "estimated", "config", note)
