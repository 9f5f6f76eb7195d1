"""`/metrics`, read by Prometheus' own parser, agrees with the ledger."""

from decimal import Decimal
from pathlib import Path

import openai
import pytest

from router.domain.booked_request import BookedRequest, ErrorResponse
from router.domain.ledger import Entry, Outcome
from router.ledger.unrouted import UnroutedKind
from router.telemetry.request_metrics import RequestMetrics
from tests.telemetry.kit import asked, of, say, scraped, stream

CACHED = {"cache": {"ttl_s": 60}}


async def test_requests_tokens_and_money_are_those_of_the_ledger(tmp_path: Path) -> None:
    async with asked(tmp_path, cache="memory", policy=CACHED) as (it, client):
        for prompt in ("Name a river.", "Name a river.", "Name a lake."):
            await say(client, prompt)
        await stream(client, "Name a mountain.")
        told, rows = await scraped(it), it.rows()

    assert of(told, "farthing_requests_total", policy="test", model="sim-open-8b") == 4
    assert of(told, "farthing_requests_total", outcome="cache_hit") == 1
    calls = [row for row in rows if row["outcome"] != "cache_hit"]
    assert of(told, "farthing_attempts_total", outcome="ok", error="") == len(calls) == 3
    for bucket in ("uncached_input", "output"):
        tokens = sum(row[f"{bucket}_tokens"] for row in calls)
        assert of(told, "farthing_tokens_total", bucket=bucket) == tokens > 0
    cost = float(sum(Decimal(row["cost_pico"]) for row in rows)) / 1e12
    baseline = float(sum(Decimal(row["baseline_pico"]) for row in rows)) / 1e12
    assert of(told, "farthing_cost_usd_total", source="priced") == pytest.approx(cost)
    assert of(told, "farthing_baseline_usd_total") == pytest.approx(baseline)
    assert of(told, "farthing_saving_usd", policy="test") == pytest.approx(baseline - cost)


async def test_durations_are_counted_by_model_and_first_tokens_of_streams_alone(
    tmp_path: Path,
) -> None:
    async with asked(tmp_path) as (it, client):
        await say(client, "Name a river.")
        await stream(client, "Name a mountain.")
        told = await scraped(it)

    model = {"model": "sim-open-8b"}
    assert of(told, "farthing_request_duration_seconds_count", **model) == 2
    assert of(told, "farthing_attempt_duration_seconds_count", **model, upstream="first") == 2
    assert of(told, "farthing_time_to_first_token_seconds_count", **model) == 1
    assert of(told, "farthing_before_upstream_seconds_count") == 2
    whole = of(told, "farthing_request_duration_seconds_sum")
    assert 0 < of(told, "farthing_attempt_duration_seconds_sum") <= whole
    assert 0 < of(told, "farthing_before_upstream_seconds_sum") <= whole


async def test_a_model_that_fails_is_seen_and_who_answers_instead(tmp_path: Path) -> None:
    async with asked(tmp_path) as (it, client):
        await say(client, "Name a river.", faults="sim-open-8b:status,code=503")
        told = await scraped(it)

    failed = of(told, "farthing_attempts_total", model="sim-open-8b", outcome="failed")
    assert failed >= 1
    assert of(told, "farthing_attempts_total", model="sim-open-8b", error="") == 0
    assert of(told, "farthing_fallbacks_total", chosen="sim-open-8b", model="sim-mid") == 1
    assert of(told, "farthing_requests_total", model="sim-mid", outcome="ok") == 1


async def test_error_answers_are_counted_by_status_and_code(tmp_path: Path) -> None:
    async with asked(tmp_path) as (it, client):
        with pytest.raises(openai.NotFoundError):
            await client.chat.completions.create(
                model="no-such", messages=[{"role": "user", "content": "?"}]
            )
        with pytest.raises(openai.InternalServerError):
            await say(client, "Name a river.", faults="status,code=503")
        told = await scraped(it)

    assert of(told, "farthing_error_answers_total", status="404", code="model_not_found") == 1
    assert of(told, "farthing_error_answers_total") == 2
    assert of(told, "farthing_requests_total", outcome="failed") == 1


async def test_the_process_and_its_event_loop_are_there(tmp_path: Path) -> None:
    async with asked(tmp_path) as (it, _):
        told = await scraped(it)

    assert of(told, "process_resident_memory_bytes") > 10**7
    assert of(told, "process_cpu_seconds_total") > 0
    assert ("farthing_telemetry_dropped_total", frozenset({("what", "lines")})) not in told


def _entry(**fields: object) -> Entry:
    usual = {
        "request_id": "req_1",
        "attempt": 1,
        "at_s": 100.5,
        "asked": "auto",
        "policy": "test",
        "policy_version": "1",
        "category": "chat",
        "model": "small",
        "upstream": "up",
        "outcome": Outcome.OK,
        "total_s": 0.2,
        "is_answer": True,
        "closes": True,
    }
    return Entry(**{**usual, **fields})  # type: ignore[arg-type]


def _told(metrics: RequestMetrics, name: str) -> set[tuple[str, ...]]:
    return {
        tuple(sample.labels.values())
        for family in metrics.collect()
        for sample in family.samples
        if sample.name == name
    }


def test_what_clients_may_name_as_they_like_is_no_label() -> None:
    metrics = RequestMetrics()
    for number in range(3):
        passed = _entry(category=UnroutedKind.PASSED, model=f"whatever-{number}", policy="")
        metrics.closed(BookedRequest("req_1", (passed,), 100.0, 101.0))
    for number in range(200):
        metrics.refused(
            ErrorResponse("req_1", 100.0, "/v1/chat/completions", 400, f"code-{number}")
        )

    assert _told(metrics, "farthing_requests_total") == {("none", "passed_through", "ok")}
    codes = {code for _, code in _told(metrics, "farthing_error_answers_total")}
    assert len(codes) == 64
    assert "other" in codes


def test_what_comes_after_the_end_costs_and_is_no_request() -> None:
    metrics = RequestMetrics()
    late = _entry(outcome=Outcome.REJECTED, is_answer=False, closes=False)
    metrics.closed(BookedRequest("req_1", (late,), 100.0, 101.0))

    assert _told(metrics, "farthing_requests_total") == set()
    assert _told(metrics, "farthing_attempts_total") == {("small", "up", "rejected", "")}


def test_a_clock_that_was_set_back_makes_no_duration_negative() -> None:
    booked = BookedRequest("req_1", (_entry(first_content_s=0.1),), 200.0, 101.0)

    assert (booked.total_s, booked.first_content_s, booked.before_upstream_s) == (0, 0, 0)
