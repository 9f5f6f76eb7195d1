"""An afternoon of 500 mixed requests, and a report that agrees with the upstream to the pico-dollar.

A real client, a real Farthing, a real `farthing simulate` that fails now and then: what the client
saw, what the ledger says and what the upstream counted by itself have to be the same.
"""

import asyncio
import csv
import io
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import openai
import pytest

from router.domain.money import PICO_PER_USD
from router.domain.usage import Usage
from router.ledger.report import GROUPINGS
from router.providers.simulated import default_models
from tests.e2e.books import rows
from tests.e2e.configs import ledger_of, write_config
from tests.e2e.programs import Done, Farthing, Simulate, here, run
from tests.tools import WEATHER

REQUESTS = 500
AT_ONCE = 20
SEED = 20_26
FAULTS = ("0.04:status,code=503", "0.03:reset", "0.03:status,code=429,retry_after=0.05")
SECRETS = {"ANN_KEY": "fk-ann-0123456789", "BOB_KEY": "fk-bob-0123456789"}
KEYS = [{"name": "ann", "key": "${ANN_KEY}"}, {"name": "bob", "key": "${BOB_KEY}"}]
MODELS = (
    *("auto", "auto:cheap", "auto:balanced", "auto:quality", "gpt-6-sol"),
    *("sim-frontier", "sim-mid", "sim-open-70b", "sim-open-8b"),
)
TOPICS = (
    "What is {n} * 17?",
    "Hello, this is my message number {n}. How are you?",
    "Translate 'the {n} trains are late again' into French.",
    "Write a Python function that returns the first {n} primes.",
    "Summarise in a sentence: {n} people came, and all of them went home happy.",
    "What is the capital of the country with the dialling code {n}?",
    "Extract all numbers as JSON: there were {n} of them",
)
LONG = {"role": "system", "content": "You are a helpful assistant of a railway. " * 200}
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "answer",
        "schema": {"type": "object", "properties": {"answer": {"type": "string"}}},
    },
}
EXTRAS: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"tools": [WEATHER]},
    {"n": 2},
    {"max_tokens": 5},
    {"response_format": SCHEMA},
    {"logprobs": True},
)
SUMMED = (
    *("attempts", "cache_hits", "failed_attempts", "estimated_attempts"),
    *("input_tokens", "cached_input_tokens", "output_tokens"),
)


@dataclass(frozen=True)
class Afternoon:
    """What each side knows when it is over; `seen` counts what the client got."""

    seen: Counter[str]
    counters: dict[str, Any]
    rows: list[dict[str, Any]]
    reports: dict[str, dict[str, Any]]
    table: list[dict[str, str]]
    against: dict[str, Any]


def bodies(dice: random.Random) -> Iterator[dict[str, Any]]:
    """The requests; about one in six has been asked before."""
    asked: list[dict[str, Any]] = []
    for _ in range(REQUESTS):
        if asked and dice.random() < 0.17:
            yield dice.choice(asked)
            continue
        asked.append(new_body(dice))
        yield asked[-1]


def new_body(dice: random.Random) -> dict[str, Any]:
    text = dice.choice(TOPICS).format(n=dice.randrange(1000))
    beginning = [LONG] if dice.random() < 0.1 else []
    body = {
        "model": dice.choice(MODELS),
        "messages": [*beginning, {"role": "user", "content": text}],
        **dice.choice(EXTRAS),
    }
    if dice.random() < 0.5:
        body["stream"] = True
        if dice.random() < 0.5:
            body["stream_options"] = {"include_usage": True}
    return body


async def ask(client: openai.AsyncOpenAI, body: dict[str, Any], tag: str) -> str:
    """Send one and read all of it; the result, as one word."""
    completions = client.chat.completions.with_raw_response
    try:
        raw = await completions.create(**body, extra_headers={"x-farthing-tags": tag})
        answer = raw.parse()
        if body.get("stream"):
            async for _ in answer:
                pass
    except openai.APIStatusError as error:
        return f"error {error.status_code}"
    return str(raw.headers["x-farthing-cache"])


