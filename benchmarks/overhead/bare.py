"""The limit of what a Python proxy can do: aiohttp on uvloop that reads the body, writes it anew and relays.

python -m benchmarks.overhead.bare PORT UPSTREAM_URL
"""

import gc
import sys

import aiohttp
import orjson
import uvloop
from aiohttp import web

_UPSTREAM = web.AppKey("upstream", str)
_SESSION = web.AppKey("session", aiohttp.ClientSession)
_HEADERS = {"content-type": "application/json"}


async def forward(request: web.Request) -> web.StreamResponse:
    """Ask the upstream the same, and relay its answer."""
    body = orjson.dumps(orjson.loads(await request.read()))
    url = request.app[_UPSTREAM]
    async with request.app[_SESSION].post(url, data=body, headers=_HEADERS) as answer:
        if answer.content_type != "text/event-stream":
            text = orjson.dumps(orjson.loads(await answer.read()))
            return web.Response(body=text, status=answer.status, content_type="application/json")
        reply = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await reply.prepare(request)
        async for piece in answer.content.iter_any():
            await reply.write(piece)
        await reply.write_eof()
        return reply


async def application(upstream: str) -> web.Application:
    """The proxy in front of one upstream."""
    app = web.Application(client_max_size=2**26)
    app[_UPSTREAM] = f"{upstream}/v1/chat/completions"
    app[_SESSION] = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    app.router.add_post("/v1/chat/completions", forward)
    gc.freeze()
    return app


if __name__ == "__main__":
    web.run_app(
        application(sys.argv[2]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        access_log=None,
        print=None,
        loop=uvloop.new_event_loop(),
    )
