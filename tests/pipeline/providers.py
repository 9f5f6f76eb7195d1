"""A provider that takes down what it is sent, byte by byte, and answers with the bytes that a test gave it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from tests.pipeline.doors import Door, upstream

Json = dict[str, Any]


@dataclass
class Provider:
    """What was received, and the answer: `answer` as a whole, or `events` if a stream is wanted.

    No answer comes until it `goes_on`. One that `never_streams` answers as a whole whatever is asked.
    """

    url: str = ""
    status: int = 200
    answer: bytes = b""
    events: bytes = b""
    never_streams: bool = False
    bodies: list[bytes] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def sent(self) -> Json:
        """What the last request asked for."""
        body: Json = orjson.loads(self.bodies[-1])
        return body

    async def take(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        self.bodies.append(raw)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        self.arrived.set()
        await self.goes_on.wait()
        streams = orjson.loads(raw).get("stream") and not self.never_streams
        if self.status != 200 or not streams:
            return web.Response(
                body=self.answer, status=self.status, content_type="application/json"
            )
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(self.events)
        return response


@asynccontextmanager
async def provider(path: str) -> AsyncIterator[Provider]:
    """A provider that is asked at `path`."""
    it = Provider()
    it.goes_on.set()
    async with upstream([web.post(path, it.take)]) as it.url:
        yield it


PRICE = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 2}


def model(upstream: str, name: str, usd: float = 1.0) -> Json:
    """An entry of the catalog that is good for everything, at this price."""
    return {
        "upstream": upstream,
        "name": name,
        "price": {kind: usd * each for kind, each in PRICE.items()},
        "context_tokens": 200_000,
        "max_output_tokens": 50_000,
    }


def events(*told: Json, space: str = " ") -> bytes:
    """A stream as a provider writes it, with a space here and there that we would not write."""
    return b"".join(
        b"event: %s\ndata: %s\n\n" % (each["type"].encode(), _spaced(each, space)) for each in told
    )


def _spaced(told: Json, space: str) -> bytes:
    return orjson.dumps(told).replace(b'"type":', b'"type":' + space.encode())


async def post(at: Door, body: bytes | Json, path: str = "/v1/messages", **headers: str) -> Any:
    """The response to this request, and its body."""
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = await at.client.post(f"{at.url}{path}", data=raw, headers=named)
    return response, await response.read()


def without_remarks(raw: bytes) -> bytes:
    """A stream without the comments in it."""
    return b"".join(event for event in raw.split(b"\n\n") if event and not event.startswith(b":"))
