"""The process that litellm lives in: an HTTP server for a single client, us.

It ends only when its standard input, which is ours, does: a signal to all of us (Ctrl-C, a service
manager's) must not end the answers in progress before we do.
"""

import asyncio
import os
import shutil
import signal
import sys
import threading
from pathlib import Path

from aiohttp import web

from router.domain.fault import AttemptFailed
from router.ports import Response
from router.providers.litellm_process.process import READY
from router.providers.litellm_process.wording import (
    FAULT_STATUS,
    REQUEST_ID,
    CallWish,
    broken_frame,
    event_frame,
    fault_bytes,
    read_wish,
    whole_frame,
)
from router.providers.litellm_upstream import LitellmUpstream, imported
from router.providers.translating.arguments import CallTarget

_JSON = "application/json"


def main(socket: str) -> None:
    """Answer on `socket` until standard input ends."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    ready = _ready_notice()
    threading.Thread(target=_end_with_input, args=(Path(socket).parent,), daemon=True).start()
    imported()
    asyncio.run(_serve(socket, ready))


def _ready_notice() -> int:
    """A descriptor on which to say that we are ready. From now on anything printed goes to standard error."""
    notice = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return notice


def _end_with_input(folder: Path) -> None:
    sys.stdin.buffer.read()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


async def _serve(socket: str, ready: int) -> None:
    app = web.Application(client_max_size=0)
    app.router.add_post("/", CallHandlers().answer)
    app.router.add_get("/", _here)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
    await runner.setup()
    await web.UnixSite(runner, socket).start()
    os.write(ready, READY)
    os.close(ready)
    await asyncio.Event().wait()


async def _here(_: web.Request) -> web.Response:
    """Whoever keeps us sees that our event loop runs."""
    return web.Response()


class CallHandlers:
    """Answers calls, with separate connections for each provider."""

    def __init__(self) -> None:
        self._ways: dict[str, LitellmUpstream] = {}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The answer from litellm, or the fault that it met."""
        wish, fields = read_wish(await request.read())
        way = self._way(wish)
        try:
            response = await way.ask(wish.model_name, fields, stream=wish.stream)
        except AttemptFailed as failed:
            return web.Response(status=FAULT_STATUS, body=fault_bytes(failed.fault))
        try:
            if wish.stream:
                return await _relayed(request, response)
            headers = {REQUEST_ID: response.request_id}
            return web.Response(body=await response.read(), headers=headers, content_type=_JSON)
        finally:
            await response.close()

    def _way(self, wish: CallWish) -> LitellmUpstream:
        name = repr((_told(wish.target), wish.connect_s))
        if name not in self._ways:
            self._ways[name] = _way_to(wish.target, wish.connect_s)
        return self._ways[name]


def _told(target: CallTarget) -> tuple[object, ...]:
    options = sorted(target.options.items())
    return (target.provider, target.api_key, target.base_url, options)


def _way_to(target: CallTarget, connect_s: float) -> LitellmUpstream:
    return LitellmUpstream(
        target.provider,
        api_key=target.api_key,
        base_url=target.base_url,
        options=target.options,
        connect_s=connect_s,
    )


async def _relayed(request: web.Request, response: Response) -> web.StreamResponse:
    """The stream as it comes; writing waits while the client does not read."""
    relayed = web.StreamResponse(headers={REQUEST_ID: response.request_id})
    await relayed.prepare(request)
    try:
        async for event in response.pieces():
            await relayed.write(event_frame(event))
        await relayed.write(whole_frame())
    except AttemptFailed as failed:
        await relayed.write(broken_frame(failed.fault))
    return relayed
