"""Cascades between a client and its upstreams: what is asked, what is shown, what is booked."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import openai
import orjson
import pytest

from router.acceptance.ruling import Evidence
from router.app import real_world
from router.decision.verdicts import Pairing, Seen
from router.domain.cascade import CascadeTerms, Opinion
from router.domain.category import Category
from router.ports import Embedded
from tests.pipeline.cascade_kit import (
    ACCEPT,
    COMPLETE,
    JUDGED,
    MODELS,
    ODD,
    PAIR,
    SIMILAR,
    SUM,
    a_simulated,
    answer,
    cascading,
    chunks,
    outcomes,
    rule_with,
    said,
    text,
)
from tests.pipeline.kit import Proxy
from tests.simulated.raw import until

LYING = ("cheap", "liar")
SLOW = (*MODELS[:3], a_simulated("strong", ttft_s=0.6))


def asked(it: Proxy, model: str) -> int:
    return it.upstream.counters[model].requests if model in it.upstream.counters else 0


@pytest.mark.parametrize("stream", [False, True])
async def test_two_that_agree_are_the_answer_and_the_strong_model_is_not_asked(
    tmp_path: Path, stream: bool
) -> None:
    async with cascading(tmp_path) as it:
        headers, body = await answer(it, stream=stream)
        rows = {row["model"]: row for row in it.rows()}

    assert "42" in (text(body) if stream else said(body))
    assert headers["x-farthing-model"] == "cheap"
    assert headers["x-farthing-attempts"] == "2"
    assert headers["x-farthing-cascade"].startswith("accepted 1/1: ")
    assert rows.keys() == {"cheap", "other"}
    taken, other = rows["cheap"], rows["other"]
    assert (taken["outcome"], taken["is_answer"], taken["closes"]) == ("ok", True, True)
    assert (other["outcome"], other["error"]) == ("rejected", "not_taken")
    assert (other["is_answer"], other["closes"], other["baseline_pico"]) == (False, False, 0)
    assert taken["baseline_pico"] == 7 * 4_000_000 + 3 * 8_000_000
    assert other["cost_pico"] == 7 * 2_000_000 + 3 * 4_000_000
    assert other["usage_source"] == taken["usage_source"] == "upstream"


@pytest.mark.parametrize("stream", [False, True])
async def test_two_that_differ_leave_it_to_the_strong_model(tmp_path: Path, stream: bool) -> None:
    async with cascading(tmp_path, LYING) as it:
        headers, body = await answer(it, stream=stream)
        rows = {row["model"]: row for row in it.rows()}

    assert "42" in (text(body) if stream else said(body))
    assert headers["x-farthing-model"] == "strong"
    assert headers["x-farthing-attempts"] == "3"
    assert headers["x-farthing-cascade"].startswith("escalated: 1/1 rejected: ")
    assert "failed" not in headers["x-farthing-reason"]
    assert {name: row["outcome"] for name, row in rows.items()} == {
        "cheap": "rejected",
        "liar": "rejected",
        "strong": "ok",
    }
    assert rows["strong"]["attempt"] == 3
    assert rows["cheap"]["error"] == "rejected"


async def test_the_saving_of_a_request_is_net_of_all_its_calls(tmp_path: Path) -> None:
    async with cascading(tmp_path, LYING) as it:
        _, body = await answer(it, headers={"x-farthing-receipt": "true"})
        rows = it.rows()

    receipt = orjson.loads(body)["farthing"]
    spent = sum(row["cost_pico"] for row in rows)
    assert receipt["attempts"] == 3
    assert float(receipt["cost_usd"]) == pytest.approx(spent / 1e12)
    assert float(receipt["saving_usd"]) < 0


async def test_upstreams_of_a_step_are_never_asked_for_a_stream(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []
    async with cascading(tmp_path, LYING) as it:
        upstreams = it.running.pipeline.means.upstreams
        assert isinstance(upstreams, dict)
        upstreams |= {name: _Recording(each, seen) for name, each in upstreams.items()}
        await answer(it, stream=True, stream_options={"include_usage": True})

    by_model = {each["model"]: each for each in seen}
    for name in LYING:
        assert by_model[name]["stream"] is False
        assert "stream_options" not in by_model[name]
    assert by_model["strong"]["stream"] is True


class _Recording:
    def __init__(self, upstream: Any, seen: list[dict[str, Any]]) -> None:
        self._upstream = upstream
        self._seen = seen
        self.asks_usage = upstream.asks_usage

    async def close(self) -> None:
        await self._upstream.close()

    async def send(self, call: Any) -> Any:
        self._seen.append(orjson.loads(call.body))
        assert bool(call.fields.get("stream")) == call.stream
        return await self._upstream.send(call)


@pytest.mark.parametrize("shows_usage", [False, True])
async def test_an_accepted_answer_is_replayed_as_a_valid_stream(
    tmp_path: Path, shows_usage: bool
) -> None:
    options: dict[str, Any] = {"stream_options": {"include_usage": True}} if shows_usage else {}
    async with cascading(tmp_path) as it:
        _, body = await answer(it, stream=True, **options)

    told = chunks(body)
    assert told[0]["choices"][0]["delta"]["role"] == "assistant"
    assert {chunk["object"] for chunk in told} == {"chat.completion.chunk"}
    assert len({chunk["id"] for chunk in told}) == 1
    reasons = [c["finish_reason"] for chunk in told for c in chunk["choices"]]
    assert reasons[-1] == "stop"
    assert set(reasons[:-1]) == {None}
    usages = [chunk for chunk in told if not chunk["choices"]]
    assert len(usages) == shows_usage
    assert body.endswith(b"data: [DONE]\n\n")
    assert b": farthing cost-usd=0.000013\n" in body


@pytest.mark.parametrize("step", [PAIR, LYING])
async def test_openais_own_client_reads_the_stream(tmp_path: Path, step: tuple[str, str]) -> None:
    terms = CascadeTerms(keep_alive_s=0.05)
    async with (
        cascading(tmp_path, step, terms=terms, simulated=SLOW, speed=1) as it,
        openai.AsyncOpenAI(base_url=f"{it.running.url}/v1", api_key="none") as client,
    ):
        stream = await client.chat.completions.create(
            model="auto", messages=[{"role": "user", "content": SUM}], stream=True
        )
        words = [c.choices[0].delta.content or "" async for c in stream if c.choices]

    assert "42" in "".join(words)


async def test_calls_of_tools_are_compared_and_replayed(tmp_path: Path) -> None:
    """Whoever rules on them: they are replayed once they are taken."""
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    async with cascading(tmp_path, ("cheap",), checks=COMPLETE) as it:
        rule_with(it, lambda _: ACCEPT)
        _, body = await answer(it, stream=True, tools=[tool], tool_choice="required")

    calls = [
        call
        for chunk in chunks(body)
        for choice in chunk["choices"]
        for call in choice["delta"].get("tool_calls") or []
    ]
    assert [call["function"]["name"] for call in calls] == ["weather"]


async def test_a_failing_step_is_not_retried_and_the_other_call_is_stopped(tmp_path: Path) -> None:
    fault = "cheap:status,code=503;other:silence"
    async with cascading(tmp_path) as it:
        headers, _ = await answer(it, faults=fault)
        rows = {row["model"]: row for row in it.rows()}
        standings = await it.standings()

    assert headers["x-farthing-cascade"].startswith("escalated: 1/1 failed: cheap failed")
    assert headers["x-farthing-model"] == "strong"
    assert asked(it, "cheap") == 1
    assert rows["cheap"]["outcome"] == "failed"
    assert (rows["other"]["outcome"], rows["other"]["cost_source"]) == ("rejected", "estimated")
    assert all(each["in_flight"] == 0 for each in standings.values())


async def test_the_clients_own_fault_is_its_answer(tmp_path: Path) -> None:
    async with cascading(tmp_path) as it:
        _, body = await answer(it, 400, faults="cheap:status,code=400;other:silence")
        found = outcomes(it)

    assert orjson.loads(body)["error"]["code"] == "invalid_value"
    assert found == [("cheap", "failed"), ("other", "rejected")]
    assert asked(it, "strong") == 0


async def test_a_step_that_takes_too_long_is_over(tmp_path: Path) -> None:
    async with cascading(tmp_path, within_s=0.2) as it:
        headers, body = await answer(it, faults="other:silence", stream=True)
        rows = {row["model"]: row for row in it.rows()}

    assert headers["x-farthing-cascade"] == "escalated: 1/1 failed: other failed: timeout"
    assert "42" in text(body)
    assert (rows["cheap"]["outcome"], rows["cheap"]["error"]) == ("rejected", "failed")
    assert rows["cheap"]["total_s"] < 0.2
    assert rows["strong"]["outcome"] == "ok"


async def test_a_second_step_follows_the_first(tmp_path: Path) -> None:
    async with cascading(tmp_path, LYING, PAIR) as it:
        headers, _ = await answer(it)
        found = outcomes(it)

    assert headers["x-farthing-cascade"].startswith("accepted 2/2: ")
    assert headers["x-farthing-attempts"] == "4"
    assert found == [
        ("cheap", "ok"),
        ("cheap", "rejected"),
        ("liar", "rejected"),
        ("other", "rejected"),
    ]


async def test_a_broken_check_is_nobodys_error(tmp_path: Path) -> None:
    def broken(_: Evidence) -> Opinion:
        raise ZeroDivisionError

    async with cascading(tmp_path) as it:
        rule_with(it, broken)
        headers, _ = await answer(it)

    assert headers["x-farthing-cascade"] == "escalated: 1/1 cannot tell: the check failed"


async def test_whatever_a_reason_says_it_is_one_short_header(tmp_path: Path) -> None:
    async with cascading(tmp_path) as it:
        rule_with(it, lambda _: ODD)
        headers, _ = await answer(it)

    assert "x-evil" not in headers
    assert headers["x-farthing-cascade"].isascii()
    assert len(headers["x-farthing-cascade"]) < 200


# ---------------------------------------------------------------------------------- leaving


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_in_a_step_stops_and_pays_all_calls(
    tmp_path: Path, stream: bool
) -> None:
    async with cascading(tmp_path) as it:
        task = asyncio.create_task(answer(it, faults="other:silence", stream=stream))
        await until(lambda: asked(it, "cheap") == 1 and asked(it, "other") == 1)
        await until(lambda: _in_flight(it) == 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await until(lambda: len(it.rows()) == 2)
        rows = {row["model"]: row for row in it.rows()}

    assert {row["outcome"] for row in rows.values()} == {"client_left"}
    assert rows["cheap"]["usage_source"] == "upstream"
    assert rows["other"]["usage_source"] == "estimated"
    assert sum(row["closes"] for row in rows.values()) == 1
    assert _in_flight(it) == 0


async def test_a_client_that_leaves_while_it_is_kept_waiting_stops_all_calls(
    tmp_path: Path,
) -> None:
    terms = CascadeTerms(keep_alive_s=0.05)
    async with cascading(tmp_path, terms=terms) as it:
        async with it.post(prompt=SUM, stream=True, faults="other:silence") as response:
            assert await response.content.readany() == b": waiting\n\n"
        await until(lambda: len(it.rows()) == 2)
        found = outcomes(it)

    assert found == [("cheap", "client_left"), ("other", "client_left")]
    assert _in_flight(it) == 0


def _in_flight(it: Proxy) -> int:
    fleet = it.running.pipeline.fleet
    return sum(each.in_flight for each in fleet.standings(0.0))


# ------------------------------------------------------------------------------- keep-alive


async def test_who_waits_for_long_hears_that_it_is_waited_for(tmp_path: Path) -> None:
    terms = CascadeTerms(keep_alive_s=0.05)
    async with cascading(tmp_path, LYING, terms=terms, simulated=SLOW, speed=1) as it:
        headers, body = await answer(it, stream=True)

    assert headers["x-farthing-cascade"] == "under way"
    assert "x-farthing-model" not in headers
    waiting, _, rest = body.partition(b"data: ")
    assert waiting.count(b": waiting\n\n") >= 3
    assert b": waiting" not in rest
    comments = [line for line in body.decode().splitlines() if line.startswith(": farthing ")]
    assert ": farthing model=strong" in comments
    assert ": farthing attempts=3" in comments
    assert any(line.startswith(": farthing cascade=escalated: 1/1 rejected") for line in comments)
    assert comments[-1].startswith(": farthing cost-usd=")
    assert body.endswith(b"data: [DONE]\n\n")


async def test_what_is_there_in_time_has_all_its_headers(tmp_path: Path) -> None:
    async with cascading(tmp_path, terms=CascadeTerms(keep_alive_s=5.0)) as it:
        headers, body = await answer(it, stream=True)
        failed, _ = await answer(it, 400, stream=True, faults="cheap:status,code=400")

    assert headers["x-farthing-model"] == "cheap"
    assert b": waiting" not in body
    assert failed["content-type"].startswith("application/json")


async def test_an_error_after_the_headers_is_an_event(tmp_path: Path) -> None:
    terms = CascadeTerms(keep_alive_s=0.05)
    fault = "other:silence;strong:status,code=401"
    async with cascading(tmp_path, terms=terms, within_s=0.3) as it:
        _, body = await answer(it, stream=True, faults=fault)
        found = outcomes(it)

    (event,) = [line for line in body.split(b"\n") if line.startswith(b"data: ")]
    assert orjson.loads(event[6:])["error"]["code"] == "upstream_refused"
    assert ("strong", "failed") in found


async def test_a_client_that_does_not_stream_just_waits(tmp_path: Path) -> None:
    terms = CascadeTerms(keep_alive_s=0.01)
    async with cascading(tmp_path, LYING, terms=terms, simulated=SLOW, speed=1) as it:
        headers, body = await answer(it)

    assert "42" in said(body)
    assert headers["x-farthing-model"] == "strong"


# --------------------------------------------------------------------------- cache, flights

STORING = {"cache": {"ttl_s": 60}}


@pytest.mark.parametrize("stream", [False, True])
async def test_an_accepted_answer_is_stored_and_needs_no_cascade_again(
    tmp_path: Path, stream: bool
) -> None:
    async with cascading(tmp_path, policy=STORING, cache="memory") as it:
        await answer(it, stream=stream)
        headers, body = await answer(it, stream=stream)
        other, _ = await answer(it, stream=not stream)

    assert headers["x-farthing-cache"] == other["x-farthing-cache"] == "hit"
    assert headers["x-farthing-model"] == "cheap"
    assert "42" in (text(body) if stream else said(body))
    assert asked(it, "cheap") == 1
    assert asked(it, "strong") == 0


async def test_an_answer_that_no_cascade_has_accepted_does_not_do(tmp_path: Path) -> None:
    """The same words, answered by a cheap model that was asked by name."""
    async with cascading(tmp_path, policy=STORING, cache="memory") as it:
        await answer(it, model="cheap")
        headers, _ = await answer(it)

    assert headers["x-farthing-cache"] == "miss"


@pytest.mark.parametrize("keep_alive_s", [None, 0.02])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("step", [PAIR, LYING])
async def test_fifty_at_once_are_one_cascade(
    tmp_path: Path, step: tuple[str, str], stream: bool, keep_alive_s: float | None
) -> None:
    terms = CascadeTerms(keep_alive_s=keep_alive_s)
    simulated = [replace(each, ttft_s=0.3) for each in MODELS]
    options: dict[str, Any] = {
        "policy": STORING,
        "cache": "memory",
        "simulated": simulated,
        "speed": 1,
    }
    async with cascading(tmp_path, step, terms=terms, **options) as it:
        got = await asyncio.gather(*(answer(it, stream=stream) for _ in range(50)))
        rows = it.rows()

    assert asked(it, "cheap") == 1
    assert asked(it, "strong") == (step is LYING)
    assert sum(headers["x-farthing-cache"] == "shared" for headers, _ in got) == 49
    assert len({text(body) if stream else said(body) for _, body in got}) == 1
    assert sum(row["is_answer"] for row in rows) == 50


async def test_when_the_first_client_leaves_in_a_step_the_next_one_takes_over(
    tmp_path: Path,
) -> None:
    terms = CascadeTerms(keep_alive_s=0.02)
    simulated = [replace(each, ttft_s=0.4) for each in MODELS]
    options: dict[str, Any] = {
        "policy": STORING,
        "cache": "memory",
        "simulated": simulated,
        "speed": 1,
    }
    async with cascading(tmp_path, terms=terms, **options) as it:
        async with it.post(prompt=SUM, stream=True) as response:
            await response.content.readany()
            second = asyncio.create_task(answer(it, stream=True))
            await asyncio.sleep(0)
            await until(lambda: "waiting=1" in repr(it.running.pipeline.flights))
        _, body = await second

    assert "42" in text(body)


# ---------------------------------------------------------------------- judges and vectors


async def test_a_judge_is_asked_for_its_mark_and_paid(tmp_path: Path) -> None:
    marks: list[float | None] = []

    def rule(evidence: Evidence) -> Opinion:
        marks.extend(evidence.marks)
        return ACCEPT

    can = {"capabilities": ["json_schema"]}
    async with cascading(tmp_path, ("cheap",), checks=JUDGED, of_model=can) as it:
        rule_with(it, rule)
        headers, _ = await answer(it)
        rows = {row["model"]: row for row in it.rows()}

    (mark,) = marks
    assert mark is not None
    assert 0.0 <= mark <= 1.0
    assert headers["x-farthing-model"] == "cheap"
    assert headers["x-farthing-attempts"] == "2"
    assert (rows["other"]["outcome"], rows["other"]["error"]) == ("rejected", "judge")
    assert rows["other"]["cost_pico"] > rows["cheap"]["cost_pico"]
    assert _in_flight(it) == 0


async def test_a_judge_that_fails_gives_no_mark(tmp_path: Path) -> None:
    marks: list[float | None] = []

    def rule(evidence: Evidence) -> Opinion:
        marks.extend(evidence.marks)
        return ODD

    async with cascading(tmp_path, ("cheap",), checks=JUDGED) as it:
        rule_with(it, rule)
        it.upstream.faults.script("other", ["status,code=503"])
        headers, _ = await answer(it)
        found = outcomes(it)

    assert marks == [None]
    assert headers["x-farthing-model"] == "strong"
    assert headers["x-farthing-attempts"] == "3"
    assert found == [("cheap", "rejected"), ("other", "failed"), ("strong", "ok")]


async def test_a_judge_that_nobody_knows_cannot_tell(tmp_path: Path) -> None:
    unknown = (replace(JUDGED[0], judge="nobody"),)
    async with cascading(tmp_path, ("cheap",), checks=unknown) as it:
        headers, _ = await answer(it)

    assert headers["x-farthing-cascade"].startswith("escalated: 1/1 cannot tell")


class _Vectors:
    name = "made up"

    def __init__(self, tokens: int = 5) -> None:
        self.tokens = tokens

    async def embed(self, text: str) -> Embedded | None:
        return Embedded((1.0, 0.0), self.tokens)

    async def close(self) -> None: ...


async def test_vectors_are_made_of_the_answers_and_booked(tmp_path: Path) -> None:
    found: list[Any] = []

    def rule(evidence: Evidence) -> Opinion:
        found.extend(evidence.cosines)
        return ACCEPT

    async with cascading(tmp_path, checks=SIMILAR) as it:
        rule_with(it, rule)
        it.running.pipeline.referee.embedder = _Vectors()
        headers, _ = await answer(it)
        rows = it.rows()

    assert found == [[1.0, 1.0], [1.0, 1.0]]
    assert headers["x-farthing-attempts"] == "4"
    assert sorted(row["attempt"] for row in rows) == [1, 2, 3, 4]


async def test_without_anybody_who_makes_vectors_nobody_can_tell(tmp_path: Path) -> None:
    async with cascading(tmp_path, checks=SIMILAR) as it:
        headers, _ = await answer(it)

    assert headers["x-farthing-cascade"].startswith("escalated: 1/1 cannot tell")


# ----------------------------------------------------------------------------- what is seen


async def test_rulings_are_counted(tmp_path: Path) -> None:
    async with cascading(tmp_path, LYING) as it:
        await answer(it)
        await answer(it, faults="liar:status,code=503")
        verdicts = it.running.pipeline.judge.verdicts

    pairing = Pairing(Category.MATHS, LYING, "strong")
    assert verdicts.counts == {(pairing, Seen.REJECTED): 1, (pairing, Seen.FAILED): 1}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("strong", "seen"), [(1.0, Seen.RIGHT), (0.0, Seen.WRONG)], ids=["agrees", "differs"]
)
async def test_some_accepted_answers_are_held_against_the_strong_models(
    tmp_path: Path, strong: float, seen: Seen, stream: bool
) -> None:
    simulated = (*MODELS[:3], a_simulated("strong", quality=strong))
    terms = CascadeTerms(check_share=1.0)
    async with cascading(tmp_path, simulated=simulated, terms=terms) as it:
        _, body = await answer(it, stream=stream)
        await until(lambda: len(it.rows()) == 3)
        rows = {row["model"]: row for row in it.rows()}
        verdicts = it.running.pipeline.judge.verdicts
        await until(lambda: len(verdicts.counts) == 2)

    assert "42" in (text(body) if stream else said(body))
    assert (rows["strong"]["outcome"], rows["strong"]["error"]) == ("rejected", "check")
    assert rows["strong"]["cost_pico"] > 0
    assert sum(row["closes"] for row in rows.values()) == 1
    pairing = Pairing(Category.MATHS, PAIR, "strong")
    assert verdicts.counts == {(pairing, Seen.ACCEPTED): 1, (pairing, seen): 1}
    assert _in_flight(it) == 0


async def test_a_check_that_fails_is_none(tmp_path: Path) -> None:
    terms = CascadeTerms(check_share=1.0)
    async with cascading(tmp_path, terms=terms) as it:
        await answer(it, faults="strong:status,code=503")
        verdicts = it.running.pipeline.judge.verdicts
        await until(lambda: len(verdicts.counts) == 2)

    assert {seen for _, seen in verdicts.counts} == {Seen.ACCEPTED, Seen.UNCHECKED}


async def test_only_a_share_is_checked(tmp_path: Path) -> None:
    world = replace(real_world(), chance=lambda: 0.5)
    terms = CascadeTerms(check_share=0.4)
    async with cascading(tmp_path, terms=terms, world=world) as it:
        await answer(it)
        assert asked(it, "strong") == 0


async def test_metrics_tell_what_was_seen(tmp_path: Path) -> None:
    async with cascading(tmp_path, LYING) as it:
        await answer(it)
        async with it.client.get(f"{it.running.url}/metrics") as response:
            told = await response.text()

    assert (
        'farthing_cascade_steps_total{category="maths",final="strong",models="cheap+liar",'
        'outcome="rejected"} 1.0'
    ) in told


async def test_lengths_are_learnt_of_answers_that_were_not_taken(tmp_path: Path) -> None:
    async with cascading(tmp_path, LYING) as it:
        await answer(it)
        judge = it.running.pipeline.judge
        learnt = judge.experience.latency(judge.models["liar"], Category.MATHS)

    assert learnt.total_s is not None
    assert not learnt.is_predicted


async def test_every_call_is_set_aside_in_a_budget_and_settled(tmp_path: Path) -> None:
    async with cascading(tmp_path, LYING, budgets=[{"usd": 1, "per": "month"}]) as it:
        await answer(it)
        (balance,) = await it.running.pipeline.purse.balances()
        spent = sum(row["cost_pico"] for row in it.rows())

    assert balance.spent.pico == spent
    assert balance.reserved.pico == 0


async def test_a_session_does_not_stay_with_a_steps_model(tmp_path: Path) -> None:
    mine = {"headers": {"x-session-id": "mine"}}
    async with cascading(tmp_path) as it:
        pipeline = it.running.pipeline
        await answer(it, **mine)
        assert await pipeline.affinity.model_of("\nmine") is None
        await answer(it, **mine, faults="cheap:status,code=503")
        await it.standings()  # what was begun in the background has had its turn
        assert await pipeline.affinity.model_of("\nmine") == "strong"