async def afternoon(farthing: Farthing) -> Counter[str]:
    dice, places = random.Random(SEED), asyncio.Semaphore(AT_ONCE)
    seen: Counter[str] = Counter()
    clients = [
        openai.AsyncOpenAI(base_url=farthing.base_url, api_key=key, max_retries=0)
        for key in SECRETS.values()
    ]

    async def one(body: dict[str, Any], who: int, tag: str) -> None:
        async with places:
            seen[await ask(clients[who], body, tag)] += 1

    async with asyncio.TaskGroup() as group:
        for body in bodies(dice):
            group.create_task(one(body, dice.randrange(2), dice.choice(("web", "batch", ""))))
    for client in clients:
        await client.close()
    return seen


def read(config: Path, *arguments: str, by: Callable[..., Done] = here) -> str:
    done = by("report", "--config", str(config), *arguments, env=SECRETS)
    assert done.status == 0, done.err
    return done.out


@pytest.fixture(scope="module")
def it(tmp_path_factory: pytest.TempPathFactory) -> Afternoon:
    faults = [word for fault in FAULTS for word in ("--fault-rate", fault)]
    with Simulate("--seed", "3", *faults) as simulate:
        config = write_config(
            tmp_path_factory.mktemp("afternoon"),
            f"{simulate.url}/v1",
            keys=KEYS,
            policies={"routes": {"gpt-*": "balanced"}},
        )
        with Farthing(config, env=SECRETS) as farthing:
            seen = asyncio.run(afternoon(farthing))
        counters = simulate.counters()
    reports = {by: json.loads(read(config, "--json", "--by", by)) for by in GROUPINGS}
    assert json.loads(read(config, "--json", "--by", "key", by=run)) == reports["key"]
    table = read(config, "--csv", "--by", "key")
    against = read(config, "--json", "--baseline", "sim-frontier")
    return Afternoon(
        seen=seen,
        counters=counters,
        rows=rows(ledger_of(config)),
        reports=reports,
        table=list(csv.DictReader(io.StringIO(table))),
        against=json.loads(against),
    )


def pico(dollars: str) -> int:
    """Whole pico-dollars; a fraction of one would be an error in itself."""
    amount = Decimal(dollars) * PICO_PER_USD
    assert amount == int(amount)
    return int(amount)


def total_of(report: dict[str, Any]) -> dict[str, Any]:
    total: dict[str, Any] = report["total"]
    return total


def test_it_was_a_mixed_afternoon(it: Afternoon) -> None:
    assert it.seen.total() == REQUESTS
    assert it.seen["hit"] > 20
    assert it.seen["miss"] > 300
    assert sum(counts["refused"] for counts in it.counters["models"].values()) > 20
    assert sum(counts["usage"]["cache_read_tokens"] for counts in models(it).values()) > 1000
    assert sum(count for name, count in it.seen.items() if name.startswith("error")) < 20


def models(it: Afternoon) -> dict[str, Any]:
    found: dict[str, Any] = it.counters["models"]
    return found


def estimated(it: Afternoon, column: str, model: str = "") -> int:
    """What Farthing had to estimate: a reset after the question may have been billed, or not."""
    rows = [row for row in it.rows if row["cost_source"] == "estimated"]
    return sum(row[column] for row in rows if model in {"", row["model"]})


def test_the_cost_is_the_upstreams_own_to_the_pico_dollar(it: Afternoon) -> None:
    assert it.counters["in_flight"] == it.counters["turned_away"] == 0
    for report in it.reports.values():
        cost = pico(total_of(report)["cost_usd"]) - estimated(it, "cost_pico")
        assert cost == it.counters["cost_pico"]


