"""Does memory grow with requests? A real Farthing, mixed traffic, and its memory by the number of requests.

`python -m benchmarks.slope [--requests 1000000] [--at-once 16] [--warm 0.4]`. What the first `--warm` of the
requests make is not counted: caches and memories fill, and each has its bound. That of questions is reached
after some 12,000 requests, that of the cache (8 MB here) after 5,000. After that a line is fitted
through the means of ten parts, and its slope told with the interval in which it is with 95 %, in bytes per request.

Beside it `/healthz` is asked ten times a second; an answer that takes more than 50 ms is a stall of the event
loop, if neither process was waiting for a core meanwhile (Linux's schedstat), for that is the machine's doing.
"""

import argparse
import asyncio
import os
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from rich.progress import Progress

from tests.e2e.configs import write_config
from tests.e2e.programs import Farthing, Simulate

_STALL_MS = 50.0
_PARTS = 10
_T_95 = 2.306
"""Of Student's distribution, for ten means and the two numbers of a line."""
_KEYS = [f"fk-slope-{number:03}" for number in range(40)]
_POLICIES = {
    "pair": """
policy: pair
version: 1
intent: Two cheap models are asked first.
reference: sim-frontier
strategy: cascade
cascade:
  use: always
  steps: [{models: [sim-open-8b, sim-open-70b], accept: agreement}]
  final: sim-frontier
""",
    "balanced": """
policy: balanced
intent: A policy as most have, with a cache and sessions that stay.
adequate: {within: 0.05}
cache: {ttl_s: 300}
""",
}
_TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather forecast for a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


@dataclass(frozen=True, slots=True)
class Shot:
    """One request: its body and headers, the statuses that are right, and how much of it is read."""

    fields: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    right: frozenset[int] = frozenset({200})
    leaves: bool = False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--warm", type=float, default=0.4)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Simulate() as simulator:
        config = written(Path(folder), f"{simulator.url}/v1")
        keys = {f"KEY{number}": key for number, key in enumerate(_KEYS)}
        with Farthing(config, env=keys) as farthing:
            load = Load(farthing, random.Random(args.seed), args.requests)
            asyncio.run(load.run(args.at_once))
            told(load, args.warm)


def written(folder: Path, models_url: str) -> Path:
    policies = folder / "policies"
    policies.mkdir()
    for name, text in _POLICIES.items():
        (policies / f"{name}.yaml").write_text(text, "utf-8")
    keys = [{"name": f"team-{n}", "key": f"${{KEY{n}}}"} for n in range(len(_KEYS))]
    return write_config(
        folder,
        models_url,
        policies={"directory": str(policies), "default": "balanced"},
        cache={"url": "memory", "max_mb": 8},
        keys=keys,
        budgets=[{"usd": 1000, "per": "day", "tag": "*"}, {"usd": 1000, "per": "day", "key": "*"}],
        limits=[{"requests_per_minute": 100_000, "tag": "*"}],
    )


# ------------------------------------------------------------ traffic


