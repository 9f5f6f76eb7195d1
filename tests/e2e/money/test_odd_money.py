"""Money in uses that are odd and plausible: whatever happens, books and budgets in Redis say the same."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.books import rows
from tests.e2e.configs import ledger_of, write_config
from tests.e2e.patience import until
from tests.e2e.programs import Farthing, here
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import Got, chat, get, post, send
from tests.servers import RedisServer

PICO = 10**12
NANO = Decimal(10) ** -9
MODELS = {
    "dear": {
        "upstream": "sim",
        "name": "sim-mid",
        "price": {
            "input_usd_per_mtok": 100,
            "output_usd_per_mtok": 1000,
            "bands": [{"tier": "flex", "input_usd_per_mtok": 50, "output_usd_per_mtok": 500}],
        },
        "context_tokens": 100_000,
        "max_output_tokens": 1000,
    },
    "embed": {
        "upstream": "sim",
        "name": "sim-mid",
        "mode": "embedding",
        "price": {"input_usd_per_mtok": 100, "output_usd_per_mtok": 0},
        "context_tokens": 8000,
    },
}


@pytest.fixture
def pair(
    tmp_path: Path, simulator: Simulator, redis_server: RedisServer
) -> Iterator[tuple[Farthing, Farthing]]:
    """Two processes with one budget, and a ledger each."""
    with (
        serving(tmp_path / "one", simulator, redis_server) as one,
        serving(tmp_path / "other", simulator, redis_server) as other,
    ):
        yield one, other


@contextmanager
def serving(folder: Path, simulator: Simulator, server: RedisServer) -> Iterator[Farthing]:
    folder.mkdir()
    budgets = [{"usd": 100, "per": "day"}]
    config = write_config(
        folder, simulator.base_url, models=MODELS, budgets=budgets, cache={"url": server.url}
    )
    with Farthing(config) as running:
        yield running


def booked(*farthings: Farthing) -> list[dict[str, Any]]:
    return [row for each in farthings for row in rows(ledger_of(each.config))]


def agree(*farthings: Farthing) -> None:
    """What the processes have booked together is spent, to a nano-dollar for each call; nothing is set aside."""

    def balance() -> dict[str, Any]:
        found: dict[str, Any] = get(f"{farthings[0].url}/admin/budgets").json["budgets"][0]
        return found

    until(lambda: balance()["reserved_usd"] == "0")
    found = booked(*farthings)
    spent = Decimal(sum(row["cost_pico"] for row in found)) / PICO
    assert 0 < spent <= Decimal(balance()["spent_usd"]) <= spent + NANO * len(found)


def embed(farthing: Farthing, text: str) -> Got:
    body = json.dumps({"model": "embed", "input": text}).encode()
    return send(f"{farthing.base_url}/embeddings", body)


def test_vectors_and_answers_draw_on_one_budget_in_two_processes(
    pair: tuple[Farthing, Farthing],
) -> None:
    for number, farthing in enumerate(pair * 3):
        assert embed(farthing, f"river {number}").status == 200
        assert post(farthing.base_url, chat(f"River {number}?", "dear", max_tokens=9)).status == 200
    agree(*pair)


def test_four_choices_of_a_stream_that_breaks_off(pair: tuple[Farthing, Farthing]) -> None:
    fields: dict[str, Any] = {"stream": True, "n": 4, "max_tokens": 50}
    whole = post(pair[0].base_url, chat("Name 3 rivers.", "dear", **fields))
    fields["metadata"] = {"simulate": "cut,after=9"}
    cut = post(pair[0].base_url, chat("Name 4 rivers.", "dear", **fields))
    assert (whole.status, cut.status) == (200, 200)
    of_whole, of_cut = (
        rows(ledger_of(pair[0].config), got.headers["x-request-id"])[-1] for got in (whole, cut)
    )
    assert (of_whole["usage_source"], of_cut["usage_source"]) == ("upstream", "estimated")
    assert 0 < of_cut["output_tokens"] < of_whole["output_tokens"]
    agree(*pair)


def test_a_flex_request_that_was_billed_as_usual_is_charged_as_usual(
    pair: tuple[Farthing, Farthing],
) -> None:
    got = post(pair[0].base_url, chat("A river?", "dear", max_tokens=9, service_tier="flex"))
    (row,) = rows(ledger_of(pair[0].config), got.headers["x-request-id"])

    assert row["service_tier"] == got.json["service_tier"].replace("default", "standard")
    factor = {"flex": 1, "standard": 2}[row["service_tier"]]
    usual = 50 * row["uncached_input_tokens"] + 500 * row["output_tokens"]
    assert row["cost_pico"] == factor * usual * 10**6
    agree(*pair)


def test_a_key_that_is_revoked_in_the_middle_of_a_stream_pays_for_all_of_it(
    pair: tuple[Farthing, Farthing], simulator: Simulator
) -> None:
    one, other = pair
    made = here("keys", "create", "--config", str(one.config), "--json", "search")
    key = {"authorization": f"Bearer {json.loads(made.out)['secret']}"}

    def asked(**fields: Any) -> Got:
        return post(one.base_url, chat("Name three rivers.", "dear", **fields), key)

    assert post(other.base_url, chat("Hello!", "dear", max_tokens=1)).status == 200
    until(lambda: asked(max_tokens=1).status == 200)
    pause = {"simulate": "pause,after=3,seconds=6"}
    with ThreadPoolExecutor(1) as thread:
        stream = thread.submit(asked, stream=True, max_tokens=90, metadata=pause)
        until(lambda: simulator.counters["sim-mid"].in_flight == 1)
        assert here("keys", "revoke", "--config", str(one.config), "search").status == 0
        until(lambda: asked(max_tokens=1).status == 401)
        assert not stream.done()
        got = stream.result()

    (row,) = rows(ledger_of(one.config), got.headers["x-request-id"])
    assert (row["key"], row["outcome"], row["usage_source"]) == ("search", "ok", "upstream")
    agree(other, one)


def test_a_keys_own_budget_beside_that_of_each_key_is_freed_when_an_answer_has_come(
    tmp_path: Path, simulator: Simulator, redis_server: RedisServer
) -> None:
    budgets = [{"usd": 50, "per": "day", "key": "*"}]
    cache = {"url": redis_server.url}
    config = write_config(tmp_path, simulator.base_url, models=MODELS, budgets=budgets, cache=cache)
    made = here("keys", "create", "--config", str(config), "--json", "--budget", "5/day", "twice")
    key = {"authorization": f"Bearer {json.loads(made.out)['secret']}"}
    with Farthing(config) as farthing:
        for number in range(8):  # each sets more than a dollar aside, and costs less than a dime
            asked = chat(f"Name river {number}.", "dear", max_tokens=1000)
            got = post(farthing.base_url, asked, key)
            assert got.status == 200, got
            assert 0 < Decimal(got.headers["x-farthing-cost-usd"]) < Decimal("0.1")
