"""Usage as providers really send it: whole, in the last chunk, or in every chunk, it makes the same row."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from router.domain.usage import BUCKETS
from tests.e2e.books import rows
from tests.e2e.configs import ledger_of, write_config
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Canned, FixedUpstream
from tests.e2e.wire import chat, post

Usage = dict[str, Any]
PRICE = {
    "input_usd_per_mtok": 1,
    "output_usd_per_mtok": 2,
    "cache_read_usd_per_mtok": 0.1,
    "cache_write_usd_per_mtok": 1.25,
    "reasoning_usd_per_mtok": 3,
    "web_search_usd": 0.01,
}
COUNTS: Usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
CACHED = {"uncached_input_tokens": 70, "cache_read_tokens": 30, "output_tokens": 20}
PLAIN = {"uncached_input_tokens": 100, "output_tokens": 20}
THOUGHT = {**PLAIN, "reasoning_tokens": 50}

SHAPES: dict[str, tuple[Usage, dict[str, int], int]] = {
    "Azure, with nulls": (
        {**COUNTS, "prompt_tokens_details": None, "completion_tokens_details": None},
        PLAIN,
        140,
    ),
    "OpenAI, with predictions that were not taken": (
        {**COUNTS, "completion_tokens_details": {"rejected_prediction_tokens": 7}},
        PLAIN,
        140,
    ),
    "DeepSeek": (
        {**COUNTS, "prompt_cache_hit_tokens": 30, "prompt_cache_miss_tokens": 70},
        CACHED,
        113,
    ),
    "xAI, reasoning beside the completion": (
        {
            **COUNTS,
            "total_tokens": 170,
            "prompt_tokens_details": {"text_tokens": 100, "cached_tokens": 30},
            "completion_tokens_details": {"reasoning_tokens": 50},
        },
        {**CACHED, "reasoning_tokens": 50},
        263,
    ),
    "xAI's searches": (
        {**COUNTS, "server_side_tool_usage_details": {"web_search_calls": 2}},
        {**PLAIN, "web_searches": 2},
        20_140,
    ),
    "Gemini's compatible API": ({**COUNTS, "total_tokens": 170}, THOUGHT, 290),
    "Groq": (
        {**COUNTS, "queue_time": 0.02, "prompt_tokens_details": {"cached_tokens": 30}},
        CACHED,
        113,
    ),
    "Moonshot": ({**COUNTS, "cached_tokens": 30}, CACHED, 113),
    "Qwen, an explicit cache": (
        {
            **COUNTS,
            "prompt_tokens_details": {"cached_tokens": 30, "cache_creation_input_tokens": 20},
        },
        {**CACHED, "uncached_input_tokens": 50, "cache_write_tokens": 20},
        118,
    ),
    "OpenRouter": (
        {
            **COUNTS,
            "prompt_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 20},
            "completion_tokens_details": {"reasoning_tokens": 5},
            "server_tool_use": {"web_search_requests": 1},
        },
        {
            "uncached_input_tokens": 70,
            "cache_read_tokens": 10,
            "cache_write_tokens": 20,
            "output_tokens": 15,
            "reasoning_tokens": 5,
            "web_searches": 1,
        },
        10_141,
    ),
    "counts with a point": (
        {"prompt_tokens": 100.0, "completion_tokens": 20.0, "total_tokens": 120.0},
        PLAIN,
        140,
    ),
}


@pytest.fixture(scope="module")
def upstream() -> Iterator[FixedUpstream]:
    with FixedUpstream(Canned((b"{}",))) as running:
        yield running


@pytest.fixture(scope="module")
def farthing(
    tmp_path_factory: pytest.TempPathFactory, upstream: FixedUpstream
) -> Iterator[Farthing]:
    folder = tmp_path_factory.mktemp("shapes")
    models = {"m": {"upstream": "sim", "price": PRICE, "context_tokens": 10**6}}
    config = write_config(folder, upstream.base_url, models=models, cache={"url": "off"})
    with Farthing(config) as running:
        yield running


def booked(farthing: Farthing, *, stream: bool) -> dict[str, Any]:
    got = post(farthing.base_url, chat("x", model="m", stream=stream))
    assert got.status == 200, got
    (row,) = rows(ledger_of(farthing.config), got.headers["x-request-id"])
    return row


def whole(usage: Usage) -> Canned:
    choice = {"index": 0, "finish_reason": "stop", "message": {"content": "Hello!"}}
    return Canned((orjson.dumps({"id": "a", "choices": [choice], "usage": usage}),))


def events(*usages: Usage | None, after_done: Usage | None = None) -> Canned:
    """A chunk of words with each usage, and one without choices for the last; None is no usage."""
    said = [
        {"id": "a", "choices": [{"index": 0, "delta": {"content": "Hello!"}}], "usage": each}
        for each in usages[:-1]
    ]
    stop = {"id": "a", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    chunks = [*said, stop, {"id": "a", "choices": [], "usage": usages[-1]}]
    pieces = [b"data: " + orjson.dumps(each) + b"\n\n" for each in chunks]
    late: dict[str, Any] = {"id": "a", "choices": [], "usage": after_done}
    tail = [b"data: " + orjson.dumps(late) + b"\n\n"] if after_done else []
    return Canned((*pieces, b"data: [DONE]\n\n", *tail), "text/event-stream")


def so_far(usage: Usage) -> Usage:
    """The usage when half of the answer has been written."""
    return {**usage, "completion_tokens": usage["completion_tokens"] // 2}


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_makes_the_same_row_however_it_is_sent(
    farthing: Farthing, upstream: FixedUpstream, name: str
) -> None:
    usage, counts, micro_usd = SHAPES[name]
    sent = {
        "whole": whole(usage),
        "in the last chunk": events(None, usage),
        "in every chunk": events(so_far(usage), so_far(usage), usage),
        "twice": events(usage, usage),
    }
    for way, canned in sent.items():
        upstream.answer = canned
        row = booked(farthing, stream=way != "whole")

        assert {each: row[each] for each in BUCKETS if row[each]} == counts, way
        assert (row["cost_pico"], row["cost_source"]) == (micro_usd * 10**6, "priced"), way


ABSURD: dict[str, Any] = {
    "none": None,
    "text": {"prompt_tokens": "100", "completion_tokens": "20"},
    "half of it": {"prompt_tokens": 100, "completion_tokens": None},
    "below 0": {"prompt_tokens": -5, "completion_tokens": 20},
    "true": {"prompt_tokens": True, "completion_tokens": 20},
    "a million models' worth": {"prompt_tokens": 10**9, "completion_tokens": 20},
    "more than 64 bits of money": {"prompt_tokens": 10**18, "completion_tokens": 10**18},
}


@pytest.mark.parametrize("name", ABSURD)
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_no_usage_is_estimated_and_said_to_be(
    farthing: Farthing, upstream: FixedUpstream, name: str, stream: bool
) -> None:
    upstream.answer = events(ABSURD[name], ABSURD[name]) if stream else whole(ABSURD[name])
    row = booked(farthing, stream=stream)

    assert (row["usage_source"], row["cost_source"]) == ("estimated", "estimated")
    assert 0 < row["cost_pico"] < 10**8
    assert 0 < row["uncached_input_tokens"] < 20


def test_what_comes_after_the_end_is_not_read(farthing: Farthing, upstream: FixedUpstream) -> None:
    upstream.answer = events(None, None, after_done={**COUNTS, "prompt_tokens": 10**6})

    assert booked(farthing, stream=True)["usage_source"] == "estimated"
