"""What a second worker brings: requests a second, what they cost in CPU, and in memory.

    python -m benchmarks.workers [--rounds 4] [--seconds 5] [--connections 32]

One Farthing with one worker and one with two take turns, before the same simulator and the same Redis. All programs
share this machine, and nobody is nicer than anybody else. Where there are fewer cores than programs, requests a second
say how the cores were shared, not what a worker can do. So the CPU time of each kind of program is given as well: two
workers on cores of their own answer `2 / cpu2` requests a second where one answers `1 / cpu1`, whose ratio is what is
asked for. It holds what they pay for sharing the Redis, the ledger's file and the address.
"""

import argparse
import asyncio
import itertools
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import aiohttp
import psutil
import redis
from rich.console import Console
from rich.table import Table

from tests.e2e.configs import write_config
from tests.e2e.programs import Farthing, Simulate
from tests.servers import RedisServer

_QUESTIONS = itertools.count()
_MB = 2**20


@dataclass(slots=True)
class Side:
    """A Farthing with this many workers, and the results of each round with it."""

    workers: int
    farthing: Farthing
    redis: psutil.Process
    per_s: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    redis_ms: list[float] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)

    def processes(self) -> list[psutil.Process]:
        """Those that answer."""
        supervisor = psutil.Process(self.farthing.process.pid)
        return supervisor.children() or [supervisor]

    async def round(self, seconds: float, connections: int) -> None:
        """Send requests for some seconds, and record what they took."""
        before = self._cpu_s()
        answered = await asked(self.farthing.url, seconds, connections)
        *ours, redis = (after - begun for after, begun in zip(self._cpu_s(), before, strict=True))
        self.per_s.append(answered / seconds)
        self.cpu_ms.append(1000 * sum(ours) / answered)
        self.redis_ms.append(1000 * redis / answered)
        self.shares.append(max(ours) / sum(ours))

    def pss_mb(self) -> list[float]:
        """Each process's private memory, and its part of what it shares (Linux)."""
        processes = {*self.processes(), psutil.Process(self.farthing.process.pid)}
        return [each.memory_full_info().pss / _MB for each in processes]

    def _cpu_s(self) -> list[float]:
        return [sum(each.cpu_times()[:2]) for each in (*self.processes(), self.redis)]


async def asked(url: str, seconds: float, connections: int) -> int:
    """Send requests over this many keep-alive connections; how many answers there were."""
    answered, until_s = 0, time.monotonic() + seconds

    async def keep_asking(session: aiohttp.ClientSession) -> None:
        nonlocal answered
        while time.monotonic() < until_s:
            question = {"role": "user", "content": f"Who was number {next(_QUESTIONS)}?"}
            body = {"model": "auto", "messages": [question]}
            async with session.post(f"{url}/v1/chat/completions", json=body) as answer:
                await answer.read()
                assert answer.status == 200
            answered += 1

    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(keep_asking(session) for _ in range(connections)))
    return answered


async def measured(sides: Sequence[Side], rounds: int, seconds: float, connections: int) -> None:
    """All rounds, in turns; the first of each is the warm-up."""
    for each in sides:
        await asked(each.farthing.url, 1.0, connections)
    for number in range(rounds):
        for each in sides if number % 2 else reversed(sides):
            await each.round(seconds, connections)


def shown(sides: Sequence[Side]) -> None:
    """Print a line per side, and the ratios."""
    table = Table("workers", "requests/s", "CPU ms each", "Redis ms each", "busiest", "PSS MB")
    for side in sides:
        memory = " + ".join(f"{mb:.0f}" for mb in sorted(side.pss_mb()))
        figures = (median(side.per_s), median(side.cpu_ms), median(side.redis_ms))
        told = [f"{figures[0]:.0f}", f"{figures[1]:.3f}", f"{figures[2]:.3f}"]
        table.add_row(str(side.workers), *told, f"{median(side.shares):.0%}", memory)
    one, two = sides
    console = Console()
    console.print(table)
    pairs = list(zip(one.per_s, two.per_s, strict=True))
    console.print(f"requests/s on this machine, two to one: {median(b / a for a, b in pairs):.2f}")
    costs = zip(one.cpu_ms, two.cpu_ms, strict=True)
    ratios = [2 * a / b for a, b in costs]
    each = ", ".join(f"{ratio:.2f}" for ratio in sorted(ratios))
    console.print(
        f"on cores of their own, two to one: {median(ratios):.2f} ({each}); to hold: 1.70"
    )


def _process_of(server: RedisServer) -> psutil.Process:
    with redis.Redis.from_url(server.url) as client:
        return psutil.Process(int(client.info("server")["process_id"]))


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=32)
    args = parser.parse_args()
    with RedisServer() as server, Simulate() as simulator, tempfile.TemporaryDirectory() as folder:
        sides = []
        for workers in (1, 2):
            at = Path(folder, str(workers))
            at.mkdir()
            config = write_config(at, f"{simulator.url}/v1", cache={"url": server.url})
            farthing = Farthing(config, "--workers", str(workers)).start()
            sides.append(Side(workers, farthing, _process_of(server)))
        asyncio.run(measured(sides, args.rounds, args.seconds, args.connections))
        shown(sides)
        for side in sides:
            side.farthing.stop()
            waits = [line for line in side.farthing.said.splitlines() if "takes no rows" in line]
            print(
                f"{side.workers} workers: {len(waits)} times the ledger's file was locked for long"
            )


if __name__ == "__main__":
    main()
