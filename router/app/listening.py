"""Where clients are listened to, and by what."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial

from aiohttp import web

from router.config.settings import Settings
from router.server.protocol import QuietRequestHandler

_BACKLOG = 1024


async def listen(app: web.Application, settings: Settings, stack: AsyncExitStack) -> str:
    """Serve `app` until `stack` is left; the URL where it is. Raises OSError if it cannot listen."""
    runner = web.AppRunner(
        app,
        handler_cancellation=True,  # a client that goes away cancels its call to the upstream
        access_log=None,
        shutdown_timeout=settings.serving.shutdown_s,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    assert runner.server is not None  # noqa: S101 - setup() has made it
    loop = asyncio.get_running_loop()
    connection = partial(_connection, runner.server, loop)
    listening = await loop.create_server(connection, settings.host, settings.port, backlog=_BACKLOG)
    stack.callback(listening.close)
    host, port = listening.sockets[0].getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _connection(server: web.Server, loop: asyncio.AbstractEventLoop) -> QuietRequestHandler:
    return QuietRequestHandler(
        server,
        loop=loop,
        access_log=None,  # type: ignore[arg-type]  # so it is switched off
        auto_decompress=False,  # bodies are unpacked by us, within bounds
    )
