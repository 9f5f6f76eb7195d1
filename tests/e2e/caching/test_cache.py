"""The same request again costs nothing: in memory, in Redis, in a cluster; and Redis may go at any time."""

import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.books import rows
from tests.e2e.configs import ledger_of, write_config
from tests.e2e.described import check_answer, check_chunk
from tests.e2e.patience import until
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import Got, chat, get, head, post, raw_exchange
from tests.redis_clusters import RedisCluster
from tests.servers import RedisServer

KEYS = {"ALPHA_KEY": "sk-alpha-0123456789", "BETA_KEY": "sk-beta-0123456789"}
ALPHA, BETA = ({"authorization": f"Bearer {key}"} for key in KEYS.values())
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather forecast for a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
NUMBERS = itertools.count(1000)


@dataclass(frozen=True)
class Kept:
    """A Farthing with a cache, and the simulator behind it, whose calls are counted."""

    farthing: Farthing
    simulator: Simulator

    def ask(self, body: dict[str, Any], headers: dict[str, str] | None = None) -> Got:
        got = post(self.farthing.base_url, body, ALPHA | (headers or {}))
        assert got.status == 200, got
        return got

    @property
    def calls(self) -> int:
        counters = self.simulator.counters
        return sum(counters[model].requests for model in counters)


def config(folder: Path, simulator: Simulator, url: str) -> Path:
    keys = [{"name": "alpha", "key": "${ALPHA_KEY}"}, {"name": "beta", "key": "${BETA_KEY}"}]
    cache = {"url": url, "timeout_s": 2}
    return write_config(folder, simulator.base_url, cache=cache, keys=keys)


@pytest.fixture(scope="module", params=["memory", "redis", "cluster"])
def kept(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    shared_simulator: Simulator,
) -> Iterator[Kept]:
    url = "memory"
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
    elif request.param == "cluster":
        cluster: RedisCluster = request.getfixturevalue("redis_cluster")
        url = cluster.url
    path = config(tmp_path_factory.mktemp("cache"), shared_simulator, url)
    with Farthing(path, env=KEYS) as farthing:
        yield Kept(farthing, shared_simulator)


def fresh(**fields: Any) -> dict[str, Any]:
    """A question that was never asked before, answered with text."""
    return chat(f"Tell me something nice about the number {next(NUMBERS)}", **fields)


def unnamed(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**chunk, "id": ""} for chunk in chunks]


def test_the_second_answer_is_the_first_and_costs_nothing(kept: Kept) -> None:
    body = fresh()
    calls = kept.calls
    first, second = kept.ask(body), kept.ask(body)
    assert kept.calls == calls + 1
    assert first.headers["x-farthing-cache"] == "miss"
    assert second.headers["x-farthing-cache"] == "hit"
    assert second.headers["x-farthing-cost-usd"] == "0"
    assert second.headers["x-farthing-attempts"] == "0"
    assert second.headers["x-farthing-model"] == first.headers["x-farthing-model"]
    assert {**second.json, "id": ""} == {**first.json, "id": ""}
    assert second.json["id"] != first.json["id"]
    assert int(second.headers["age"]) >= 0
    check_answer(second.json)
    (row,) = rows(ledger_of(kept.farthing.config), second.headers["x-request-id"])
    (paid,) = rows(ledger_of(kept.farthing.config), first.headers["x-request-id"])
    assert (row["outcome"], row["cost_pico"]) == ("cache_hit", 0)
    assert row["baseline_pico"] == paid["baseline_pico"] > 0


@pytest.mark.parametrize("usage", [False, True])
def test_a_stream_is_given_again_as_a_stream(kept: Kept, usage: bool) -> None:
    asks = (
        {"stream": True, "stream_options": {"include_usage": True}} if usage else {"stream": True}
    )
    body = fresh(**asks)
    first, second = kept.ask(body), kept.ask(body)
    assert second.headers["x-farthing-cache"] == "hit"
    assert second.headers["content-type"] == first.headers["content-type"]
    assert unnamed(second.chunks) == unnamed(first.chunks)
    assert len({chunk["id"] for chunk in first.chunks + second.chunks}) == 2
    assert second.events[-1] == "[DONE]"
    assert second.text == first.text != ""
    assert bool([chunk for chunk in second.chunks if not chunk["choices"]]) is usage
    for chunk in second.chunks:
        check_chunk(chunk)


def test_who_did_not_ask_for_usage_is_given_none_from_the_cache(kept: Kept) -> None:
    body = fresh(stream=True, stream_options={"include_usage": True})
    kept.ask(body)
    without = kept.ask({**body, "stream_options": {"include_usage": False}})
    assert without.headers["x-farthing-cache"] == "hit"
    assert all(chunk["choices"] for chunk in without.chunks)


