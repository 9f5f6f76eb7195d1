"""A mistake of ours costs one attempt or one request: nothing stays reserved, in flight or unbooked."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from router.dispatch.breaker import BreakerSettings
from router.dispatch.cascade_machine import CascadeMachine
from router.dispatch.machine import Attempts
from router.domain.cascade import CascadeTerms
from router.pipeline import scoring
from router.pipeline.mistakes import noted
from router.pipeline.reply_details import ReplyDetails
from router.ports import Call, Response
from tests.pipeline.budgets import BUDGETS, agree
from tests.pipeline.cascade_kit import LYING, answer, cascading, outcomes
from tests.pipeline.doors import Door
from tests.pipeline.kit import QUESTION, Proxy, proxy
from tests.pipeline.vectors import TEXTS, simulated
from tests.simulated.raw import as_http, question, until

MISTAKE = "nobody has thought of that"
_MANY = 2 * BreakerSettings().failures_in_a_row


async def mistaken(_: Call) -> Response:
    raise RuntimeError(MISTAKE)


def in_flight(it: Proxy | Door) -> int:
    return sum(each.in_flight for each in it.running.pipeline.fleet.standings(0.0))


async def reserved_usd(it: Proxy | Door) -> list[str]:
    async with it.client.get(f"{it.running.url}/admin/budgets") as response:
        return [each["reserved_usd"] for each in (await response.json())["budgets"]]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_mistake_in_an_attempt_is_a_failure_like_any_other(
    tmp_path: Path,
    stream: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with proxy(tmp_path, budgets=BUDGETS) as it:
        monkeypatch.setattr(it.running.pipeline.runtime.upstreams["first"], "send", mistaken)
        async with it.post(stream=stream) as response:
            assert response.headers["x-farthing-model"] == "sim-mid"
            await response.read()
        *failed, answered = it.rows()

        assert {(row["model"], row["outcome"], row["error"]) for row in failed} == {
            ("sim-open-8b", "failed", "internal_error")
        }
        assert (answered["model"], answered["is_answer"]) == ("sim-mid", True)
        assert in_flight(it) == 0
        await agree(it)
    assert "RuntimeError" in caplog.text
    assert MISTAKE not in caplog.text


async def test_of_a_mistake_in_every_attempt_the_client_is_told_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxy(tmp_path, models=["sim-mid"]) as it:
        monkeypatch.setattr(it.running.pipeline.runtime.upstreams["first"], "send", mistaken)
        async with it.post() as response:
            body = await response.json()

    assert (response.status, body["error"]["code"]) == (502, "internal_error")
    assert MISTAKE not in str(body)


async def test_a_request_that_leads_to_mistakes_has_no_model_rest_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxy(tmp_path, models=["sim-open-8b", "sim-mid"]) as it:
        for upstream in it.running.pipeline.runtime.upstreams.values():
            monkeypatch.setattr(upstream, "send", mistaken)
        for _ in range(_MANY):
            async with it.post() as response:
                assert response.status == 502
        asked = [row["model"] for row in it.rows()]

        assert asked == ["sim-open-8b", "sim-mid"] * _MANY
        assert {each["state"] for each in (await it.standings()).values()} == {"closed"}


async def test_a_mistake_between_attempts_leaves_nothing_reserved_or_unbooked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ruled(*_: Any) -> None:
        raise RuntimeError(MISTAKE)

    monkeypatch.setattr(CascadeMachine, "ruled", ruled)
    async with cascading(tmp_path, budgets=BUDGETS) as it:
        await answer(it, status=500)
        await until(lambda: len(it.rows()) == 2)

        assert [model for model, _ in outcomes(it)] == ["cheap", "other"]
        assert in_flight(it) == 0
        await agree(it)


@pytest.mark.parametrize("keep_alive_s", [None, 60.0])
async def test_neither_does_one_when_a_stream_has_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep_alive_s: float | None
) -> None:
    def headers(*_: Any, **__: Any) -> None:
        raise RuntimeError(MISTAKE)

    monkeypatch.setattr(ReplyDetails, "headers", headers)
    terms = CascadeTerms(keep_alive_s=keep_alive_s)
    async with cascading(tmp_path, LYING, terms=terms, budgets=BUDGETS) as it:
        await answer(it, status=500, stream=True)
        await until(lambda: len(it.rows()) == 3)

        assert in_flight(it) == 0
        await until(lambda: it.upstream.counters["strong"].in_flight == 0)
        await agree(it)


async def test_neither_does_one_in_a_request_for_vectors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answering(*_: Any) -> None:
        raise RuntimeError(MISTAKE)

    monkeypatch.setattr(Attempts, "answering", answering)
    async with simulated(tmp_path, budgets=BUDGETS) as it:
        asked = {"model": "embed", "input": TEXTS}
        async with it.client.post(f"{it.url}/v1/embeddings", json=asked) as response:
            assert response.status == 500
        assert await reserved_usd(it) == ["0", "0"]
        assert in_flight(it) == 0


async def test_after_the_first_byte_the_connection_ends_and_no_second_answer_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def remark(*_: Any) -> None:
        raise RuntimeError(MISTAKE)

    monkeypatch.setattr(ReplyDetails, "remark", remark)
    async with proxy(tmp_path) as it:
        place = urlsplit(it.running.url)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(as_http(question(stream=True)).replace(b"connection: close\r\n", b""))
        got = bytearray()
        with suppress(ConnectionResetError):
            while piece := await asyncio.wait_for(reader.read(2**16), 10):
                got += piece
        writer.close()

    assert got.startswith(b"HTTP/1.1 200 OK")
    assert got.count(b"HTTP/1.1") == 1
    assert not got.endswith(b"0\r\n\r\n")
    assert "RuntimeError in " in caplog.text
    assert MISTAKE not in caplog.text  # what an error says may quote a prompt


async def test_of_a_mistake_after_an_answer_the_log_quotes_neither_question_nor_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def rejected(*_: Any) -> None:
        raise RuntimeError(f"{MISTAKE}: {QUESTION}")

    monkeypatch.setattr(scoring, "rejected_question_of", rejected)
    async with proxy(tmp_path) as it:
        async with it.post() as response:
            assert response.status == 200
        await until(lambda: "RuntimeError in " in caplog.text)
    assert "Exception in callback Scoring._look: RuntimeError in " in caplog.text
    assert MISTAKE not in caplog.text


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Exception in callback <bound method A.b of A(raw=b'secret')>", "Exception in callback"),
        ("Exception in callback A.b(b'secret')", "Exception in callback A.b"),
        ("Task exception was never retrieved", "Task exception was never retrieved"),
    ],
)
def test_what_a_loop_would_quote_is_left_out(
    caplog: pytest.LogCaptureFixture, message: str, told: str
) -> None:
    loop = asyncio.new_event_loop()
    noted(loop, {"message": message, "exception": ValueError("secret")})
    noted(loop, {"message": message})
    loop.close()

    assert [each.getMessage().partition(":")[0] for each in caplog.records] == [told, told]
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text
