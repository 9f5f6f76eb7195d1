"""What a process learns of its models' answers, and says of the next one."""

import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from router.app import real_world
from router.decision.experience import ObservedAnswer
from router.domain.category import Category
from router.domain.members import replace
from router.pipeline.reply import StreamReply
from router.pipeline.request_context import Caller
from tests.pipeline.kit import PRICE, QUESTION, Proxy, proxy

ANSWERS = 16


async def foretold(it: Proxy, **fields: Any) -> dict[str, Any]:
    """What is expected of the chosen model's answer, in USD."""
    body = {"model": "auto", "messages": [{"role": "user", "content": QUESTION}], **fields}
    async with it.client.post(f"{it.running.url}/v1/route", json=body) as response:
        told: dict[str, Any] = await response.json()
    return told


async def test_of_an_answer_with_three_choices_a_third_is_the_length_of_one(tmp_path: Path) -> None:
    async with proxy(tmp_path, models=["sim-mid"]) as it:
        for _ in range(ANSWERS):
            async with it.post(n=3) as response:
                assert response.status == 200
                await response.read()
        generated = sum(row["output_tokens"] for row in it.rows()) / ANSWERS / 3
        told = await foretold(it)
    prompt = told["features"]["prompt_tokens"]
    cost = told["candidates"][0]["cost"]
    expected = (float(cost["expected_usd"]) * 1e6 - prompt * PRICE["input_usd_per_mtok"]) / 2

    assert generated > 10
    # Drawn towards the typical length, which is longer.
    assert generated < expected < 2.5 * generated
    assert float(cost["p10_usd"]) <= float(cost["p90_usd"]) <= float(cost["upper_usd"])


async def writer(it: Proxy, **fields: Any) -> str:
    """The model that has answered."""
    async with it.post(**fields) as response:
        assert response.status == 200
        await response.read()
        return str(response.headers["x-farthing-model"])


async def test_who_was_slow_once_is_asked_again_by_one_request_every_five_minutes(
    tmp_path: Path,
) -> None:
    later_s = 0.0
    world = replace(real_world(), unix_s=lambda: time.time() + later_s)
    async with proxy(tmp_path, policy={"latency": {"total_s": 20}}, world=world) as it:
        judge = it.running.pipeline.judge
        for category in Category:
            judge.experience.observe(
                judge.models["sim-open-8b"],
                category,
                ObservedAnswer(10, first_content_s=None, total_s=30.0, at_s=world.unix_s()),
            )
        assert await writer(it) == "sim-mid"
        later_s = 301.0
        assert await writer(it, faults="sim-open-8b:status,code=503") == "sim-mid"
        assert await writer(it) == "sim-mid"  # it was asked just now, for all
        later_s += 301.0
        assert [await writer(it) for _ in range(3)] == ["sim-open-8b"] * 3


@pytest.mark.parametrize(("pause_s", "expected_s"), [(0.0, pytest.approx(0, abs=5)), (100.0, None)])
async def test_a_client_that_reads_slowly_does_not_make_the_model_slow(
    tmp_path: Path, pause_s: float, expected_s: Any
) -> None:
    ahead_s, two_pieces = 0.0, {"simulate": "pause,after=1,seconds=0.05"}
    world = replace(real_world(), monotonic_s=lambda: time.monotonic() + ahead_s)
    async with proxy(tmp_path, models=["sim-mid"], world=world) as it:
        pipeline = it.running.pipeline
        reply = await pipeline.answer(asks(stream=True, metadata=two_pieces), Caller("req_1"))
        assert isinstance(reply, StreamReply)
        async for _ in reply.pieces:
            ahead_s = pause_s
        judge = pipeline.judge
        (row,) = it.rows()
        assert row["outcome"] == "ok"
        seen = judge.experience.latency(judge.models["sim-mid"], Category(row["category"]))

    assert seen.first_content_s == pytest.approx(0, abs=5)
    assert seen.total_s == expected_s


async def test_a_client_that_reads_too_slowly_for_the_deadline_does_not_count_against_the_model(
    tmp_path: Path,
) -> None:
    ahead_s, stall = 0.0, {"simulate": "stall,after=3"}
    world = replace(real_world(), monotonic_s=lambda: time.monotonic() + ahead_s)
    async with proxy(tmp_path, models=["sim-mid"], world=world) as it:
        for number in range(5):
            body = asks(stream=True, metadata=stall)
            reply = await it.running.pipeline.answer(body, Caller(f"req_{number}"))
            assert isinstance(reply, StreamReply)
            async for _ in reply.pieces:
                ahead_s = 1000.0 * (number + 1)
        errors, standings = [row["error"] for row in it.rows()], await it.standings()

    assert errors == ["timeout"] * 5
    assert standings["sim-mid"]["state"] == "closed"


def asks(**fields: Any) -> bytes:
    """The question of other tests, as bytes."""
    body = {"model": "auto", "messages": [{"role": "user", "content": QUESTION}], **fields}
    return orjson.dumps(body)


@pytest.mark.parametrize(("limit", "changes"), [(1, False), (10_000, True)])
async def test_a_client_that_wants_a_single_token_does_not_make_others_answers_look_short(
    tmp_path: Path, limit: int, changes: bool
) -> None:
    async with proxy(tmp_path, models=["sim-mid"]) as it:
        before = await foretold(it)
        for _ in range(4):
            assert await writer(it, max_tokens=limit) == "sim-mid"
        after = await foretold(it)

    assert (after["candidates"] != before["candidates"]) is changes
