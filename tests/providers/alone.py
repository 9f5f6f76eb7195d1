"""A separate program: calls through litellm, and prints as JSON what that did to its process.

Run in a folder with a `.env` and with `.` of the checkout on PYTHONPATH. Every attempt to leave
this machine is noted and refused.
"""

import asyncio
import importlib
import json
import logging
import os
import socket
import sys
import threading
import warnings
from typing import Any

from tests.providers.anthropic_api import anthropic_api
from tests.providers.litellm_kit import call, plain, streamed, upstream

attempts: list[str] = []
dotenvs: list[str] = []


def refuse_to_leave() -> None:
    """Let only loopback connections and look-ups through."""
    connect, connect_ex, look_up = (
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.getaddrinfo,
    )

    def checked(address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else address
        if host not in ("127.0.0.1", "::1", "localhost"):
            attempts.append(str(host))
            raise OSError(f"{host} is not this machine")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        checked(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        checked(address)
        return connect_ex(self, address)

    def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        checked((host,))
        return look_up(host, *args, **kwargs)

    setattr(socket.socket, "connect", guarded_connect)  # noqa: B010  mypy forbids assigning it
    setattr(socket.socket, "connect_ex", guarded_connect_ex)  # noqa: B010
    setattr(socket, "getaddrinfo", guarded_look_up)  # noqa: B010


def note_dotenv() -> None:
    """litellm would look for `.env` next to itself and above, which a test should not depend on."""
    dotenv = importlib.import_module("dotenv")
    setattr(dotenv, "load_dotenv", lambda *_, **__: dotenvs.append("read"))  # noqa: B010


def settings() -> dict[str, Any]:
    """What an import could change for the whole process."""
    names = ("", "asyncio", "aiohttp.client", "concurrent.futures")
    loggers = {name: logging.getLogger(name) for name in names}
    noisy = {
        name: (repr(logger.handlers), repr(logger.filters), logger.level)
        for name, logger in loggers.items()
    }
    return {
        "environment": dict(os.environ),
        "filters": repr(warnings.filters),
        "loggers": noisy,
        "hooks": (repr(sys.excepthook), repr(threading.excepthook)),
        "timeout": socket.getdefaulttimeout(),
        "folder": sorted(os.listdir()),  # noqa: PTH208  names suffice
    }


async def main() -> None:
    refuse_to_leave()
    note_dotenv()
    before = settings()
    early = "litellm" in sys.modules
    async with anthropic_api() as api, upstream("anthropic", api.base_url) as to:
        await to.warm()
        answer = await plain(to, call("claude-sonnet-4-20250514"))
        events = await streamed(to, call("claude-sonnet-4-20250514", stream=True))
        visits = len(api.requests)
    after = settings()
    handlers = {
        name: repr(logger.handlers)
        for name, logger in logging.root.manager.loggerDict.items()
        if name.startswith("LiteLLM") and isinstance(logger, logging.Logger) and logger.handlers
    }
    report = {
        "attempts": attempts,
        "dotenvs": dotenvs,
        "early": early,
        "late": "litellm" in sys.modules,
        "changed": {name: after[name] for name in before if after[name] != before[name]},
        "handlers": handlers,
        "answered": answer["choices"][0]["message"]["content"],
        "events": len(events),
        "visits": visits,
    }
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    asyncio.run(main())
