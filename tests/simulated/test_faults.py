"""How faults are written down, and how they are chosen for a request."""

import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.providers.simulated import RunningSimulator, default_models, running
from router.providers.simulated.faults import (
    FAULTS,
    OK,
    BadFault,
    described,
    parse_fault,
    parse_for,
    split_model,
)
from router.providers.simulated.faults_instead import Status
from router.providers.simulated.faults_midway import Cut
from router.providers.simulated.schedule import FaultBook
from tests.simulated.raw import exchange, question

MODELS = ("small:7b", "sim-mid")


def test_a_fault_is_a_name_and_settings() -> None:
    assert parse_fault("cut") == Cut()
    assert parse_fault(" cut,after=5 ") == Cut(after=5)
    assert parse_fault("status, code = 429, retry_after=1") == Status(429, "1")
    assert parse_fault("ok") is None


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_needs_no_settings_and_is_described(name: str) -> None:
    assert parse_fault(name) is not None
    assert f"  {name}" in described()


def test_without_docstrings_the_faults_are_still_listed() -> None:
    listing = "from router.providers.simulated.faults import described; print(described())"
    done = subprocess.run(
        [sys.executable, "-OO", "-c", listing], capture_output=True, text=True, check=True
    )

    assert [line.split(",")[0].strip() for line in done.stdout.splitlines()] == list(FAULTS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sutatus", r"'sutatus' is not a fault; available: ok, status, .*huge"),
        ("", r"'' is not a fault; available: ok, status"),
        ("ok,code=3", r"'ok' is not a fault|no setting"),
        ("cut,after", r"cut: 'after' is not one of its settings; it has after=\.\.\."),
        ("cut,code=3", r"cut: 'code=3' is not one of its settings; it has after=\.\.\."),
        ("reset,after=3", r"reset: 'after=3' is not one of its settings; it has no settings"),
        ("cut,after=many", r"cut: after must be int, not 'many'"),
        ("cut,after=-1", r"cut: after must be 0 or more, not -1"),
        ("status,code=200", r"status: code must be 400 to 599, not 200"),
        ("redirect,code=200", r"redirect: code must be one of"),
        ("slow,size=0", r"slow: size must be above 0"),
        ("slow,pause=-1", r"slow: pause must be 0 or more"),
        ("delay,seconds=-1", r"delay: seconds must be 0 or more"),
        ("huge,mb=0", r"huge: mb must be above 0"),
        ("gzip_bomb,mb=0", r"gzip_bomb: mb must be above 0"),
        ("wrong_length,more=0", r"wrong_length: more must be above 0"),
        ("html,code=100", r"html: code must be 200 to 599"),
    ],
)
def test_what_is_no_fault_is_told_what_would_be_one(text: str, message: str) -> None:
    with pytest.raises(BadFault, match=message):
        parse_fault(text)


@given(st.text(max_size=40))
def test_any_text_is_a_fault_or_is_refused(text: str) -> None:
    with suppress(BadFault):
        parse_fault(text)


def test_a_model_may_stand_before_a_fault_and_have_colons() -> None:
    assert split_model("small:7b:status,code=503") == ("small:7b", "status,code=503")
    assert split_model("status,message=a:b") == ("*", "status,message=a:b")
    assert split_model(" *:cut") == ("*", "cut")


def test_a_request_may_ask_for_faults_of_several_models() -> None:
    text = "sim-mid:status,code=503; small:7b:cut,after=2"
    assert parse_for(text, "sim-mid", MODELS) == "status,code=503"
    assert parse_for(text, "small:7b", MODELS) == "cut,after=2"
    assert parse_for("sim-mid:reset", "small:7b", MODELS) == OK
    assert parse_for("sim-mid:reset; delay", "small:7b", MODELS) == "delay"
    with pytest.raises(BadFault, match="'sim-mud' is not a simulated model"):
        parse_for("sim-mud:reset", "sim-mid", MODELS)


def test_scripted_faults_come_in_order_and_then_no_more() -> None:
    book = FaultBook(MODELS)
    book.script("sim-mid", ["reset", "ok", "cut"])
    book.script("*", ["drop"])
    book.script("sim-mid", ["html"])
    assert [book.next_for("sim-mid") for _ in range(6)] == [
        "reset", "ok", "cut", "html", "drop", "ok",
    ]  # fmt: skip
    assert book.is_empty


def test_scripted_faults_can_come_again_and_again() -> None:
    book = FaultBook(MODELS)
    book.script("small:7b", ["reset", "ok"], repeat=True)
    assert [book.next_for("small:7b") for _ in range(5)] == ["reset", "ok", "reset", "ok", "reset"]
    assert book.next_for("sim-mid") == "ok"
    book.clear()
    assert book.next_for("small:7b") == "ok"


@given(st.integers(0, 100), st.sampled_from([0.0, 0.2, 0.7, 1.0]))
def test_a_rate_meets_its_share_and_is_the_same_for_the_same_seed(seed: int, share: float) -> None:
    def played() -> Counter[str]:
        book = FaultBook(MODELS)
        book.rate("sim-mid", "reset", share, seed=seed)
        return Counter(book.next_for("sim-mid") for _ in range(1000))

    assert played() == played()
    assert abs(played()["reset"] - 1000 * share) < 80