def test_other_white_space_and_order_are_the_same_request(kept: Kept) -> None:
    body = fresh(temperature=0.5)
    kept.ask(body)
    again = json.dumps(dict(reversed(body.items())), indent=3).encode()
    got = post(kept.farthing.base_url, again, ALPHA)
    assert got.headers["x-farthing-cache"] == "hit"


@pytest.mark.parametrize(
    "other",
    [
        {"temperature": 0.1},
        {"seed": 7},
        {"max_tokens": 500},
        {"invented_tomorrow": 1},
        {"messages": [{"role": "user", "content": "Something else about numbers"}]},
    ],
)
def test_another_request_is_not_answered_from_it(kept: Kept, other: dict[str, Any]) -> None:
    body = fresh()
    kept.ask(body)
    assert kept.ask({**body, **other}).headers["x-farthing-cache"] == "miss"


@pytest.mark.parametrize("stored_as_stream", [False, True])
def test_a_stream_and_a_whole_answer_are_made_of_each_other(
    kept: Kept, stored_as_stream: bool
) -> None:
    body = fresh()
    first = kept.ask({**body, "stream": stored_as_stream})
    second = kept.ask({**body, "stream": not stored_as_stream})
    assert second.headers["x-farthing-cache"] == "hit"
    assert second.text == first.text != ""
    if stored_as_stream:
        check_answer(second.json)
    else:
        assert second.events[-1] == "[DONE]"
        for chunk in second.chunks:
            check_chunk(chunk)


def test_policies_share_answers_as_far_as_the_model_that_wrote_them_is_good_enough(
    kept: Kept,
) -> None:
    body = fresh(model="sim-open-8b")
    kept.ask(body)
    lenient, strict = (
        kept.ask({**body, "model": "auto:cheap"}),
        kept.ask({**body, "model": "auto:quality"}),
    )
    assert lenient.headers["x-farthing-cache"] == "hit"
    assert lenient.headers["x-farthing-model"] == "sim-open-8b"
    assert "a stored answer" in lenient.headers["x-farthing-reason"]
    assert strict.headers["x-farthing-cache"] == "miss"
    assert strict.headers["x-farthing-reason"].endswith("stored answer of sim-open-8b refused")


def test_an_answer_may_be_too_old_for_the_client(kept: Kept) -> None:
    body = fresh()
    kept.ask(body)
    assert kept.ask(body, {"cache-control": "max-age=3600"}).headers["x-farthing-cache"] == "hit"
    assert kept.ask(body, {"cache-control": "max-age=0"}).headers["x-farthing-cache"] == "miss"


def test_another_key_shares_nothing(kept: Kept) -> None:
    body = fresh()
    kept.ask(body)
    assert kept.ask(body, BETA).headers["x-farthing-cache"] == "miss"
    assert kept.ask(body, BETA).headers["x-farthing-cache"] == "hit"


def test_no_store_neither_takes_nor_keeps(kept: Kept) -> None:
    body = fresh()
    kept.ask(body, {"cache-control": "no-store"})
    assert kept.ask(body).headers["x-farthing-cache"] == "miss"
    calls = kept.calls
    assert kept.ask(body, {"cache-control": "no-store"}).headers["x-farthing-cache"] == "miss"
    assert kept.calls == calls + 1


def test_a_wish_on_a_second_line_counts_too(kept: Kept) -> None:
    body, url = fresh(), kept.farthing.url
    raw = json.dumps(body).encode()
    own = [f"{name}: {value}" for name, value in ALPHA.items()]
    wishes = ["cache-control: no-cache", "cache-control: no-store"]
    lines = head(url, *own, *wishes, f"content-length: {len(raw)}")
    assert raw_exchange(url, lines + raw).headers["x-farthing-cache"] == "miss"
    assert kept.ask(body).headers["x-farthing-cache"] == "miss"


def test_no_cache_asks_anew_and_keeps_the_answer(kept: Kept) -> None:
    body = fresh()
    assert kept.ask(body, {"cache-control": "no-cache"}).headers["x-farthing-cache"] == "miss"
    assert kept.ask(body, {"cache-control": "No-Cache"}).headers["x-farthing-cache"] == "miss"
    assert kept.ask(body).headers["x-farthing-cache"] == "hit"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "fields",
    [
        {"max_tokens": 2},
        {"tools": [TOOL], "tool_choice": "required"},
        {"metadata": {"simulate": "wrong_finish,value=content_filter"}},
    ],
    ids=["cut short", "a call", "filtered"],
)
def test_what_is_not_whole_words_is_not_kept(
    kept: Kept, fields: dict[str, Any], stream: bool
) -> None:
    body = fresh(stream=stream, **fields)
    kept.ask(body)
    assert kept.ask(body).headers["x-farthing-cache"] == "miss"


def test_a_broken_stream_is_not_kept(kept: Kept) -> None:
    body = fresh(stream=True, metadata={"simulate": "cut,after=3"})
    kept.ask(body)
    assert kept.ask({**body, "metadata": {}}).headers["x-farthing-cache"] == "miss"


