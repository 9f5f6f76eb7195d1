"""Cascades whose clients leave, or wait."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from router.decision.experience import ObservedAnswer
from router.domain.cascade import CascadeTerms
from router.domain.category import Category
from router.ports import Call, Response, Upstream
from tests.pipeline.cascade_kit import (
    JUDGED,
    LYING,
    SLOW,
    SUM,
    answer,
    asked,
    cascading,
    in_flight,
    outcomes,
    said,
)
from tests.simulated.raw import until

# ---------------------------------------------------------------------------------- leaving


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_in_a_step_stops_and_pays_all_calls(
    tmp_path: Path, stream: bool
) -> None:
    async with cascading(tmp_path) as it:
        task = asyncio.create_task(answer(it, faults="other:silence", stream=stream))
        await until(lambda: asked(it, "cheap") == 1 and asked(it, "other") == 1)
        await until(lambda: in_flight(it) == 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await until(lambda: len(it.rows()) == 2)
        rows = {row["model"]: row for row in it.rows()}

    assert {row["outcome"] for row in rows.values()} == {"client_left"}
    assert rows["cheap"]["usage_source"] == "upstream"
    assert rows["other"]["usage_source"] == "estimated"
    assert sum(row["closes"] for row in rows.values()) == 1
    assert in_flight(it) == 0


async def test_how_far_the_thoughts_of_a_whole_answer_had_come_is_not_known_by_its_silence(
    tmp_path: Path,
) -> None:
    streamed = ObservedAnswer(
        output_tokens=90, reasoning_tokens=80, first_content_s=0.001, total_s=1.0, at_s=0.0
    )
    async with cascading(tmp_path) as it:
        judge = it.running.pipeline.judge
        for category in Category:
            judge.experience.observe(judge.models["other"], category, streamed)
            judge.experience.observe_thoughts(judge.models["other"], category, 80)
        task = asyncio.create_task(answer(it, faults="other:silence", stream=True))
        await until(lambda: asked(it, "other") == 1 and in_flight(it) == 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await until(lambda: len(it.rows()) == 2)
        (left,) = [row for row in it.rows() if row["model"] == "other"]

    assert left["uncached_input_tokens"] > 0
    assert left["reasoning_tokens"] == 0


async def test_who_leaves_while_a_judge_reads_pays_for_what_the_judge_was_sent(
    tmp_path: Path,
) -> None:
    async with cascading(tmp_path, ("cheap",), checks=JUDGED) as it:
        it.upstream.faults.script("other", ["silence"])
        task = asyncio.create_task(answer(it, stream=True, service_tier="flex"))
        await until(lambda: asked(it, "other") == 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await until(lambda: len(it.rows()) == 2)
        rows = {row["model"]: row for row in it.rows()}

    read, cheap = rows["other"], rows["cheap"]
    assert (read["outcome"], read["service_tier"]) == ("client_left", "standard")
    assert read["uncached_input_tokens"] > cheap["uncached_input_tokens"] + 350


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
    assert in_flight(it) == 0


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


async def test_an_answer_that_comes_as_its_step_fails_is_paid_by_what_it_has_used(
    tmp_path: Path,
) -> None:
    """Both calls end in the same instant: the one that failed is heard of first."""
    gate = asyncio.Event()
    async with cascading(tmp_path) as it:
        upstreams = it.running.pipeline.runtime.upstreams
        assert isinstance(upstreams, dict)
        ready: set[str] = set()
        for name, each in upstreams.items():
            upstreams[name] = _Gated(each, gate, ready)
        task = asyncio.create_task(answer(it, faults="cheap:status,code=503"))
        await until(lambda: ready == {"cheap", "other"})
        gate.set()
        headers, _ = await task
        rows = {row["model"]: row for row in it.rows()}

    assert headers["x-farthing-cascade"].startswith("escalated: 1/1 failed")
    assert rows["other"]["outcome"] == "rejected"
    assert rows["other"]["usage_source"] == "upstream"


class _Gated:
    """An upstream that lets out what it has to say only when the gate is open."""

    def __init__(self, upstream: Upstream, gate: asyncio.Event, ready: set[str]) -> None:
        self._upstream = upstream
        self._gate = gate
        self._ready = ready
        self.asks_usage = upstream.asks_usage

    async def send(self, call: Call) -> Response:
        if call.model.id == "strong":
            return await self._upstream.send(call)
        try:
            whole = await self._upstream.send(call)
            body = await whole.read()
        finally:
            self._ready.add(call.model.id)
            await self._gate.wait()
        return _Read(body)

    async def close(self) -> None:
        await self._upstream.close()


class _Read:
    is_stream = False
    request_id = ""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def read(self) -> bytes:
        return self._body

    async def pieces(self) -> AsyncIterator[bytes]:
        yield self._body

    async def close(self) -> None: ...
