"""Plays scripts: the only place where the simulator writes to a socket.

It writes the bytes of HTTP itself, since most faults are something that no HTTP server would allow.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

from aiohttp import web
from msgspec import Struct

from router.providers.simulated.counters import Account, Ending
from router.providers.simulated.script import (
    Call,
    Close,
    End,
    Hang,
    Script,
    Step,
    Wait,
    Work,
    Write,
    at_once,
    encoded,
)

_LINGER_NOT = struct.pack("ii", 1, 0)


class AlreadySent(web.StreamResponse):
    """Tells aiohttp that the answer is on the wire, and whether the connection can be used again."""

    def __init__(self, reusable: bool) -> None:
        super().__init__()
        self._reusable = reusable

    @property
    def keep_alive(self) -> bool | None:
        """Whether another request may come on this connection."""
        return self._reusable

    async def prepare(self, request: web.BaseRequest) -> None:
        """There is nothing left to send."""

    async def write_eof(self, data: bytes = b"") -> None:
        """There is nothing left to end."""


class Player(Struct, frozen=True):
    """Plays scripts to the client of one request, and books the model's work meanwhile.

    When the client leaves, each of these raises asyncio.CancelledError or ConnectionError.
    """

    request: web.Request
    account: Account
    speed: float
    sleep: Callable[[float], Awaitable[object]]

    async def play_at_once(self, call: Call) -> Ending:
        """The whole answer in one write, for when there is no delay and no fault."""
        usage = call.usage
        self.account.work(usage.output_tokens, usage.reasoning_tokens)
        self.account.told = call.reports
        await self.request.writer.write(at_once(call))
        return Ending.FINISHED

    async def play(self, script: Script) -> Ending:
        """Play the steps in order. Returns how the call ended."""
        transport = self.request.transport
        if transport is None:
            raise ConnectionResetError("the client has left")
        # So that everything written before a reset is sent before it, and backpressure takes effect.
        transport.set_write_buffer_limits(0)
        for step in encoded(script):
            if isinstance(step, Write):
                await self._write(step)
            elif isinstance(step, Close):
                self._close(transport, step.reset)
            elif isinstance(step, End) and step.whole:
                transport.set_write_buffer_limits()
                return Ending.FINISHED if self.account.started else Ending.REFUSED
            else:
                await self._pass_time(step)
        transport.set_write_buffer_limits()
        return Ending.BROKEN

    async def _write(self, step: Write) -> None:
        writer = self.request.writer
        await writer.write(step.data)
        await writer.drain()
        self.account.told = self.account.told or step.tells_usage
        # So that a reader in the same process sees the parts one by one.
        await asyncio.sleep(0)

    async def _pass_time(self, step: Step) -> None:
        match step:
            case Work():
                if wait_s := step.wait_s * self.speed:
                    await self.sleep(wait_s)
                self.account.work(step.output_tokens, step.reasoning_tokens)
            case Wait():
                await self.sleep(step.seconds)
            case Hang():
                await asyncio.get_running_loop().create_future()

    def _close(self, transport: asyncio.Transport, reset: bool) -> None:
        if not reset:
            transport.close()
            return
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        transport.abort()
