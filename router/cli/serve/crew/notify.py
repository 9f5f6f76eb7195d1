"""Reports our state to systemd, as sd_notify(3) does; does nothing if nobody asked."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Mapping

_PATIENCE_S = 1.0
"""Nothing else is done meanwhile."""


def notify(state: str, environ: Mapping[str, str]) -> None:
    """Send `state`, such as READY=1, to the socket that the environment names."""
    if not (address := environ.get("NOTIFY_SOCKET")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(_PATIENCE_S)
        sender.sendto(state.encode(), address)


@contextlib.asynccontextmanager
async def said_alive(environ: Mapping[str, str]) -> AsyncIterator[None]:
    """In this block systemd hears that our event loop runs, twice in each period that the environment names."""
    period_us = environ.get("WATCHDOG_USEC", "")
    is_for_us = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    if not (period_us.isdecimal() and is_for_us):
        yield
        return
    saying = asyncio.create_task(_say_alive(int(period_us) / 2e6, environ))
    try:
        yield
    finally:
        saying.cancel()


async def _say_alive(every_s: float, environ: Mapping[str, str]) -> None:
    while True:
        notify("WATCHDOG=1", environ)
        await asyncio.sleep(every_s)