def test_the_book_refuses_what_it_does_not_know() -> None:
    book = FaultBook(MODELS)
    with pytest.raises(ValueError, match=r"'gpt' is not a simulated model; available: \*, sim-mid"):
        book.script("gpt", ["reset"])
    with pytest.raises(BadFault):
        book.script("sim-mid", ["reset", "bogus"])
    with pytest.raises(ValueError, match="probability"):
        book.rate("sim-mid", "reset", 1.5)
    assert book.is_empty


# --------------------------------------------------------------- over HTTP


async def test_a_request_asks_for_its_fault_in_a_header_or_its_metadata(
    upstream: RunningSimulator,
) -> None:
    upstream.faults.script("*", ["status,code=500"])
    assert (await exchange(upstream, question(), "status,code=418")).status == 418
    asked = {"simulate": "sim-mid:status,code=422; status,code=409"}
    assert (await exchange(upstream, question(metadata=asked))).status == 422
    other = question(metadata=asked, model="sim-open-8b")
    assert (await exchange(upstream, other)).status == 409
    assert (await exchange(upstream, question())).status == 500
    assert (await exchange(upstream, question())).status == 200


async def test_an_unknown_fault_is_a_400_that_lists_them(upstream: RunningSimulator) -> None:
    seen = await exchange(upstream, question(), "bogus")
    assert seen.status == 400
    assert "available: ok, status" in seen.json["error"]["message"]
    assert upstream.counters.turned_away == 1


async def test_faults_are_scripted_over_http(upstream: RunningSimulator) -> None:
    url = f"{upstream.url}/simulate/faults"
    async with aiohttp.ClientSession() as session:
        entry = {"model": "sim-mid", "faults": ["status,code=503", "ok"], "repeat": True}
        async with session.post(url, json=entry) as answer:
            assert answer.status == 200
            assert (await answer.json())["scripted"] == [entry]
        rate = {"model": "*", "fault": "status,code=401", "probability": 1, "seed": 1}
        async with session.post(url, json=rate) as answer:
            assert answer.status == 200
        assert [(await exchange(upstream, question())).status for _ in range(3)] == [503, 200, 503]
        assert (await exchange(upstream, question(model="sim-open-8b"))).status == 401
        async with session.get(url) as answer:
            told = await answer.json()
            assert told["rates"][0]["probability"] == 1
            assert told["known"] == [OK, *FAULTS]
        async with session.delete(url) as answer:
            assert await answer.json() == {"scripted": [], "rates": []}
        assert (await exchange(upstream, question())).status == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "not JSON"),
        ("[]", "JSON object"),
        ("{}", "faults"),
        ('{"model": "sim-mid", "faults": ["bogus"]}', "is not a fault"),
        ('{"model": "sim-mid", "faults": [1]}', "array of strings"),
        ('{"model": "gpt", "faults": ["ok"]}', "not a simulated model"),
        ('{"model": "sim-mid", "faults": ["ok"], "times": 3}', "Unknown field 'times'"),
        ('{"model": "sim-mid", "fault": "reset"}', "probability"),
        ('{"model": "sim-mid", "fault": "reset", "probability": 7}', "probability"),
        ('{"model": "sim-mid", "fault": "bogus", "probability": 0.5}', "is not a fault"),
    ],
)
async def test_a_wrong_script_is_refused(
    upstream: RunningSimulator, body: str, message: str
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{upstream.url}/simulate/faults", data=body) as answer,
    ):
        assert answer.status == 400
        assert message in (await answer.json())["error"]["message"]
    assert upstream.faults.is_empty


async def test_counters_and_calls_are_told_and_reset(upstream: RunningSimulator) -> None:
    async with aiohttp.ClientSession() as session:
        await exchange(upstream, question())
        await exchange(upstream, question(), "status")
        async with session.get(f"{upstream.url}/simulate/counters") as answer:
            told = await answer.json()
        mid = told["models"]["sim-mid"]
        assert (mid["requests"], mid["finished"], mid["refused"]) == (2, 1, 1)
        assert mid["faults"] == {"status": 1}
        assert mid["cost_pico"] == told["cost_pico"] == upstream.counters.cost.pico > 0
        assert mid["cost_usd"] == str(upstream.counters.cost)
        async with session.get(f"{upstream.url}/simulate/calls") as answer:
            calls = (await answer.json())["calls"]
        assert [call["ending"] for call in calls] == ["finished", "refused"]
        async with session.post(f"{upstream.url}/simulate/reset") as answer:
            told = await answer.json()
        assert told["models"]["sim-mid"]["requests"] == told["cost_pico"] == 0
        assert not upstream.counters.calls


async def test_who_follows_a_redirect_is_counted(upstream: RunningSimulator) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{upstream.base_url}/chat/completions",
            json=question(),
            headers={"x-simulate": "redirect"},
        ) as answer,
    ):
        assert await answer.json() == {"redirected": True}
    assert upstream.counters.redirects_followed == 1


async def test_a_reset_keeps_what_is_in_flight() -> None:
    async with running(default_models(), speed=0) as upstream:
        counters = upstream.counters["sim-mid"]
        await exchange(upstream, question())
        account = upstream.counters.begin("sim-mid", 1, 0)
        upstream.simulation.reset()
        assert (counters.requests, counters.in_flight, counters.finished) == (1, 1, 0)
        assert account.number == 2


def test_the_manual_has_every_fault() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "simulate.md").read_text("utf-8")
    missing = [name for name in FAULTS if f"`{name}`" not in manual and f"`{name}," not in manual]
    assert missing == []
