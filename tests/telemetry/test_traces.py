"""Traces, as a collector gets them by OTLP: real traffic, and spans as the conventions name them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest

from router.domain.booked_request import BookedRequest
from router.domain.errors import ConfigError
from router.domain.ledger import Outcome
from router.domain.trace import Trace
from router.telemetry.spans import spans_of
from tests.certificates import NEEDS_OPENSSL, certificate, serving
from tests.e2e.upstreams import Canned, FixedUpstream
from tests.e2e.wire import chat, post
from tests.pipeline.kit import proxy
from tests.stores.entries import entry
from tests.telemetry.collector import Collector, collecting
from tests.telemetry.kit import asked, of, say, scraped, stream

_TRACE, _SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
_PARENT = {"traceparent": f"00-{_TRACE}-{_SPAN}-01", "tracestate": "vendor=1"}


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as it:
        yield it


def _traced(collector: Collector, **otlp: Any) -> dict[str, Any]:
    return {"telemetry": {"otlp": {"endpoint": collector.url, "sample": 1, **otlp}}}


async def test_a_request_is_a_span_of_the_server_and_its_call_one_of_a_client(
    tmp_path: Path, collector: Collector
) -> None:
    async with asked(tmp_path, more=_traced(collector)) as (it, client):
        await say(client, "Name a river.")
        (row,) = it.rows()

    served, call = collector.one("server"), collector.one("client")
    assert served.name == "chat auto"
    assert served.said["gen_ai.operation.name"] == "chat"
    assert served.said["gen_ai.provider.name"] == "first"
    assert served.said["gen_ai.request.model"] == "auto"
    assert served.said["gen_ai.response.model"] == "sim-open-8b"
    assert served.said["gen_ai.response.finish_reasons"] == ["stop"]
    assert served.said["gen_ai.usage.input_tokens"] == row["uncached_input_tokens"]
    assert served.said["gen_ai.usage.output_tokens"] == row["output_tokens"]
    assert served.said["http.response.status_code"] == 200
    assert served.said["farthing.request_id"] == row["request_id"]
    assert served.said["farthing.policy"] == "test"
    assert served.said["farthing.cost_usd"] == int(row["cost_pico"]) / 1e12
    assert served.said["farthing.reason"].startswith("cheapest-adequate")
    assert (served.parent, served.error) == ("", "")
    assert call.name == "chat sim-open-8b"
    assert (call.trace_id, call.parent) == (served.trace_id, served.span_id)
    assert call.said["server.address"] == "127.0.0.1"
    assert call.said["server.port"] == int(it.upstream.base_url.split(":")[2].split("/")[0])
    assert served.began_s <= call.began_s + 1e-3
    assert 0 < call.seconds <= served.seconds
    assert collector.resources[0]["service.name"] == "farthing"


async def test_every_attempt_has_a_span_and_a_failed_one_says_why(
    tmp_path: Path, collector: Collector
) -> None:
    async with asked(tmp_path, more=_traced(collector)) as (_, client):
        await say(client, "Name a river.", faults="sim-open-8b:status,code=503")

    served = collector.one("server")
    answered = collector.one("client", farthing__outcome="ok")
    failed = [each for each in collector.spans if each.said.get("farthing.outcome") == "failed"]
    assert answered.said["gen_ai.request.model"] == "sim-mid"
    assert served.said["farthing.attempts"] == len(failed) + 1
    assert {each.said["gen_ai.request.model"] for each in failed} == {"sim-open-8b"}
    assert {each.said["http.response.status_code"] for each in failed} == {503}
    assert all(each.said["error.type"] == each.error != "" for each in failed)
    assert {each.parent for each in (answered, *failed)} == {served.span_id}


@pytest.mark.parametrize(
    ("outcome", "code", "error"),
    [
        (Outcome.FAILED, "overloaded", "overloaded"),
        (Outcome.CUT, "", "cut"),
        (Outcome.REJECTED, "not_taken", ""),
        (Outcome.HEDGE_LOST, "hedge_lost", ""),
        (Outcome.CLIENT_LEFT, "client_left", ""),
    ],
)
def test_only_a_call_that_failed_has_an_error(outcome: Outcome, code: str, error: str) -> None:
    call = entry("req_1", outcome=outcome, error=code, is_answer=False, closes=False)
    (span,) = spans_of(
        BookedRequest("req_1", (call,), 100.0, 101.0, trace=Trace("req_1", _TRACE)), {}
    )

    assert (span.error, span.attributes.get("error.type", "")) == (error, error)
    assert span.attributes["farthing.outcome"] == outcome


async def test_a_stream_says_when_its_first_content_came(
    tmp_path: Path, collector: Collector
) -> None:
    async with asked(tmp_path, more=_traced(collector)) as (_, client):
        await stream(client, "Name a river.")

    served, call = collector.one("server"), collector.one("client")
    assert served.said["gen_ai.request.stream"] is True
    assert 0 < served.said["gen_ai.response.time_to_first_chunk"] <= served.seconds
    assert 0 < call.said["gen_ai.response.time_to_first_chunk"] <= call.seconds


async def test_a_stored_answer_is_a_span_without_a_call(
    tmp_path: Path, collector: Collector
) -> None:
    cached = {"cache": {"ttl_s": 60}}
    async with asked(tmp_path, more=_traced(collector), cache="memory", policy=cached) as (
        _,
        client,
    ):
        await say(client, "Name a river.")
        await say(client, "Name a river.")

    hit = collector.one("server", farthing__cache_hit=True)
    assert (hit.said["farthing.attempts"], hit.said["farthing.cost_usd"]) == (0, 0.0)
    assert hit.said["farthing.saving_usd"] > 0
    assert [each for each in collector.spans if each.parent == hit.span_id] == []


async def test_errors_are_spans_once_each_whoever_is_to_blame(
    tmp_path: Path, collector: Collector
) -> None:
    async with asked(tmp_path, more=_traced(collector)) as (_, client):
        with pytest.raises(openai.NotFoundError):
            await client.chat.completions.create(
                model="no-such", messages=[{"role": "user", "content": "?"}]
            )
        with pytest.raises(openai.APIStatusError) as told:
            await say(client, "Name a river.", faults="status,code=503")

    refused = collector.one("server", http__response__status_code=404)
    assert refused.said["error.type"] == refused.error == "model_not_found"
    failed = collector.one("server", http__response__status_code=told.value.status_code)
    assert failed.said["farthing.request_id"] == told.value.request_id
    assert failed.error


async def test_the_clients_trace_is_joined_and_the_upstream_is_told(
    tmp_path: Path, collector: Collector
) -> None:
    answer = (b'{"id":"1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,'
              b'"message":{"role":"assistant","content":"The Loire."},"finish_reason":"stop"}]}')  # fmt: skip
    with FixedUpstream(Canned((answer,))) as fixed:
        async with asked(
            tmp_path, more=_traced(collector, sample=0), first_upstream=fixed.base_url
        ) as (_, client):
            await say(client, "Name a river.", headers=_PARENT)
            await say(client, "Name a lake.")
        told, untold = (each.headers for each in fixed.arrived)
        bodies = [each.body for each in fixed.arrived]

    served, call = collector.one("server"), collector.one("client")
    assert (served.trace_id, served.parent, served.state) == (_TRACE, _SPAN, "vendor=1")
    assert told["traceparent"] == f"00-{_TRACE}-{call.span_id}-01"
    assert told["tracestate"] == "vendor=1"
    assert untold["traceparent"].endswith("-00")
    assert b"trace" not in b"".join(bodies)


async def test_without_traces_the_upstream_is_told_of_none(tmp_path: Path) -> None:
    answer = b'{"choices":[{"index":0,"message":{"content":"Yes."},"finish_reason":"stop"}]}'
    with FixedUpstream(Canned((answer,))) as fixed:
        async with asked(tmp_path, first_upstream=fixed.base_url) as (_, client):
            await say(client, "Name a river.", headers=_PARENT)

        assert "traceparent" not in {name.lower() for name in fixed.arrived[0].headers}


async def test_a_client_that_records_nothing_is_not_recorded(
    tmp_path: Path, collector: Collector
) -> None:
    unsampled = {"traceparent": f"00-{_TRACE}-{_SPAN}-00"}
    async with asked(tmp_path, more=_traced(collector)) as (_, client):
        await say(client, "Name a river.", headers=unsampled)

    assert collector.spans == []


async def test_no_span_has_a_word_of_the_prompt_or_of_the_answer(
    tmp_path: Path, collector: Collector
) -> None:
    async with asked(tmp_path, more=_traced(collector)) as (_, client):
        said = await say(client, "Tell me of the quiet harbour.")

    words = {word for word in said.split() if len(word) > 6} | {"harbour"}
    assert [word for word in words if word in repr(collector.spans)] == []


async def test_the_environment_says_where_and_who_what_the_file_does_not(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=search")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "proxy-of-search")
    async with asked(tmp_path, more={"telemetry": {"otlp": {"sample": 1}}}) as (_, client):
        await say(client, "Name a river.")

    assert collector.one("server").name == "chat auto"
    assert collector.headers[0]["x-team"] == "search"
    assert collector.resources[0]["service.name"] == "proxy-of-search"


async def test_no_proxy_leads_to_a_collector_on_this_machine(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with asked(tmp_path, more=_traced(collector)) as (_, client):
        # OpenAI's client would go by that proxy, too.
        url = str(client.base_url).removesuffix("/")
        answer = await asyncio.to_thread(post, url, chat("Name a river."))
        assert answer.status == 200

    assert collector.one("server").name == "chat auto"


@NEEDS_OPENSSL
async def test_past_a_proxy_the_collectors_certificate_is_trusted_as_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = certificate(tmp_path, "localhost")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    async with collecting(serving(made)) as collector:
        async with asked(tmp_path, more=_traced(collector)) as (_, client):
            await say(client, "Name a river.")

        assert collector.one("server").name == "chat auto"


async def test_what_the_file_says_wins_over_the_environment(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "somebody-else")
    more = _traced(collector, service_name="ours", headers={"x-tenant": "a"})
    async with asked(tmp_path, more=more) as (_, client):
        await say(client, "Name a river.")

    assert collector.headers[0]["x-tenant"] == "a"
    assert collector.resources[0]["service.name"] == "ours"


async def test_a_collector_that_takes_nothing_is_no_trouble_and_is_counted(
    tmp_path: Path, collector: Collector
) -> None:
    collector.status = 400
    async with asked(tmp_path, more=_traced(collector)) as (it, client):
        assert await say(client, "Name a river.")
        while not collector.headers:
            assert await say(client, "Name a lake.")
        told = await scraped(it)
        while not of(told, "farthing_telemetry_dropped_total", what="spans"):
            told = await scraped(it)

    assert of(told, "farthing_telemetry_dropped_total", what="spans") >= 2


async def test_traces_without_their_packages_are_a_mistake_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "router.telemetry.otlp", None)
    more = {"telemetry": {"otlp": {"endpoint": "http://127.0.0.1:4318"}}}
    with pytest.raises(ConfigError, match=r"telemetry\.otlp: needs .*farthing\[otel\]"):
        async with proxy(tmp_path, more=more):
            pass
