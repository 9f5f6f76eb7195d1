"""Vectors from an upstream that answers, answers nonsense, is slow, or is not there."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from router.domain.vector import cosine
from router.providers.embeddings import UpstreamEmbedder
from router.providers.endpoints import Endpoint
from router.providers.simulated import default_models, running
from router.providers.simulated.embedding import vector_of
from tests.clock import Clock

TIMEOUT_S = 0.2
PAUSE_S = 5.0


class Upstream:
    """A server that answers as it is told, and records what it was asked."""

    def __init__(self) -> None:
        self.answer: Any = {"data": [{"embedding": [3.0, 4.0]}], "usage": {"total_tokens": 7}}
        self.status = 200
        self.delay_s = 0.0
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []

    async def answers(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        self.headers.append(dict(request.headers))
        await asyncio.sleep(self.delay_s)
        if isinstance(self.answer, bytes):
            return web.Response(body=self.answer, status=self.status)
        return web.json_response(self.answer, status=self.status, headers={"location": "/away"})


@asynccontextmanager
async def serving(upstream: Upstream) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/v1/embeddings", upstream.answers)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def embedding(url: str, clock: Clock, model: str = "m") -> AsyncIterator[UpstreamEmbedder]:
    made = UpstreamEmbedder(
        Endpoint(url, api_key="sk-secret", headers={"x-team": "a"}),
        model,
        timeout_s=TIMEOUT_S,
        monotonic_s=clock,
        pause_s=PAUSE_S,
    )
    try:
        yield made
    finally:
        await made.close()


async def test_a_vector_comes_at_length_one_with_the_tokens_that_it_cost() -> None:
    upstream = Upstream()
    async with serving(upstream) as url, embedding(url, Clock()) as embedder:
        embedded = await embedder.embed("Who was Ada?")

    assert embedded is not None
    assert embedded.vector == pytest.approx((0.6, 0.8))
    assert embedded.tokens == 7
    assert upstream.asked == [{"model": "m", "input": "Who was Ada?", "encoding_format": "float"}]
    assert upstream.headers[0]["Authorization"] == "Bearer sk-secret"
    assert upstream.headers[0]["x-team"] == "a"


@pytest.mark.parametrize("count", [10**18, 10**8 + 1, -1, True, None, "7"])
async def test_a_count_that_makes_no_sense_is_not_charged(count: Any) -> None:
    upstream = Upstream()
    upstream.answer = {**upstream.answer, "usage": {"total_tokens": count}}
    async with serving(upstream) as url, embedding(url, Clock()) as embedder:
        embedded = await embedder.embed("Who was Ada?")

    assert embedded is not None
    assert embedded.tokens == 0


async def test_the_simulator_makes_vectors_for_it() -> None:
    async with (
        running(default_models(), speed=0) as simulator,
        embedding(simulator.base_url, Clock(), "sim-mid") as embedder,
    ):
        embedded = await embedder.embed("ice")

    assert embedded is not None
    assert cosine(embedded.vector, vector_of("ice")) == pytest.approx(1)
    assert embedded.tokens == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"not json",
        b"x" * 2_000_000,
        [],
        {},
        {"data": []},
        {"data": [{"embedding": []}]},
        {"data": [{"embedding": [0, 0]}]},
        {"data": [{"embedding": ["a"]}]},
        {"data": [{"embedding": "AAAA"}]},
        {"data": [{"embedding": None}]},
    ],
)
async def test_nonsense_is_no_vector(answer: Any) -> None:
    upstream = Upstream()
    upstream.answer = answer
    async with serving(upstream) as url, embedding(url, Clock()) as embedder:
        assert await embedder.embed("a") is None


@pytest.mark.parametrize("status", [302, 401, 429, 500])
async def test_an_error_is_no_vector(status: int) -> None:
    upstream = Upstream()
    upstream.status = status
    async with serving(upstream) as url, embedding(url, Clock()) as embedder:
        assert await embedder.embed("a") is None

    assert len(upstream.asked) == 1


async def test_a_slow_upstream_delays_one_request_and_is_then_left_alone_for_a_moment(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "router.providers.embeddings")
    upstream, clock = Upstream(), Clock()
    upstream.delay_s = 60
    async with serving(upstream) as url, embedding(url, clock) as embedder:
        assert await embedder.embed("a") is None
        upstream.delay_s = 0
        assert [await embedder.embed("a") for _ in range(9)] == [None] * 9
        clock.now_s += PAUSE_S
        assert await embedder.embed("a") is not None

    assert len(upstream.asked) == 2
    said = [each.message for each in caplog.records if each.name == "router.providers.embeddings"]
    assert said == [
        "No vectors from m (TimeoutError): continuing without them",
        "Vectors from m again",
    ]


async def test_an_upstream_that_is_not_there_has_no_vectors_and_no_secrets_are_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with embedding("http://127.0.0.1:1/v1", Clock()) as embedder:
        assert await embedder.embed("a") is None

    assert "sk-secret" not in caplog.text
    assert len(caplog.messages) == 1


async def test_a_vector_that_came_while_the_process_was_stopped_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = b'HTTP/1.1 200 OK\r\ncontent-length: 35\r\n\r\n{"data": [{"embedding": [3.0, 4]}]}'
    asked, goes_on = asyncio.Event(), asyncio.Event()

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await goes_on.wait()
        writer.write(answer)
        writer.close()

    clock = Clock()
    server = await asyncio.start_server(answers, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with server, embedding(f"http://{host}:{port}/v1", clock) as embedder:
        monkeypatch.setattr(asyncio.get_running_loop(), "time", clock)
        waiting = asyncio.create_task(embedder.embed("Hi"))
        await asked.wait()
        goes_on.set()
        await asyncio.sleep(0)  # the answer is in the socket
        clock.now_s += 600
        embedded = await waiting

    assert embedded is not None
    assert embedded.vector == pytest.approx([0.6, 0.8])