def test_an_error_is_not_kept(kept: Kept) -> None:
    body = fresh(metadata={"simulate": "status,code=400"})
    assert post(kept.farthing.base_url, body, ALPHA).status == 400
    assert kept.ask({**body, "metadata": {}}).headers["x-farthing-cache"] == "miss"


def test_a_pinned_model_is_never_answered_for_by_another(kept: Kept) -> None:
    body = fresh(model="sim-mid")
    kept.ask(body)
    chosen = kept.ask({**body, "model": "auto"}).headers["x-farthing-model"]
    unasked = next(m for m in ("sim-frontier", "sim-open-70b") if m != chosen)
    again, other = kept.ask(body), kept.ask({**body, "model": unasked})
    assert again.headers["x-farthing-model"] == again.json["model"] == "sim-mid"
    assert other.headers["x-farthing-cache"] != "hit"
    assert other.headers["x-farthing-model"] == other.json["model"] == unasked


TEAM = {
    "cache": {"url": "memory", "tenant": "tag:team-*"},
    "keys": [
        {"name": "alpha", "key": "${ALPHA_KEY}", "tags": ["team-a", "batch"]},
        {"name": "beta", "key": "${BETA_KEY}", "tags": ["team-a"]},
        {"name": "gamma", "key": "${GAMMA_KEY}"},
    ],
}
GAMMA_KEY = "sk-gamma-0123456789"
GAMMA = {"authorization": f"Bearer {GAMMA_KEY}"}


def test_keys_of_a_team_share_and_nobody_can_name_himself_one_of_it(
    tmp_path: Path, shared_simulator: Simulator
) -> None:
    path = write_config(tmp_path, shared_simulator.base_url, **TEAM)
    with Farthing(path, env={**KEYS, "GAMMA_KEY": GAMMA_KEY}) as farthing:
        body = fresh()

        def state(headers: dict[str, str]) -> str:
            return post(farthing.base_url, body, headers).headers["x-farthing-cache"]

        assert [state(ALPHA), state(BETA)] == ["miss", "hit"]
        assert state({**GAMMA, "x-farthing-tags": "team-a"}) == "miss"


@pytest.fixture(scope="module")
def careful(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> Iterator[Farthing]:
    """One whose policy does not keep every answer."""
    folder = tmp_path_factory.mktemp("careful")
    (folder / "policies").mkdir()
    policy = (
        "policy: careful\nintent: Only what is meant to repeat itself.\n"
        "cache: {ttl_s: 60, max_temperature: 0.3, max_n: 1}\n"
    )
    (folder / "policies" / "careful.yaml").write_text(policy)
    policies = {"directory": "policies", "default": "careful"}
    with Farthing(write_config(folder, shared_simulator.base_url, policies=policies)) as farthing:
        yield farthing


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, "off"),
        ({"temperature": 0.9}, "off"),
        ({"temperature": 0.2}, "hit"),
        ({"temperature": 0.2, "n": 2}, "off"),
    ],
)
def test_a_policy_says_which_requests_want_something_new_each_time(
    careful: Farthing, fields: dict[str, Any], state: str
) -> None:
    body = fresh(**fields)
    post(careful.base_url, body)
    assert post(careful.base_url, body).headers["x-farthing-cache"] == state


def test_redis_may_come_and_go(
    tmp_path: Path, shared_simulator: Simulator, redis_server: RedisServer
) -> None:
    path = config(tmp_path, shared_simulator, redis_server.url)
    body = fresh()
    redis_server.kill()
    with Farthing(path, env=KEYS) as farthing:
        kept = Kept(farthing, shared_simulator)
        assert kept.ask(body).headers["x-farthing-cache"] == "miss"

        redis_server.restart()
        until(lambda: kept.ask(body).headers["x-farthing-cache"] == "hit", 10)

        redis_server.kill()
        for stream in (False, True):
            assert kept.ask({**body, "stream": stream}).headers["x-farthing-cache"] == "miss"
        assert get(f"{farthing.url}/readyz").status == 200

        redis_server.restart()
        until(lambda: kept.ask(body).headers["x-farthing-cache"] == "hit", 10)


def test_a_frozen_redis_holds_nobody_up_for_long(
    tmp_path: Path, shared_simulator: Simulator, redis_server: RedisServer
) -> None:
    cache = {"url": redis_server.url, "timeout_s": 0.2}
    with Farthing(write_config(tmp_path, shared_simulator.base_url, cache=cache)) as farthing:
        until(lambda: b'redis_up{for="cache"} 1.0' in get(f"{farthing.url}/metrics").body)
        redis_server.pause()
        began_s = time.monotonic()
        try:
            for number in range(20):
                assert post(farthing.base_url, chat(f"Hello number {number}")).status == 200
            assert b'redis_up{for="cache"} 0.0' in get(f"{farthing.url}/metrics").body
        finally:
            redis_server.resume()
        assert time.monotonic() - began_s < 20 * 0.2
