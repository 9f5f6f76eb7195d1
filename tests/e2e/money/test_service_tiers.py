"""Charges follow what was billed: by tier, by length, by date."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.e2e.books import rows
from tests.e2e.configs import fixed_model, ledger_of, write_config
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Canned, FixedUpstream
from tests.e2e.wire import chat, post

PRICE = {
    "input_usd_per_mtok": 1,
    "output_usd_per_mtok": 2,
    "cache_read_usd_per_mtok": 0.1,
    "web_search_usd": 0.01,
    "bands": [
        {"tier": "priority", "input_usd_per_mtok": 2, "output_usd_per_mtok": 4},
        {"above_input_tokens": 200_000, "input_usd_per_mtok": 3, "output_usd_per_mtok": 6},
    ],
}


def answering(prompt: int, completion: int, **said: object) -> Canned:
    usage = {"prompt_tokens": prompt, "completion_tokens": completion}
    usage["total_tokens"] = prompt + completion
    choice = {"index": 0, "finish_reason": "stop", "message": {"content": "x"}}
    body = {"id": "a", "object": "chat.completion", "created": 1, "model": "m", **said}
    return Canned((orjson.dumps({**body, "choices": [choice], "usage": usage}),))


@pytest.fixture
def priced(tmp_path: Path, fixed: FixedUpstream) -> Iterator[Farthing]:
    fixed_one = {**fixed_model("fixed"), "price": PRICE}
    changed = {**fixed_one, "price_changes": [{"from": "2020-01-01", **PRICE, "bands": []}]}
    changed["price_changes"][0]["output_usd_per_mtok"] = 5
    config = write_config(
        tmp_path,
        "http://127.0.0.1:9",
        upstreams={"fixed": {"kind": "openai", "base_url": fixed.base_url}},
        models={"fixed": fixed_one, "changed": changed},
        cache={"url": "off"},
    )
    with Farthing(config) as running:
        yield running


def test_tier_length_and_day_decide_the_price(priced: Farthing, fixed: FixedUpstream) -> None:
    sources = []

    def costs(model: str, canned: Canned) -> tuple[str, int]:
        fixed.answer = canned
        got = post(priced.base_url, chat("x", model=model))
        assert got.status == 200, got
        (row,) = rows(ledger_of(priced.config), got.headers["x-request-id"])
        sources.append(row["price_source"])
        return row["service_tier"], row["cost_pico"]

    usual = costs("fixed", answering(100, 10, service_tier="default"))
    fast = costs("fixed", answering(100, 10, service_tier="priority"))
    long = costs("fixed", answering(200_001, 10))
    both = costs("fixed", answering(200_001, 10, service_tier="priority"))
    unknown = costs("fixed", answering(100, 10, service_tier="flex"))

    long_one = "config, above 200,000 tokens"
    assert sources == ["config", "config", long_one, long_one, "config"]
    assert usual == ("standard", 120 * 10**6)
    assert fast == ("priority", 240 * 10**6)
    assert long == ("standard", (3 * 200_001 + 60) * 10**6)
    assert both == ("priority", (6 * 200_001 + 120) * 10**6)
    assert unknown == ("flex", 120 * 10**6)
    assert costs("changed", answering(100, 10)) == ("standard", 150 * 10**6)
    notes = {row["service_tier"]: row for row in rows(ledger_of(priced.config))}
    assert notes["flex"]["cost_source"] == "estimated"
    assert notes["flex"]["cost_note"] == "no rate of its own for tier flex"


@pytest.mark.parametrize("stream", [False, True])
def test_a_search_that_chat_does_not_count_is_paid_once(
    priced: Farthing, fixed: FixedUpstream, stream: bool
) -> None:
    said = {"content": "x", "annotations": [{"type": "url_citation", "url_citation": {}}]}
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    choice = {"index": 0, "finish_reason": "stop", "delta" if stream else "message": said}
    body = {"id": "a", "object": "x", "created": 1, "model": "m", "choices": [choice]}
    if stream:
        events = [body, {**body, "choices": [], "usage": usage}]
        pieces = [b"data: " + orjson.dumps(each) + b"\n\n" for each in events]
        fixed.answer = Canned((*pieces, b"data: [DONE]\n\n"), "text/event-stream")
    else:
        fixed.answer = Canned((orjson.dumps({**body, "usage": usage}),))
    got = post(priced.base_url, chat("x", model="fixed", stream=stream))
    (row,) = rows(ledger_of(priced.config), got.headers["x-request-id"])

    assert (row["web_searches"], row["cost_source"]) == (1, "estimated")
    assert row["cost_pico"] == 120 * 10**6 + 10**10
