"""A request whose body is on its way when the server closes."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from yarl import URL

from tests.pipeline.kit import proxy

BODY = b'{"model": "sim-mid", "messages": [{"role": "user", "content": "What is 6 * 7?"}]}'
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n"
WITH_LENGTH = HEAD + b"content-length: %d\r\n\r\n" % len(BODY) + BODY[:20]
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n14\r\n" + BODY[:20] + b"\r\n"
REST = b"%x\r\n" % len(BODY[20:]) + BODY[20:] + b"\r\n0\r\n\r\n"
CUT = b""


@pytest.mark.parametrize(
    ("first", "rest", "status"),
    [
        pytest.param(WITH_LENGTH, BODY[20:], b"200", id="with its length"),
        pytest.param(CHUNKED, REST, b"200", id="in chunks"),
        pytest.param(WITH_LENGTH, BODY[20:] + WITH_LENGTH, b"200", id="with another behind it"),
        pytest.param(CHUNKED, b"this is no chunk\r\n", CUT, id="malformed"),
    ],
)
async def test_a_body_is_read_to_its_end_and_no_other_request(
    tmp_path: Path, first: bytes, rest: bytes, status: bytes
) -> None:
    async with AsyncExitStack() as stack, asyncio.timeout(10):
        it = await stack.enter_async_context(proxy(tmp_path))
        url = URL(it.running.url)
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(first)
        async with it.client.get(f"{url}/healthz") as response:  # so the other has been read, too
            assert response.status == 200
        closing = asyncio.create_task(stack.pop_all().aclose())
        for _ in range(10):
            await asyncio.sleep(0)
        writer.write(rest)

        heard = await reader.read()
        writer.close()
        await closing
    assert heard.split()[1:2] == ([status] if status else [])
    assert heard.count(b"HTTP/1.1") == bool(status)
