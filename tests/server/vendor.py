"""A vendor of much that is no chat, and a Farthing that passes calls on to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web
from yarl import URL

from tests.pipeline.doors import Door, at, door, upstream

IMAGE = orjson.dumps(
    {
        "created": 1,
        "data": [{"b64_json": "A" * 300_000}],
        "usage": {
            "input_tokens": 50,
            "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
            "output_tokens": 100,
            "total_tokens": 150,
        },
    }
)
IMAGE_PRICE = {
    "gpt-image-1": {
        "input_usd_per_mtok": 5,
        "output_usd_per_mtok": 40,
        "image_input_usd_per_mtok": 10,
    }
}
PATHS = ["/v1/files", "/v1/files/*", "/v1/moderations", "/v1/audio/*", "/v1/images/*"]


@dataclass
class Vendor:
    """A fake vendor: it keeps what it was sent, and answers as its paths do."""

    arrived: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    seen: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = b""
        async for piece in request.content.iter_any():
            body += piece
            self.seen.put_nowait(piece)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.arrived.append((request.method, request.raw_path, headers, body))
        kind = request.path.removeprefix("/v1/").split("/")[0]
        known = {"files": self.files, "moderations": self.moderations, "audio": self.audio}
        return await known.get(kind, self.images)(request)

    async def files(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/cut") and request.transport is not None:
            request.transport.abort()
        if request.method == "POST":
            return web.json_response(_FILE, headers={"x-request-id": "theirs", "set-cookie": "a=b"})
        if request.path.endswith("/content"):
            return web.Response(body=bytes(range(256)) * 1000, headers={"etag": '"1"'})
        return web.json_response({"object": "list", "data": [_FILE], "has_more": False})

    async def moderations(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"id": "modr-1", "model": "omni-moderation-latest", "results": []})

    async def audio(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "audio/mpeg"})
        await response.prepare(request)
        await response.write(b"first ")
        if request.path.endswith("broken") and request.transport is not None:
            request.transport.abort()
            return response
        try:
            await self.more.wait()
        except asyncio.CancelledError:
            self.left.set()
            raise
        await response.write(b"second")
        await response.write_eof()
        return response

    async def images(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("edits"):
            quoted = f"no such key: {request.headers['authorization']}"
            return web.json_response({"error": {"message": quoted}}, status=401)
        return web.Response(body=IMAGE, content_type="application/json")


_FILE = {
    "id": "file-1",
    "object": "file",
    "bytes": 3,
    "created_at": 1,
    "filename": "a.jsonl",
    "purpose": "batch",
    "status": "processed",
}


@dataclass(frozen=True)
class Both:
    """A vendor, and a Farthing before it."""

    vendor: Vendor
    proxy: Door

    async def fetched(self, method: str, path: str, **options: Any) -> tuple[int, bytes]:
        url = URL(f"{self.proxy.url}{path}", encoded=True)
        async with self.proxy.client.request(method, url, **options) as response:
            return response.status, await response.read()


@asynccontextmanager
async def passing(folder: Path, terms: Any = None, **sections: Any) -> AsyncIterator[Both]:
    vendor = Vendor()
    async with upstream([web.route("*", "/{any:.*}", vendor.answer)]) as url:
        stated = {"upstream": "vendor", "paths": PATHS, **(terms or {})}
        upstreams = {"vendor": at(url)}
        async with door(folder, upstreams=upstreams, passthrough=stated, **sections) as proxy:
            yield Both(vendor, proxy)
