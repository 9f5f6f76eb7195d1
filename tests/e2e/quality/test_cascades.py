"""Two cheap models are asked first: what a client gets, what is booked, and what the ledger says about it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import openai
import orjson
import pytest

from benchmarks.cascades.questions import Asked
from benchmarks.cascades.told import Drawn, drawn
from router.domain.money import Money
from router.providers.simulated import Forms, Minds, default_models
from tests.e2e.books import rows
from tests.e2e.configs import ledger_of, write_config
from tests.e2e.described import check_answer, check_chunk
from tests.e2e.patience import until
from tests.e2e.programs import Farthing, here
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import Got, chat, get, post, send
from tests.e2e.wire import asked as asking
from tests.tools import WEATHER

MINDS = Minds(difficulty=0.3, mistakes=0.2, forms=Forms.VARIED)
PAIR, FINAL = ("sim-open-8b", "sim-open-70b"), "sim-frontier"
POLICY = """
policy: pair
version: 1
intent: Two cheap models are asked first, and the frontier model where they differ.
reference: sim-frontier
strategy: cascade
cascade:
  use: always
  steps: [{models: [sim-open-8b, sim-open-70b], accept: agreement}]
  final: sim-frontier
"""


@pytest.fixture(scope="module")
def minded() -> Iterator[Simulator]:
    """Models that have something in common, and many ways to say it."""
    with Simulator(minds=MINDS) as simulator:
        yield simulator


def farthing_in(folder: Path, minded: Simulator) -> Farthing:
    """A Farthing whose only policy is a cascade."""
    (folder / "policies").mkdir()
    (folder / "policies" / "pair.yaml").write_text(POLICY, "utf-8")
    policies = {"directory": str(folder / "policies"), "default": "pair"}
    config = write_config(folder, minded.base_url, policies=policies, cache={"url": "off"})
    return Farthing(config)


@pytest.fixture(scope="module")
def cascading(tmp_path_factory: pytest.TempPathFactory, minded: Simulator) -> Iterator[Farthing]:
    with farthing_in(tmp_path_factory.mktemp("cascading"), minded) as running:
        yield running


@pytest.fixture
def books(cascading: Farthing) -> Path:
    return ledger_of(cascading.config)


@pytest.fixture
async def pair(cascading: Farthing) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        base_url=cascading.base_url, api_key="any", max_retries=0
    ) as made:
        yield made


def looked_up(*, agree: bool, kind: str = "sums", skip: int = 0) -> tuple[Mapping[str, Any], Drawn]:
    """A question on which the pair agrees, and rightly, or does not; and what each model says to it."""
    frontier, _, large, small = default_models()
    found = skip
    for number in range(1000):
        body = _SAID[kind](number)
        come_to = drawn(Asked.of(kind, body), (small, large), frontier, MINDS, seed=0)
        is_it = come_to.is_accepted and come_to.is_right if agree else not come_to.is_accepted
        if is_it and not (found := found - 1) + 1:
            return body, come_to
    raise AssertionError("there is no such question")


def _sum(number: int) -> Mapping[str, Any]:
    return _body(f"What is {number + 400} * 37?")


def _call(number: int) -> Mapping[str, Any]:
    text = f"Weather forecast for Oslo in kelvin, please, for trip {number}?"
    return _body(text, tools=[WEATHER])


def _body(text: str, **more: Any) -> Mapping[str, Any]:
    return {"messages": [{"role": "user", "content": text}], **more}


_SAID = {"sums": _sum, "calls": _call}


def booked(books: Path, request_id: str) -> dict[str, dict[str, Any]]:
    """The rows of a request by their models."""
    return {row["model"]: row for row in rows(books, request_id)}


def calls_of(minded: Simulator) -> dict[str, int]:
    return {name: minded.counters[name].requests for name in (*PAIR, FINAL)}


async def streamed(
    client: openai.AsyncOpenAI, body: Mapping[str, Any]
) -> tuple[Mapping[str, str], list[Any]]:
    create: Any = client.chat.completions.with_raw_response.create
    raw = await create(model="auto", stream=True, **body)
    chunks = [chunk.model_dump(mode="json", exclude_unset=True) async for chunk in raw.parse()]
    for chunk in chunks:
        check_chunk(chunk)
    return raw.headers, chunks


async def plain(
    client: openai.AsyncOpenAI, body: Mapping[str, Any]
) -> tuple[Mapping[str, str], dict[str, Any]]:
    create: Any = client.chat.completions.with_raw_response.create
    raw = await create(model="auto", **body)
    answer = raw.parse().model_dump(mode="json", exclude_unset=True)
    check_answer(answer)
    return raw.headers, answer["choices"][0]["message"]


def joined(chunks: list[Any]) -> str:
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


@pytest.mark.parametrize("stream", [False, True])
async def test_where_two_agree_their_answer_is_the_answer_and_nobody_else_is_asked(
    pair: openai.AsyncOpenAI, minded: Simulator, books: Path, stream: bool
) -> None:
    body, come_to = looked_up(agree=True, skip=int(stream))
    before = calls_of(minded)
    if stream:
        headers, chunks = await streamed(pair, body)
        text = joined(chunks)
        assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    else:
        headers, message = await plain(pair, body)
        text = message["content"]
    assert str(come_to.first[0].value) in text.replace(",", "")
    assert headers["x-farthing-model"] in PAIR
    made = {name: count - before[name] for name, count in calls_of(minded).items()}
    assert made == {"sim-open-8b": 1, "sim-open-70b": 1, FINAL: 0}
    found = booked(books, headers["x-request-id"])
    assert sorted(row["outcome"] for row in found.values()) == ["ok", "rejected"]
    assert [row["model"] for row in found.values() if row["is_answer"]] == [
        headers["x-farthing-model"]
    ]


@pytest.mark.parametrize("stream", [False, True])
async def test_where_two_differ_the_final_model_answers_and_nothing_is_seen_of_theirs(
    pair: openai.AsyncOpenAI, minded: Simulator, books: Path, stream: bool
) -> None:
    body, come_to = looked_up(agree=False, skip=int(stream))
    if stream:
        headers, chunks = await streamed(pair, body)
        text = joined(chunks)
    else:
        headers, message = await plain(pair, body)
        text = message["content"]
    asked_alone = post(minded.base_url, {**body, "model": FINAL})
    assert text == asked_alone.text
    assert headers["x-farthing-model"] == FINAL
    found = booked(books, headers["x-request-id"])
    assert {name: row["outcome"] for name, row in found.items()} == {
        "sim-open-8b": "rejected",
        "sim-open-70b": "rejected",
        FINAL: "ok",
    }
    costs = {name: row["cost_pico"] for name, row in found.items()}
    first, last = come_to.first, come_to.final
    assert costs == {
        "sim-open-8b": first[0].cost.pico,
        "sim-open-70b": first[1].cost.pico,
        FINAL: last.cost.pico,
    }
    assert found[FINAL]["baseline_pico"] == costs[FINAL]


@pytest.mark.parametrize("stream", [False, True])
async def test_calls_of_tools_are_compared_and_none_is_shown_that_is_not_believed(
    pair: openai.AsyncOpenAI, books: Path, stream: bool
) -> None:
    for agree in (True, False):
        body, come_to = looked_up(agree=agree, kind="calls", skip=int(stream))
        if stream:
            headers, chunks = await streamed(pair, body)
            deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
            parts = [part for delta in deltas for part in delta.get("tool_calls") or ()]
            assert len([part for part in parts if part.get("id")]) == 1
            arguments = "".join(part["function"].get("arguments") or "" for part in parts)
        else:
            headers, message = await plain(pair, body)
            (call,) = message["tool_calls"]
            arguments = call["function"]["arguments"]
        wanted = (come_to.first[0] if agree else come_to.final).value
        assert wanted is not None
        assert json.loads(arguments) == json.loads(wanted)[0]["arguments"]
        found = booked(books, headers["x-request-id"])
        assert (FINAL in found) is not agree


@pytest.mark.parametrize(
    ("fault", "stream"),
    [("status,code=503", False), ("reset", True), ("malformed,after=1", False)],
)
async def test_a_step_with_a_model_that_fails_is_no_reason_to_fail(
    tmp_path: Path, minded: Simulator, fault: str, stream: bool
) -> None:
    """With a separate Farthing, because it leaves a model alone that has failed again and again."""
    body, _ = looked_up(agree=True, skip=10)
    minded.served.faults.script("sim-open-70b", [fault], repeat=True)
    try:
        with farthing_in(tmp_path, minded) as farthing:
            got = await asyncio.to_thread(
                post, farthing.base_url, {"model": "auto", "stream": stream, **body}
            )
            found = rows(ledger_of(farthing.config), got.headers["x-request-id"])
    finally:
        minded.forget()
    assert got.text
    assert got.headers["x-farthing-model"] == FINAL
    assert [row["model"] for row in found if row["is_answer"]] == [FINAL]
    outcomes = {(row["model"], row["outcome"]) for row in found}
    assert ("sim-open-70b", "failed") in outcomes
    assert ("sim-open-8b", "rejected") in outcomes


@pytest.mark.parametrize("stream", [False, True])
def test_who_leaves_while_a_step_is_judged_stops_all_of_it_and_the_final_model_is_never_asked(
    cascading: Farthing, minded: Simulator, books: Path, stream: bool
) -> None:
    before = {row["request_id"] for row in rows(books)}
    waiting = [minded.counters[name] for name in PAIR]
    cancelled = [each.cancelled for each in waiting]
    asked = minded.counters[FINAL].requests
    body = chat("What is 3 * 37, then?", metadata={"simulate": "silence"}, stream=stream)
    with asking(cascading.url, body):
        until(lambda: all(each.in_flight == 1 for each in waiting))
    until(lambda: [each.cancelled for each in waiting] == [each + 1 for each in cancelled])
    until(lambda: len({row["request_id"] for row in rows(books)} - before) == 1)
    found = [row for row in rows(books) if row["request_id"] not in before]
    assert {(row["model"], row["outcome"]) for row in found} == {
        ("sim-open-8b", "client_left"),
        ("sim-open-70b", "client_left"),
    }
    assert [row["closes"] for row in found].count(1) == 1
    assert not any(row["is_answer"] for row in found)
    assert minded.counters[FINAL].requests == asked


async def test_the_decision_says_that_it_is_a_cascade_before_and_after(
    pair: openai.AsyncOpenAI, cascading: Farthing
) -> None:
    body, _ = looked_up(agree=True, skip=30)
    before = _document(await asyncio.to_thread(post_route, cascading, {"model": "auto", **body}))
    headers, _message = await plain(pair, body)
    url = f"{cascading.url}/v1/decisions/{headers['x-request-id']}"
    after = _document(await asyncio.to_thread(get, url))
    for told in (before, after):
        assert told["cascade"]["final"] == FINAL
        (step,) = told["cascade"]["steps"]
        assert list(step["models"]) == list(PAIR)
    assert {each["outcome"] for each in after["attempts"]} == {"ok", "rejected"}
    assert after["cost_usd"] == str(sum(_costs(after), Money()))


def post_route(cascading: Farthing, body: Mapping[str, Any]) -> Got:
    return send(f"{cascading.url}/v1/route", orjson.dumps(body))


def test_reports_count_what_every_call_cost_and_no_request_twice(
    cascading: Farthing, minded: Simulator, books: Path
) -> None:
    """Everything that the other tests have asked is in it too."""
    told = json.loads(here("report", "--config", str(cascading.config), "--json").out)
    found = rows(books)
    assert Money.from_usd(told["total"]["cost_usd"]).pico == sum(r["cost_pico"] for r in found)
    assert told["total"]["requests"] == len({row["request_id"] for row in found})
    saved = sum(row["baseline_pico"] for row in found) - sum(row["cost_pico"] for row in found)
    assert Money.from_usd(told["total"]["saving_usd"]).pico == saved


def _document(got: Got) -> dict[str, Any]:
    assert got.status == 200, got
    told: dict[str, Any] = got.json
    return told


def _costs(document: Mapping[str, Any]) -> Iterator[Money]:
    yield from (Money.from_usd(each["cost_usd"]) for each in document["attempts"])


def test_what_lax_checks_have_accepted_is_not_given_where_strict_ones_are_asked_for(
    tmp_path: Path, simulator: Simulator
) -> None:
    lax = "{models: [sim-open-8b], accept: complete}"
    rule = f"  - {{name: draft, when: {{tag: draft}}, then: {{cascade: {{steps: [{lax}]}}}}}}\n"
    strict = f"{POLICY}cache: {{ttl_s: 60}}\n"
    (tmp_path / "policies").mkdir()
    file = tmp_path / "policies" / "pair.yaml"
    file.write_text(f"{strict}rules:\n{rule}", "utf-8")
    policies = {"directory": str(file.parent), "default": "pair"}
    with Farthing(write_config(tmp_path, simulator.base_url, policies=policies)) as farthing:

        def cache(question: str, *tags: str) -> str:
            named = {"x-farthing-tags": ",".join(tags)}
            got = post(farthing.base_url, chat(question), named)
            assert got.status == 200
            return got.headers["x-farthing-cache"]

        def versions() -> Any:
            return get(f"{farthing.url}/readyz").json["policies"]["versions"]

        first, second = "What is 17 + 25?", "What is 18 + 25?"
        assert [cache(first, "draft"), cache(first, "draft"), cache(first)] == [
            "miss",
            "hit",
            "miss",
        ]
        assert [cache(second, "draft"), cache(second, "draft")] == ["miss", "hit"]
        before = versions()
        file.write_text(strict, "utf-8")
        until(lambda: versions() != before)
        assert [cache(second, "draft"), cache(second)] == ["miss", "hit"]
