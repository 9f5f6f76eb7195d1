"""A request as its client experiences it: patient, in a hurry, slow, or gone."""

import asyncio
import time
from collections.abc import Callable

import aiohttp

from benchmarks.chaos.cast import Tempo
from benchmarks.chaos.replies import Ending, Seen
from benchmarks.chaos.shots import Manner, Shot
from router.domain.members import replace

_SLOW_READS = 20
_SLOW_BYTES = 256
_SLOW_PAUSE_S = 0.02
_NEARLY_OVER = b'"finish_reason":"'


async def ask(session: aiohttp.ClientSession, url: str, shot: Shot, tempo: Tempo) -> Seen:
    """Send it and see; never raises, whatever the proxy does."""
    bound_s = min(shot.deadline_s or tempo.total_s, tempo.total_s) + tempo.slack_s
    pause_s = tempo.write_s * 2
    if shot.manner is Manner.STOP_READING:
        bound_s += pause_s
    began_s = time.monotonic()
    client = _Client(shot, pause_s)
    try:
        async with asyncio.timeout(bound_s):
            ending = await client.live(session, url)
        complaint = ""
    except TimeoutError:
        ending, complaint = Ending.TOO_LATE, ""
    except (aiohttp.ClientError, OSError) as error:
        ending, complaint = Ending.BROKEN, f"{type(error).__name__}: {error}"
    took_s = time.monotonic() - began_s
    seen = Seen(ending, took_s, bound_s, body=bytes(client.body), complaint=complaint)
    if (response := client.response) is None:
        return seen
    return replace(seen, status=response.status, headers=response.headers.copy())


class _Client:
    def __init__(self, shot: Shot, pause_s: float) -> None:
        self._shot = shot
        self._pause_s = pause_s
        self.body = bytearray()
        self.response: aiohttp.ClientResponse | None = None

    async def live(self, session: aiohttp.ClientSession, url: str) -> Ending:
        headers = {"content-type": "application/json", "x-farthing-tags": self._shot.tag}
        if self._shot.deadline_s is not None:
            headers["x-farthing-deadline-s"] = str(self._shot.deadline_s)
        patience_s = self._shot.after if self._shot.manner is Manner.LEAVE_BEFORE else None
        try:
            async with asyncio.timeout(patience_s):
                request = session.post(url, data=self._shot.body, headers=headers)
                self.response = await request
        except TimeoutError:
            return Ending.LEFT
        try:
            return await self._read(self.response)
        finally:
            # Harmless after the end of a reply; before it, this is how a client leaves.
            self.response.close()

    async def _read(self, response: aiohttp.ClientResponse) -> Ending:
        match self._shot.manner:
            case Manner.LEAVE_BEFORE:
                return Ending.LEFT
            case Manner.LEAVE_MIDWAY:
                return await self._read_until(response, lambda: len(self.body) >= self._shot.after)
            case Manner.LEAVE_AT_END:
                return await self._read_until(response, lambda: _NEARLY_OVER in self.body)
            case Manner.READ_SLOWLY:
                await self._read_slowly(response)
            case Manner.STOP_READING:
                await asyncio.sleep(self._pause_s)
        return await self._read_until(response, lambda: False)

    async def _read_until(
        self, response: aiohttp.ClientResponse, is_enough: Callable[[], bool]
    ) -> Ending:
        async for piece in response.content.iter_any():
            self.body += piece
            if is_enough():
                return Ending.LEFT
        return Ending.WHOLE

    async def _read_slowly(self, response: aiohttp.ClientResponse) -> None:
        for _ in range(_SLOW_READS):
            if response.content.at_eof():
                return
            self.body += await response.content.read(_SLOW_BYTES)
            await asyncio.sleep(_SLOW_PAUSE_S)
