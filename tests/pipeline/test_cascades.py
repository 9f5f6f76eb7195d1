"""Cascades between a client and its upstreams: what is asked, what is shown, what is booked."""

from pathlib import Path
from typing import Any

import openai
import orjson
import pytest

from router.acceptance.ruling import Evidence
from router.domain.cascade import CascadeTerms, Opinion
from router.features.session import thread_of
from tests.pipeline.cascade_kit import (
    ACCEPT,
    COMPLETE,
    LYING,
    ODD,
    PAIR,
    SLOW,
    SUM,
    answer,
    asked,
    cascading,
    chunks,
    outcomes,
    rule_with,
    said,
    text,
)


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
        upstreams = it.running.pipeline.runtime.upstreams
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
    assert b": farthing cost-usd=0.000039\n" in body


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
        closing = [(row["model"], row["status"]) for row in it.rows() if row["closes"]]

    assert orjson.loads(body)["error"]["code"] == "invalid_value"
    assert found == [("cheap", "failed"), ("other", "rejected")]
    assert closing == [("cheap", 400)]
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


async def test_a_broken_check_is_nobodys_error_and_its_log_quotes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Evidence) -> Opinion:
        raise ValueError("the answer: 42 swans")

    async with cascading(tmp_path) as it:
        rule_with(it, broken)
        headers, _ = await answer(it)

    assert headers["x-farthing-cascade"] == "escalated: 1/1 cannot tell: the check failed"
    assert "a check of answers failed: ValueError in " in caplog.text
    assert "swans" not in caplog.text


async def test_whatever_a_reason_says_it_is_one_short_header(tmp_path: Path) -> None:
    async with cascading(tmp_path) as it:
        rule_with(it, lambda _: ODD)
        headers, _ = await answer(it)

    assert "x-evil" not in headers
    assert headers["x-farthing-cascade"].isascii()
    assert len(headers["x-farthing-cascade"]) < 200


async def test_every_call_is_set_aside_in_a_budget_and_settled(tmp_path: Path) -> None:
    async with cascading(tmp_path, LYING, budgets=[{"usd": 1, "per": "month"}]) as it:
        await answer(it)
        (balance,) = await it.running.pipeline.budget_store.balances()
        spent = sum(row["cost_pico"] for row in it.rows())

    assert balance.spent.pico == spent
    assert balance.reserved.pico == 0


async def test_a_session_does_not_stay_with_a_steps_model(tmp_path: Path) -> None:
    mine: dict[str, Any] = {"headers": {"x-session-id": "mine"}}
    body = {"messages": [{"role": "user", "content": SUM}]}
    thread = thread_of(body, mine["headers"], "", 0)
    async with cascading(tmp_path) as it:
        pipeline = it.running.pipeline
        await answer(it, **mine)
        assert await pipeline.affinity.model_of(thread) is None
        await answer(it, **mine, faults="cheap:status,code=503")
        await it.standings()  # what was begun in the background has had its turn
        assert await pipeline.affinity.model_of(thread) == "strong\nsim\nstrong"
