"""A stream that never stops: it ends at the deadline, and is charged for what its model can have written."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.pipeline.kit import proxy

CHUNK = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "delta": {"content": "word " * 1000}, "finish_reason": None}],
}
EVENT = b"data: " + orjson.dumps(CHUNK) + b"\n\n"


@asynccontextmanager
async def endless() -> AsyncIterator[str]:
    """A model that never stops."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        while True:
            await response.write(EVENT)

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/v1"))


async def test_a_stream_without_end_ends_at_the_deadline_and_costs_what_its_model_can_write(
    tmp_path: Path,
) -> None:
    async with (
        endless() as url,
        proxy(
            tmp_path,
            models=["sim-open-8b"],
            first_upstream=url,
            server={"timeouts": {"total_s": 1}},
            of_model={"max_output_tokens": 5000},
        ) as it,
    ):
        began_s = time.monotonic()
        async with it.post(stream=True) as response:
            read = await response.content.read()
        (row,) = it.rows()

    assert 1 <= time.monotonic() - began_s < 10
    assert len(read) > 4 * 5000 * 10
    assert b"the request's deadline has passed" in read[-300:]
    assert (row["outcome"], row["error"], row["usage_source"]) == ("cut", "timeout", "estimated")
    assert row["output_tokens"] == 5000