def _message(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def _plain(dice: random.Random) -> Shot:
    return Shot({"model": "auto", "messages": _message(f"What is {dice.getrandbits(40)} + 1?")})


def _known(dice: random.Random) -> Shot:
    return Shot({"model": "auto", "messages": _message(f"Who was number {dice.randrange(300)}?")})


def _streamed(dice: random.Random) -> Shot:
    return Shot({**_plain(dice).fields, "stream": True})


def _left(dice: random.Random) -> Shot:
    return Shot({**_plain(dice).fields, "stream": True}, leaves=True)


def _session(dice: random.Random) -> Shot:
    # More than a process knows at a time fill its memories after many more requests only: see the tests of those.
    number = dice.randrange(2_000)
    turns = _message(f"Fix bug {dice.getrandbits(40)}") * (1 + dice.randrange(4))
    headers = {"x-session-id": f"s{number}", "x-farthing-tags": f"project-{number // 2},night"}
    return Shot({"model": "auto", "messages": turns, "user": f"u{number}"}, headers)


def _tools(dice: random.Random) -> Shot:
    asked = _message(f"What is the weather forecast for town {dice.getrandbits(32)}?")
    return Shot({"model": "auto", "messages": asked, "tools": [_TOOL]})


def _cascade(dice: random.Random) -> Shot:
    return Shot({**_plain(dice).fields, "model": "auto:pair"})


def _pinned(dice: random.Random) -> Shot:
    names = ("sim-open-8b", "sim-open-70b", "sim-mid", "sim-frontier")
    return Shot({**_plain(dice).fields, "model": dice.choice(names)})


def _failing(dice: random.Random) -> Shot:
    fault = dice.choice(
        ("status,code=500", "reset", "status,code=429,retry_after=0", "cut,after=1")
    )
    fields = {**_plain(dice).fields, "metadata": {"simulate": fault}, "stream": dice.random() < 0.5}
    return Shot(fields, right=frozenset({200, 429, 500, 502, 503}))


def _wrong(dice: random.Random) -> Shot:
    number = dice.getrandbits(40)
    wrong: Sequence[Shot] = (
        Shot({"model": f"no-{number}", "messages": _message("Hi")}, right=frozenset({404})),
        Shot({"model": "auto", "messages": f"no-{number}"}, right=frozenset({400})),
        Shot({}, {"authorization": f"Bearer fk-{number}"}, right=frozenset({401})),
        Shot({}, {f"x-farthing-{number}": "1"}, right=frozenset({400})),
    )
    return dice.choice(wrong)


SHOTS: Mapping[Callable[[random.Random], Shot], int] = {
    _plain: 30,
    _known: 15,
    _streamed: 15,
    _left: 3,
    _session: 12,
    _tools: 6,
    _cascade: 5,
    _pinned: 6,
    _failing: 3,
    _wrong: 5,
}
"""How many of a hundred."""


class Load:
    """Sends so many requests to one Farthing, and notes its memory."""

    def __init__(self, farthing: Farthing, dice: random.Random, requests: int) -> None:
        self.farthing = farthing
        self.dice = dice
        self.requests = requests
        self.done = 0
        self.memory: list[tuple[int, int]] = []
        self.statuses: Counter[str] = Counter()
        self.waits_ms: list[float] = []
        self.stalls_ms: list[float] = []

    async def run(self, at_once: int) -> None:
        """Send them all, so many at a time."""
        began = time.monotonic()
        with Progress() as progress:
            task = progress.add_task("requests", total=self.requests)
            looking = asyncio.create_task(self._look())
            async with (
                aiohttp.ClientSession(self.farthing.url) as session,
                asyncio.TaskGroup() as group,
            ):
                for _ in range(at_once):
                    group.create_task(self._ask(session, lambda: progress.advance(task)))
            looking.cancel()
        print(f"{self.done / (time.monotonic() - began):.0f} requests per second")

    async def _ask(self, session: aiohttp.ClientSession, told: Callable[[], None]) -> None:
        while self.done < self.requests:
            self.done += 1
            if self.done % max(1, self.requests // 1000) == 0:
                self.memory.append((self.done, self.farthing.rss_bytes()))
            kind = self.dice.choices(list(SHOTS), list(SHOTS.values()))[0]
            await self._one(session, kind(self.dice), kind.__name__)
            told()

    async def _one(self, session: aiohttp.ClientSession, shot: Shot, name: str) -> None:
        key = {"authorization": f"Bearer {self.dice.choice(_KEYS)}"}
        body, headers = orjson.dumps(shot.fields), {**key, **shot.headers}
        try:
            async with session.post("/v1/chat/completions", data=body, headers=headers) as response:
                if shot.leaves:
                    await response.content.readany()
                    response.close()
                else:
                    await response.read()
                is_right = response.status in shot.right
                self.statuses["right" if is_right else f"{name} {response.status}"] += 1
        except aiohttp.ClientError as error:
            self.statuses[f"{name} {type(error).__name__}"] += 1

    async def _look(self) -> None:
        """Ask `/healthz` again and again; what both processes waited for cores is not the loop's fault."""
        pids = (self.farthing.process.pid, os.getpid())
        async with aiohttp.ClientSession(self.farthing.url) as session:
            while True:
                before, began = sum(map(_waited_ms, pids)), time.perf_counter()
                async with session.get("/healthz") as response:
                    await response.read()
                took_ms = (time.perf_counter() - began) * 1000
                own_ms = took_ms - (sum(map(_waited_ms, pids)) - before)
                self.waits_ms.append(took_ms)
                if own_ms > _STALL_MS:
                    self.stalls_ms.append(own_ms)
                await asyncio.sleep(0.1)


def _waited_ms(pid: int) -> float:
    """How long the main thread of a process was ready and had no core, since it began."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text("utf-8").split()[1]) / 1e6


# ------------------------------------------------------------ what is told


def told(load: Load, warm: float) -> None:
    counted = [(n, rss) for n, rss in load.memory if n > warm * load.requests]
    slope, interval = slope_of(counted)
    mib = [rss / 2**20 for _, rss in load.memory]
    print("answers:", dict(load.statuses.most_common()))
    print(f"memory: {mib[0]:.1f} MiB at first, {mib[-1]:.1f} at the end, {max(mib):.1f} at most")
    tenths = [mib[len(mib) * tenth // 10] for tenth in range(10)]
    print("by tenths of the requests:", " ".join(f"{each:.1f}" for each in tenths))
    print(f"slope after the first {warm:.0%}: {slope:+.1f} +- {interval:.1f} bytes per request")
    waits = sorted(load.waits_ms)
    print(
        f"/healthz: p50 {statistics.median(waits):.1f} ms, p99 {waits[int(0.99 * len(waits))]:.1f}"
    )
    print(f"stalls above {_STALL_MS:.0f} ms: {len(load.stalls_ms)} of {len(waits)} looks")


def slope_of(points: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """Bytes per request, and half of the interval in which that is with 95 %."""
    size = len(points) // _PARTS
    parts = [points[at * size : (at + 1) * size] for at in range(_PARTS)]
    xs = [statistics.fmean(n for n, _ in part) for part in parts]
    ys = [statistics.fmean(rss for _, rss in part) for part in parts]
    slope, intercept = statistics.linear_regression(xs, ys)
    errors = [y - (slope * x + intercept) for x, y in zip(xs, ys, strict=True)]
    middle = statistics.fmean(xs)
    spread = sum((x - middle) ** 2 for x in xs)
    return slope, _T_95 * (sum(e**2 for e in errors) / (_PARTS - 2) / spread) ** 0.5


if __name__ == "__main__":
    main()
