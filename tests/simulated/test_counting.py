"""Counters that are exact, whatever goes wrong and whoever leaves."""

import asyncio
import hashlib
import json
import re
from random import Random
from urllib.parse import urlsplit

import aiohttp
import pytest

from router.domain.members import replace
from router.domain.money import Money
from router.domain.usage import Usage
from router.providers.simulated import RunningSimulator, default_models, running
from router.providers.simulated_models import price
from tests.simulated.raw import as_http, exchange, question, until

CHAOS = (
    "ok", "status,code=429,retry_after=1", "status,code=500", "context_length_exceeded", "reset",
    "drop", "empty", "html", "malformed", "error_event,after=2", "reset_after,after=3", "cut",
    "wrong_length", "no_usage", "no_done", "double_done", "crlf", "comments", "missing_space",
    "event_id_lines", "byte_by_byte", "split_utf8", "wrong_finish", "redirect", "gzip_bomb,mb=1",
    "delay,seconds=0.01", "huge,mb=1",
)  # fmt: skip
MODELS = ("sim-frontier", "sim-mid", "sim-open-70b", "sim-open-8b")


async def test_200_calls_at_once_with_random_faults_add_up(upstream: RunningSimulator) -> None:
    dice = Random(7)
    calls = [
        (dice.choice(CHAOS), dice.choice(MODELS), dice.random() < 0.5, f"Say {n}, please")
        for n in range(200)
    ]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        told = await asyncio.gather(*(_told(session, upstream, *call) for call in calls))
    counters = upstream.counters
    await until(lambda: counters.in_flight == 0)
    assert sum(counters[model].requests for model in MODELS) == 200
    for model in MODELS:
        mine = [number for number, call in enumerate(calls) if call[1] == model]
        assert counters[model].requests == len(mine) == sum(counters[model].endings.values())
        assert counters[model].cancelled == 0
        assert _totals(counters[model].usage_told) == _sum([told[number] for number in mine])
        assert counters[model].usage == _logged(upstream, model)
        assert counters[model].cost == counters[model].price.charge(counters[model].usage)
    played = sum(counters[model].faults.total() for model in MODELS)
    assert played == sum(call[0] != "ok" for call in calls)
    assert counters.turned_away == counters.redirects_followed == 0
    assert counters.cost == sum((counters[model].cost for model in MODELS), Money())


async def _told(
    session: aiohttp.ClientSession,
    upstream: RunningSimulator,
    fault: str,
    model: str,
    stream: bool,
    text: str,
) -> tuple[int, int]:
    """Prompt and completion tokens that the answer reports, zeros if it reports none."""
    body = question(text, model=model, stream=stream, stream_options={"include_usage": True})
    headers = {"x-simulate": fault}
    url = f"{upstream.base_url}/chat/completions"
    try:
        async with session.post(url, json=body, headers=headers, allow_redirects=False) as answer:
            data = await answer.read()
    except aiohttp.ClientError:
        return 0, 0
    if answer.status != 200:
        return 0, 0
    lines = data.replace(b"data:", b"").splitlines() if stream else [data]
    for line in lines:
        try:
            usage = json.loads(line)["usage"]
        except (ValueError, KeyError):
            continue
        if usage is not None:
            return usage["prompt_tokens"], usage["completion_tokens"]
    return 0, 0


def _totals(usage: Usage) -> tuple[int, int]:
    return usage.input_tokens, usage.total_output_tokens


def _sum(pairs: list[tuple[int, int]]) -> tuple[int, int]:
    return sum(into for into, _ in pairs), sum(out for _, out in pairs)


def _logged(upstream: RunningSimulator, model: str) -> Usage:
    records = [record.usage for record in upstream.counters.calls if record.model == model]
    return sum(records, Usage())


class Gate:
    """A sleep that lets this many pass and then holds everyone until they are cancelled."""

    def __init__(self, passes: int) -> None:
        self._left = passes
        self.held = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self._left -= 1
        if self._left < 0:
            self.held.set()
            await asyncio.Event().wait()


@pytest.mark.parametrize(("stream", "passes"), [(True, 6), (False, 6), (True, 0)])
async def test_what_was_generated_before_the_client_left_is_counted(
    stream: bool, passes: int
) -> None:
    gate = Gate(passes)
    async with running(default_models(), sleep=gate) as upstream:
        url = urlsplit(upstream.url)
        _, writer = await asyncio.open_connection(url.hostname, url.port)
        writer.write(as_http(question("Hello there", stream=stream)))
        await gate.held.wait()
        counters = upstream.counters["sim-mid"]
        assert (counters.in_flight, counters.usage) == (1, Usage())
        writer.close()
        await until(lambda: counters.cancelled == 1)
        assert counters.in_flight == 0
        # The first wait is for the prompt to be read, each of the others for a token.
        expected = Usage() if not passes else Usage(6, 0, 0, passes - 1, 0)
        assert counters.usage == expected
        assert counters.usage_told == Usage()
        assert counters.cost == counters.price.charge(expected)


@pytest.mark.parametrize("fault", ["silence", "stall,after=3", "huge,mb=64", "gzip_bomb,mb=2000"])
async def test_a_client_that_leaves_a_fault_is_noticed(
    upstream: RunningSimulator, fault: str
) -> None:
    url = urlsplit(upstream.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port, limit=1024)
    writer.write(as_http(question("Hello", stream=True), fault))
    counters = upstream.counters["sim-mid"]
    await until(lambda: counters.in_flight == 1)
    if fault != "silence":
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.transport.abort()
    await until(lambda: counters.cancelled == 1)
    assert counters.in_flight == 0


