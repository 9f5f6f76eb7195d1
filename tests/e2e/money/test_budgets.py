"""Budgets as clients meet them: a wall, a reason, a time when it is over; and cheaper models before that."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from tests.e2e.books import rows
from tests.e2e.configs import ledger_of, write_config
from tests.e2e.patience import until
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import Got, chat, get, post
from tests.servers import RedisServer

PICO = 10**12
PRICE = {"input_usd_per_mtok": 100, "output_usd_per_mtok": 1000}


def dear(**more: Any) -> dict[str, Any]:
    """A simulated model whose answers of 10 tokens may cost more than a cent."""
    return {
        "upstream": "sim",
        "name": "sim-mid",
        "price": PRICE,
        "context_tokens": 100_000,
        "max_output_tokens": 1000,
        **more,
    }


@contextmanager
def serving(folder: Path, simulator: Simulator, **sections: Any) -> Iterator[Farthing]:
    usual: dict[str, Any] = {"cache": {"url": "off"}, "models": {"dear": dear()}}
    with Farthing(write_config(folder, simulator.base_url, **{**usual, **sections})) as running:
        yield running


def balance(farthing: Farthing, number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = get(f"{farthing.url}/admin/budgets").json["budgets"][number]
    return found


def ask(farthing: Farthing, text: str = "Name a river.", **fields: Any) -> Got:
    return post(farthing.base_url, chat(text, **{"model": "dear", "max_tokens": 10, **fields}))


def test_at_its_end_a_budget_is_a_wall_that_says_when_it_is_over(
    tmp_path: Path, simulator: Simulator
) -> None:
    budgets = [{"usd": 0.1, "per": "day", "timezone": "Europe/Berlin"}]
    with serving(tmp_path, simulator, budgets=budgets) as farthing:
        answers = [ask(farthing, f"Name river {number}.") for number in range(12)]
        good, refused = [a for a in answers if a.status == 200], answers[-1]

        assert 0 < len(good) < 12
        assert (refused.status, refused.error["code"]) == (402, "budget_exceeded")
        assert "0.1 USD a day for everything" in refused.error["message"]
        told = balance(farthing)
        spent = sum(row["cost_pico"] for row in rows(ledger_of(farthing.config)))
        assert Decimal(told["spent_usd"]) * PICO == spent <= PICO // 10
        assert told["reserved_usd"] == "0"


def test_who_is_refused_is_told_how_long_an_answer_would_fit(
    tmp_path: Path, simulator: Simulator
) -> None:
    budgets = [{"usd": 0.02, "per": "day"}]
    with serving(tmp_path, simulator, budgets=budgets) as farthing:
        endless, endlessly_long = ask(farthing, max_tokens=None), ask(farthing, max_tokens=8000)
        assert (endless.status, endlessly_long.status) == (402, 402)
        found = re.search(
            r"An answer of ([\d,]+) tokens would fit\.$", endlessly_long.error["message"]
        )
        assert found
        fitting = int(found[1].replace(",", ""))
        assert ask(farthing, max_tokens=fitting + 1).status == 402
        assert ask(farthing, max_tokens=fitting).status == 200
    assert endless.error["message"].endswith(
        f"An answer of {found[1]} tokens would fit: the request sets no 'max_tokens', so the longest"
        " answer counts."
    )


@pytest.mark.parametrize(
    "limits",
    [
        {"max_tokens": 900, "max_completion_tokens": 1},
        {"max_tokens": 1, "max_completion_tokens": 900},
    ],
)
def test_of_two_limits_a_budget_goes_by_the_larger_since_a_model_may_read_either(
    tmp_path: Path, simulator: Simulator, limits: dict[str, Any]
) -> None:
    with serving(tmp_path, simulator, budgets=[{"usd": 0.02, "per": "day"}]) as farthing:
        assert ask(farthing, **limits).status == 402
        assert ask(farthing, max_tokens=1, max_completion_tokens=1).status == 200


def test_a_policy_takes_a_cheaper_model_before_it_refuses(
    tmp_path: Path, simulator: Simulator
) -> None:
    (tmp_path / "policies").mkdir()
    policy = {
        "policy": "best",
        "version": 1,
        "intent": "the best that there is; near the end of the money what is good enough",
        "reference": "best",
        "models": {"ids": ["dear", "small"]},
        "adequate": {"within": 0.0},
        "fall_back_to": "none",
        "rules": [
            {
                "name": "little is left",
                "when": {"max_budget_left": 0.5},
                "then": {"adequate": {"within": 0.3}},
            }
        ],
    }
    (tmp_path / "policies" / "best.yaml").write_text(yaml.safe_dump(policy))
    good, fair = (dict.fromkeys(CATEGORIES, p) for p in (0.95, 0.8))
    small = dear(
        name="sim-open-8b",
        price={"input_usd_per_mtok": 1, "output_usd_per_mtok": 1},
        abilities=fair,
    )
    with serving(
        tmp_path,
        simulator,
        policies={"directory": "policies", "default": "best"},
        models={"dear": dear(abilities=good), "small": small},
        budgets=[{"usd": 0.2, "per": "day"}],
    ) as farthing:
        took = [
            ask(farthing, f"Name river {number}.", model="auto").headers["x-farthing-model"]
            for number in range(16)
        ]

    assert took[0] == "dear"
    assert took[-1] == "small"
    assert took == sorted(took)


def test_two_hundred_at_once_against_a_dollar_cost_at_most_a_dollar(
    tmp_path: Path, simulator: Simulator
) -> None:
    with serving(tmp_path, simulator, budgets=[{"usd": 1, "per": "day"}]) as farthing:
        statuses = asyncio.run(_at_once(farthing, 200))
        until(lambda: balance(farthing)["reserved_usd"] == "0")
        spent = sum(row["cost_pico"] for row in rows(ledger_of(farthing.config)))

        assert set(statuses) == {200, 402}
        assert spent <= PICO
        assert Decimal(balance(farthing)["spent_usd"]) * PICO == spent


async def _at_once(farthing: Farthing, count: int) -> list[int]:
    async with aiohttp.ClientSession() as session:

        async def one(number: int) -> int:
            body = chat(f"Name river {number}.", model="dear", max_tokens=10)
            url = f"{farthing.base_url}/chat/completions"
            async with session.post(url, json=body) as response:
                await response.read()
                return response.status

        return list(await asyncio.gather(*map(one, range(count))))


def test_two_processes_share_one_budget_through_redis(
    tmp_path: Path, simulator: Simulator, redis_server: RedisServer
) -> None:
    cache = {"url": redis_server.url, "timeout_s": 2}  # on a busy machine it is late, not away
    shared = {"budgets": [{"usd": 1, "per": "day"}], "cache": cache}
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    with (
        serving(folders[0], simulator, **shared) as one,
        serving(folders[1], simulator, **shared) as other,
    ):

        async def both() -> list[list[int]]:
            return list(await asyncio.gather(_at_once(one, 100), _at_once(other, 100)))

        statuses = asyncio.run(both())
        spent = sum(
            row["cost_pico"] for each in (one, other) for row in rows(ledger_of(each.config))
        )

        assert {status for each in statuses for status in each} == {200, 402}
        assert spent <= PICO
        until(lambda: balance(one)["reserved_usd"] == "0")
        assert Decimal(balance(other)["spent_usd"]) >= Decimal(spent) / PICO


def test_what_was_spent_is_remembered_after_a_kill(tmp_path: Path, simulator: Simulator) -> None:
    budgets = [{"usd": 0.1, "per": "month"}]
    config = write_config(
        tmp_path,
        simulator.base_url,
        models={"dear": dear()},
        budgets=budgets,
        cache={"url": "off"},
    )
    farthing = Farthing(config).start()
    while ask(farthing, "Name a lake.").status == 200:
        pass
    spent = balance(farthing)["spent_usd"]
    farthing.kill()

    with Farthing(config) as again:
        assert ask(again).status == 402
        assert balance(again)["spent_usd"] == spent


def test_a_client_that_leaves_a_stream_frees_what_was_set_aside(
    tmp_path: Path, simulator: Simulator
) -> None:
    with serving(tmp_path, simulator, budgets=[{"usd": 5, "per": "day"}]) as farthing:

        async def leave() -> None:
            body = chat("Tell me a long story.", model="dear", max_tokens=900, stream=True)
            async with aiohttp.ClientSession() as session:
                url = f"{farthing.base_url}/chat/completions"
                async with session.post(url, json=body) as response:
                    await response.content.readany()

        asyncio.run(leave())
        until(lambda: len(rows(ledger_of(farthing.config))) == 1)
        until(lambda: balance(farthing)["reserved_usd"] == "0")
        (row,) = rows(ledger_of(farthing.config))
        assert Decimal(balance(farthing)["spent_usd"]) * PICO == row["cost_pico"]


def test_each_key_tag_and_policy_has_its_own(tmp_path: Path, simulator: Simulator) -> None:
    budgets = [
        {"usd": 0.0005, "per": "day", "tag": "*"},
        {"usd": 9, "per": "week", "policy": "balanced"},
    ]
    with serving(tmp_path, simulator, budgets=budgets) as farthing:

        def tagged(tag: str) -> Got:
            headers = {"x-farthing-tags": tag}
            body = chat("Name a hill.", model="auto", max_tokens=10)
            return post(farthing.base_url, body, headers)

        while tagged("a").status == 200:
            pass
        assert tagged("b").status == 200
        told = get(f"{farthing.url}/admin/budgets").json["budgets"]
        scopes = {(each["scope"]["kind"], each["scope"]["name"]) for each in told}
        assert scopes == {("tag", "a"), ("tag", "b"), ("policy", "balanced")}


def test_limits_per_minute_say_when_there_is_room_again(
    tmp_path: Path, simulator: Simulator
) -> None:
    with serving(tmp_path, simulator, limits=[{"requests_per_minute": 3}]) as farthing:
        answers = [ask(farthing, f"Name river {number}.") for number in range(4)]
        refused = answers[-1]

        assert [a.status for a in answers] == [200, 200, 200, 429]
        assert refused.error["code"] == "rate_limit_exceeded"
        assert "3 requests a minute for everything" in refused.error["message"]
        assert 1 <= int(refused.headers["retry-after"]) <= 20


@pytest.fixture(scope="module")
def limited(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> Iterator[Farthing]:
    """One that lets no request ask for much; nothing that it is asked changes it."""
    server = {"port": 0, "limits": {"max_n": 4, "max_output_tokens": 5}}
    folder = tmp_path_factory.mktemp("limited")
    with serving(folder, shared_simulator, server=server) as farthing:
        yield farthing


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"n": 99}, "'n' must be at most 4"),
        ({"n": -1}, "'n' must be a whole number >= 1"),
        ({"n": 1e999}, "not valid JSON"),
        ({"max_tokens": 0}, "'max_tokens' must be"),
        ({"max_tokens": 1.5}, "'max_tokens' must be"),
        ({"temperature": float("nan")}, "not valid JSON"),
        ({"temperature": -1}, "'temperature' must be a number >= 0"),
    ],
)
def test_numbers_beyond_all_limits_never_reach_a_model(
    limited: Farthing, simulator: Simulator, fields: dict[str, Any], said: str
) -> None:
    asked = sum(counter.requests for counter in simulator.counters.values())
    refused = post(limited.base_url, json.dumps(chat("Hello?", "dear", **fields)).encode())

    assert (refused.status, said in refused.error["message"]) == (400, True), refused
    assert sum(counter.requests for counter in simulator.counters.values()) == asked


def test_a_longer_answer_than_may_be_is_cut_down_to_what_may_be(limited: Farthing) -> None:
    got = ask(limited, "Tell me a long story.", max_tokens=900)

    assert got.json["usage"]["completion_tokens"] <= 5


CATEGORIES = (
    "chat housekeeping knowledge reasoning maths code_writing code_editing extraction summarising"
    " translation writing tool_calling vision"
).split()
