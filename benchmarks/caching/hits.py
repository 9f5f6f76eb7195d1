"""What a hit is worth: latency, throughput and CPU of a stored answer against a call to an upstream.

    python -m benchmarks.caching.hits [--seconds 4]

A real `farthing serve` for each way, a real Redis, and a simulator in a process of its own; the
ways take turns, in several rounds, and the figures are medians of them. Latency is measured by one
client at a time, throughput with 16 at once. The simulator answers at once, so that the row of the
upstream is the proxy's own work; the last row has it answer at the pace of a small model.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.e2e.configs import write_config
from tests.e2e.programs import Farthing, Simulate
from tests.servers import RedisServer

_AT_ONCE = 16
_ROUNDS = 3
_NUMBERS = count()


@dataclass(frozen=True, slots=True)
class Way:
    """How a request is answered, and by which server."""

    name: str
    farthing: Farthing
    stream: bool
    is_hit: bool

    def body(self) -> Mapping[str, Any]:
        """The next request: always the same if it should hit, else one that was never sent."""
        number = 0 if self.is_hit else next(_NUMBERS)
        prompt = f"Tell me something nice about the number {number}"
        message = {"role": "user", "content": prompt}
        return {"model": "sim-open-8b", "messages": [message], "stream": self.stream}


@dataclass(slots=True)
class Seen:
    """The measurements of one way, a figure for each round."""

    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    per_s: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)


async def measure(way: Way, seen: Seen, seconds: float) -> None:
    """One round of one way."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        await _ask(client, way)
        times = await _until(client, way, time.perf_counter() + seconds / 2)
        seen.p50_ms.append(statistics.median(times) * 1000)
        seen.p99_ms.append(sorted(times)[int(len(times) * 0.99)] * 1000)
        process = psutil.Process(way.farthing.process.pid)
        cpu_s, began_s = _cpu_s(process), time.perf_counter()
        end_s = began_s + seconds / 2
        runs = await asyncio.gather(*(_until(client, way, end_s) for _ in range(_AT_ONCE)))
        took_s, answered = time.perf_counter() - began_s, sum(map(len, runs))
        seen.per_s.append(answered / took_s)
        seen.cpu_us.append((_cpu_s(process) - cpu_s) / answered * 1e6)


async def _until(client: aiohttp.ClientSession, way: Way, end_s: float) -> Sequence[float]:
    times: list[float] = []
    while (began_s := time.perf_counter()) < end_s or not times:
        await _ask(client, way)
        times.append(time.perf_counter() - began_s)
    return times


async def _ask(client: aiohttp.ClientSession, way: Way) -> None:
    url = f"{way.farthing.base_url}/chat/completions"
    async with client.post(url, json=way.body()) as response:
        assert response.status == 200, await response.text()
        await response.read()


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _ways(stack: ExitStack, folder: Path) -> Iterator[Way]:
    instant, real = Simulate(), Simulate("--speed", "1")
    redis = stack.enter_context(RedisServer())
    for simulator in (instant, real):
        stack.enter_context(simulator)

    def served(name: str, simulator: Simulate, url: str) -> Farthing:
        (folder / name).mkdir()
        path = write_config(folder / name, f"{simulator.url}/v1", cache={"url": url})
        return stack.enter_context(Farthing(path))

    off, memory = served("off", instant, "off"), served("memory", instant, "memory")
    shared, slow = served("redis", instant, redis.url), served("real", real, "off")
    for stream in (False, True):
        kind = "stream" if stream else "plain"
        yield Way(f"an upstream, at once, {kind}", off, stream, is_hit=False)
        yield Way(f"stored in memory, {kind}", memory, stream, is_hit=True)
        yield Way(f"stored in Redis, {kind}", shared, stream, is_hit=True)
        yield Way(f"an upstream as slow as a small model, {kind}", slow, stream, is_hit=False)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="for each way in each round")
    seconds = parser.parse_args().seconds
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="farthing-hits-")))
        seen = {way: Seen() for way in _ways(stack, folder)}
        progress = stack.enter_context(Progress(transient=True))
        task = progress.add_task("measuring", total=len(seen) * _ROUNDS)
        for _ in range(_ROUNDS):
            for way, figures in seen.items():
                asyncio.run(measure(way, figures, seconds))
                progress.advance(task)
    _print(seen)


def _print(seen: Mapping[Way, Seen]) -> None:
    table = Table("answered by", "p50 ms", "p99 ms", "requests/s", "CPU us", "CPU, ratio")
    calls: dict[bool, float] = {}
    for way, figures in seen.items():
        cpu_us = statistics.median(figures.cpu_us)
        call_us = calls.setdefault(way.stream, cpu_us)
        cells = (figures.p50_ms, figures.p99_ms, figures.per_s)
        told = [f"{statistics.median(values):.2f}" for values in cells]
        table.add_row(way.name, *told, f"{cpu_us:.0f}", f"{cpu_us / call_us:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
