"""Sends mixed traffic to one Farthing, as fast as it answers, and records its memory."""

import asyncio
import os
import sqlite3
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import aiohttp
import orjson

from benchmarks.slope.line import Point
from benchmarks.slope.traffic import Shot, Traffic
from tests.e2e.programs import Farthing

STALL_MS = 50.0
_POINTS = 1000
_MOST_SURPRISES = 20
_BOOKED_S = 2.0
"""After so long the rows of an answer are surely in the ledger."""
_ROW = "SELECT attempt, model, outcome, status, error, total_s, cost_pico FROM attempts WHERE request_id = ?"


class Load:
    """This many requests to one Farthing. `at` is called with the number started, a thousand times in all."""

    def __init__(
        self, farthing: Farthing, traffic: Traffic, requests: int, at: Callable[[int], None]
    ) -> None:
        self._farthing = farthing
        self._traffic = traffic
        self._requests = requests
        self._at = at
        self._begun = 0
        self.seconds = 0.0
        self.memory: list[Point] = []
        self.statuses: Counter[str] = Counter()
        self.surprises: list[str] = []
        self.waits_ms: deque[float] = deque(maxlen=100_000)
        self.looks = 0
        self.stalls = 0

    async def run(self, at_once: int) -> None:
        """Send them all, this many at a time."""
        began = time.monotonic()
        looking = asyncio.create_task(self._look())
        connections = aiohttp.TCPConnector(limit=0)
        async with (
            aiohttp.ClientSession(self._farthing.url, connector=connections) as session,
            asyncio.TaskGroup() as group,
        ):
            for _ in range(at_once):
                group.create_task(self._ask(session))
        looking.cancel()
        self.seconds = time.monotonic() - began

    async def _ask(self, session: aiohttp.ClientSession) -> None:
        while self._begun < self._requests:
            self._begun += 1
            if self._begun % max(1, self._requests // _POINTS) == 0:
                self.memory.append((self._begun, self._farthing.rss_bytes()))
                self._at(self._begun)
            shot = self._traffic.next()
            try:
                await self._one(session, shot)
            except aiohttp.ClientError as error:
                self._surprised(f"{shot.kind} {type(error).__name__}", str(error))

    async def _one(self, session: aiohttp.ClientSession, shot: Shot) -> None:
        body = orjson.dumps(shot.fields)
        async with session.post(shot.path, data=body, headers=shot.headers) as response:
            if shot.leaves:
                await response.content.readany()
                response.close()
                raw = b""
            else:
                raw = await response.read()
            request_id = response.headers.get("x-request-id", "")
            if response.status in shot.right:
                self.statuses["right"] += 1
                self._traffic.answered(shot, request_id)
            else:
                rows = await self._booked(request_id)
                self._surprised(f"{shot.kind} {response.status}", f"{raw.decode()} {rows}")

    def _surprised(self, what: str, more: str) -> None:
        self.statuses[what] += 1
        if len(self.surprises) < _MOST_SURPRISES:
            self.surprises.append(f"{what}: {more}")

    async def _booked(self, request_id: str) -> list[tuple[object, ...]]:
        """What the ledger says about a request."""
        await asyncio.sleep(_BOOKED_S)
        path = self._farthing.config.parent / "ledger.db"
        with closing(sqlite3.connect(path)) as ledger:
            return list(ledger.execute(_ROW, (request_id,)))

    async def _look(self) -> None:
        """Ask `/healthz` continuously; time that both processes waited for a core is not the loop's fault."""
        pids = (self._farthing.process.pid, os.getpid())
        async with aiohttp.ClientSession(self._farthing.url) as session:
            while True:
                before, began = sum(map(_waited_ms, pids)), time.perf_counter()
                async with session.get("/healthz") as response:
                    await response.read()
                took_ms = (time.perf_counter() - began) * 1000
                self.waits_ms.append(took_ms)
                self.looks += 1
                self.stalls += took_ms - (sum(map(_waited_ms, pids)) - before) > STALL_MS
                await asyncio.sleep(0.1)


def _waited_ms(pid: int) -> float:
    """How long the main thread of a process was runnable without a core, since it started."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text("utf-8").split()[1]) / 1e6