async def test_a_client_that_does_not_read_holds_back_the_upstream(
    upstream: RunningSimulator,
) -> None:
    url = urlsplit(upstream.url)
    _, writer = await asyncio.open_connection(url.hostname, url.port, limit=1024)
    writer.write(as_http(question("Hello", stream=True), "huge,mb=64"))
    counters = upstream.counters["sim-mid"]
    await until(lambda: counters.in_flight == 1)
    # Every turn of the loop would let it send one of its 16,384 events.
    for _ in range(20_000):
        await asyncio.sleep(0)
    assert counters.in_flight == 1
    writer.transport.abort()
    await until(lambda: counters.cancelled == 1)
    # What fits into the sockets' buffers, and not the 64 MiB.
    assert counters.usage.output_tokens < 32 * 2**18


async def test_bodies_and_names_of_headers_are_kept_as_they_came(
    upstream: RunningSimulator,
) -> None:
    body = b'{"model" : "sim-mid",\n "messages":[{"role":"user","content":"\\u00e4"}], "x": 1e2}'
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{upstream.base_url}/chat/completions",
            data=body,
            headers={"Authorization": "Bearer sk-secret", "X-Mine": "1"},
        ) as answer,
    ):
        assert answer.status == 200
    record = upstream.counters.calls[-1]
    assert record.body == body
    assert record.body_sha256 == hashlib.sha256(body).hexdigest()
    assert {"Authorization", "X-Mine"} <= set(record.header_names)
    assert "sk-secret" not in json.dumps(record.as_json())


async def test_bodies_are_not_kept_unless_told_and_the_log_is_bounded() -> None:
    async with running(default_models(), speed=0, log_size=3) as upstream:
        for _ in range(5):
            await exchange(upstream, question())
        assert [record.number for record in upstream.counters.calls] == [3, 4, 5]
        assert all(record.body is None for record in upstream.counters.calls)


async def test_a_refused_request_is_counted_but_costs_nothing(upstream: RunningSimulator) -> None:
    seen = await exchange(upstream, question("word" * 130_000))
    assert seen.json["error"]["code"] == "context_length_exceeded"
    counters = upstream.counters["sim-mid"]
    assert (counters.requests, counters.refused, counters.started) == (1, 1, 0)
    assert counters.cost == Money()
    await exchange(upstream, {"model": "sim-mid"})
    assert upstream.counters.turned_away == 1


async def test_a_fee_per_request_is_charged_for_each_answer() -> None:
    fee = replace(price("1", "1"), request_pico=10**9)
    model = replace(default_models()[1], price=fee)
    async with running([model], speed=0) as upstream:
        for fault in ("ok", "no_usage", "status", "cut"):
            await exchange(upstream, question(stream=True), fault)
        counters = upstream.counters["sim-mid"]
        usage = counters.usage
        tokens = usage.input_tokens + usage.output_tokens
        assert counters.cost == Money(3 * 10**9 + tokens * 10**6)


async def test_time_passes_as_the_models_speed_says() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with running(default_models(), speed=0.5, sleep=sleep) as upstream:
        for stream in (False, True):
            waits.clear()
            body = question("Hello", model="sim-frontier", stream=stream)
            await exchange(upstream, body)
            usage = upstream.counters.calls[-1].usage
            model = default_models()[0]
            expected_s = model.ttft_s + usage.total_output_tokens / model.tokens_per_s
            assert sum(waits) == pytest.approx(expected_s / 2)
            assert len(waits) == 2 + usage.output_tokens


TOOLS = [{"type": "function", "function": {"name": "find_the_word", "description": "Find a word"}}]


@pytest.mark.parametrize("speed", [0.0, 1.0])
async def test_plain_answers_and_streams_are_counted_alike(speed: float) -> None:
    async def no_sleep(seconds: float) -> None:
        await asyncio.sleep(0)

    bodies = [
        question("Hello there"),
        question("Hello there", n=3, logprobs=True),
        question("Find the word and find the other word", tools=TOOLS),
        question("Prove it step by step", model="sim-frontier", max_tokens=9),
    ]
    async with running(default_models(), speed=speed, sleep=no_sleep) as upstream:
        for body in bodies:
            told = {}
            for stream in (False, True):
                asked = {**body, "stream": stream, "stream_options": {"include_usage": True}}
                seen = await exchange(upstream, asked)
                told[stream] = (json.loads(seen.events[-2]) if stream else seen.json)["usage"]
            plain, streamed = list(upstream.counters.calls)[-2:]
            assert told[False] == told[True]
            assert plain.usage == streamed.usage
            assert plain.usage.total_output_tokens == told[True]["completion_tokens"]


async def test_a_prompt_that_no_model_read_is_not_cached(upstream: RunningSimulator) -> None:
    body = question("Hello " * 1000)
    for fault in ("status", "reset", "ok"):
        await exchange(upstream, body, fault)
    assert upstream.counters["sim-mid"].usage.cache_read_tokens == 0
    await exchange(upstream, body)
    assert upstream.counters["sim-mid"].usage.cache_read_tokens == 1408


async def test_a_connection_is_used_again_unless_its_answer_broke(
    upstream: RunningSimulator,
) -> None:
    url = urlsplit(upstream.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    for fault in ("ok", "crlf", "status", "ok"):
        writer.write(as_http(question(stream=True), fault).replace(b"connection: close\r\n", b""))
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        await (reader.readexactly(int(length[1])) if length else reader.readuntil(b"\r\n0\r\n\r\n"))
    writer.write(as_http(question(stream=True), "cut").replace(b"connection: close\r\n", b""))
    async with asyncio.timeout(10):
        assert (await reader.read()).endswith(b"\r\n0\r\n\r\n")
    writer.close()