def test_so_are_cost_and_tokens_of_each_model(it: Afternoon) -> None:
    groups = {group["model"]: group for group in it.reports["model"]["groups"]}
    assert set(groups) == set(models(it))
    for name, counts in models(it).items():
        group, usage = groups[name], counts["usage"]
        cost = pico(group["cost_usd"]) - estimated(it, "cost_pico", name)
        assert cost == counts["cost_pico"], name
        sent = usage["uncached_input_tokens"] + usage["cache_read_tokens"]
        assert group["input_tokens"] - estimated(it, "uncached_input_tokens", name) == sent, name
        assert group["cached_input_tokens"] == usage["cache_read_tokens"], name
        generated = usage["output_tokens"] + usage["reasoning_tokens"]
        assert group["output_tokens"] == generated, name


def test_every_call_is_an_attempt_and_every_fault_a_failed_one(it: Afternoon) -> None:
    for group in it.reports["model"]["groups"]:
        counts = models(it)[group["model"]]
        assert group["attempts"] == counts["requests"]
        assert group["failed_attempts"] == counts["refused"] + counts["broken"]
    resets = sum(counts["faults"].get("reset", 0) for counts in models(it).values())
    assert total_of(it.reports["model"])["estimated_attempts"] == resets > 0


def test_every_request_is_counted_once(it: Afternoon) -> None:
    for report in it.reports.values():
        assert total_of(report)["requests"] == REQUESTS
        assert total_of(report)["cache_hits"] == it.seen["hit"] + it.seen["shared"]
    for by in ("key", "tag", "policy", "category", "day"):
        assert sum(group["requests"] for group in it.reports[by]["groups"]) == REQUESTS, by


@pytest.mark.parametrize("by", GROUPINGS)
def test_the_groups_add_up_to_the_total(it: Afternoon, by: str) -> None:
    groups, total = it.reports[by]["groups"], total_of(it.reports[by])
    for name in SUMMED:
        assert sum(group[name] for group in groups) == total[name], name
    for name in ("cost_usd", "baseline_usd", "saving_usd"):
        assert sum(pico(group[name]) for group in groups) == pico(total[name]), name


@pytest.mark.parametrize("by", GROUPINGS)
def test_a_saving_is_the_baseline_less_the_cost(it: Afternoon, by: str) -> None:
    for line in (*it.reports[by]["groups"], total_of(it.reports[by])):
        assert pico(line["saving_usd"]) == pico(line["baseline_usd"]) - pico(line["cost_usd"])


def test_the_groups_are_the_ones_that_there_were(it: Afternoon) -> None:
    names = {by: {group[by] for group in it.reports[by]["groups"]} for by in GROUPINGS}
    assert names["key"] == {"ann", "bob"}
    assert names["tag"] == {"web", "batch", ""}
    assert names["policy"] == {"", "balanced", "cheap", "quality"}
    assert names["upstream"] == {"sim"}
    assert len(names["day"]) in {1, 2}


def test_the_baseline_is_the_reference_at_its_own_price(it: Afternoon) -> None:
    prices = {model.id: model.price for model in default_models()}
    answers = [row for row in it.rows if row["is_answer"]]
    assert len(answers) == REQUESTS - sum(it.seen[name] for name in it.seen if "error" in name)
    by_hand = sum(prices[row["reference"]].charge(usage_of(row)).pico for row in answers)
    assert pico(total_of(it.reports["model"])["baseline_usd"]) == by_hand
    frontier = sum(prices["sim-frontier"].charge(usage_of(row)).pico for row in answers)
    assert it.against["baseline"] == "sim-frontier"
    assert pico(total_of(it.against)["baseline_usd"]) == frontier
    assert pico(total_of(it.against)["saving_usd"]) > 0


def usage_of(row: dict[str, Any]) -> Usage:
    names = ("uncached_input", "cache_read", "cache_write", "output", "reasoning")
    return Usage(*(row[f"{name}_tokens"] for name in names))


def test_the_spreadsheet_says_the_same(it: Afternoon) -> None:
    total = total_of(it.reports["key"])
    assert {line["key"] for line in it.table} == {"ann", "bob"}
    for name in (*SUMMED, "requests"):
        assert sum(int(line[name]) for line in it.table) == total[name], name
    for name in ("cost_usd", "baseline_usd", "saving_usd"):
        assert sum(pico(line[name]) for line in it.table) == pico(total[name]), name
