"""What direct requests wait for while others are translated by litellm in the same Farthing.

`python -m benchmarks.litellm_aside [--seconds 3] [--rounds 12] [--direct 50] [--translated 10]`. Farthing
and the simulated models are processes of their own. In each round direct requests come at a low fixed rate,
first alone, then beside calls through litellm (to Anthropic's dialect; every other one is an agent's of 66 KB,
and every other pair is streamed). Told are quantiles of the direct ones' time, what `/healthz` waits, which is
how long the event loop was busy with something else, and their ratios. Rounds are short, so that whatever else
the machine does meets both.

Before that: what a call costs in the process that serves, and how long it holds the event loop at a time, in
CPU time, which no other process can disturb; with litellm imported there, and with litellm in its own.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import aiohttp

from benchmarks.upstreams import a_call, agents, simulator, small
from benchmarks.upstreams import ask as ask_once
from router.ports import Upstream
from router.providers.litellm_process.process import LitellmProcess
from router.providers.litellm_process.upstream import LitellmProcessUpstream
from router.providers.litellm_upstream import LitellmUpstream
from router.providers.translating.arguments import CallTarget

_POLICIES = Path(__file__).parent.parent / "policies"
_LISTENS = re.compile(r"listens on (http://\S+)")
_CONFIG = """
version: 1
server: {{port: 0}}
upstreams:
  direct: {{kind: openai, base_url: "{url}/v1"}}
  translated: {{kind: litellm, provider: anthropic, base_url: "{url}", api_key: "${{KEY}}"}}
models:
  sim-open-8b: {{upstream: direct, price: {{input_usd_per_mtok: 1, output_usd_per_mtok: 2}}}}
  sim-mid: {{upstream: translated, price: {{input_usd_per_mtok: 1, output_usd_per_mtok: 2}}}}
policies: {{directory: {policies}, default: balanced}}
ledger: {{path: ledger.db}}
"""


@dataclass(frozen=True, slots=True)
class Rates:
    """Requests per second, and for how many seconds."""

    direct: float
    translated: float
    seconds: float


@dataclass(slots=True)
class Waits:
    """How long requests took, in ms."""

    direct: list[float] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    translated: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--direct", type=float, default=50)
    parser.add_argument("--translated", type=float, default=10)
    args = parser.parse_args()
    rates = Rates(args.direct, args.translated, args.seconds)
    with simulator() as models:
        asyncio.run(hold(models, calls=int(10 * rates.translated)))
        with farthing(models) as url:
            asyncio.run(measure(url, rates, args.rounds))


@contextmanager
def farthing(models_url: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config.yaml")
        path.write_text(_CONFIG.format(url=models_url, policies=_POLICIES), "utf-8")
        command = [sys.executable, "-m", "router", "serve", "--config", str(path)]
        environment = {**os.environ, "KEY": "sk-any", "NO_COLOR": "1", "COLUMNS": "200"}
        with subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env=environment
        ) as process:
            assert process.stderr is not None
            try:
                yield _address(process.stderr)
            finally:
                process.terminate()


def _address(lines: Iterable[str]) -> str:
    said = []
    for line in lines:
        said.append(line)
        if found := _LISTENS.search(line):
            return found.group(1)
    raise SystemExit("".join(said))


async def hold(models_url: str, calls: int) -> None:
    litellm_process = LitellmProcess()
    here = LitellmUpstream("anthropic", api_key="sk-any", base_url=models_url)
    aside = LitellmProcessUpstream(
        litellm_process, CallTarget("anthropic", "sk-any", models_url, {})
    )
    ways: dict[str, Upstream] = {"in its own process": aside, "in this one": here}
    print("litellm             CPU of a call   loop held: p99     most")
    for name, upstream in ways.items():
        await _asked_of(upstream, 8)
        began = time.process_time()
        holds: list[float] = []
        ticking = asyncio.create_task(_ticks(holds))
        await _asked_of(upstream, calls)
        ticking.cancel()
        per_call = (time.process_time() - began) / calls * 1000
        print(f"{name:20}{per_call:10.2f} ms {quantile(holds, 0.99):14.2f} ms {max(holds):8.1f} ms")
        await upstream.close()
    await litellm_process.close()


async def _asked_of(upstream: Upstream, calls: int) -> None:
    for number in range(calls):
        fields = _translated(number)
        await ask_once(upstream, a_call(fields, bool(fields["stream"])), 1)


async def _ticks(holds: list[float]) -> None:
    """CPU in ms that others used between two of our turns."""
    while True:
        began = time.thread_time()
        await asyncio.sleep(0.002)
        holds.append((time.thread_time() - began) * 1000)


async def measure(url: str, rates: Rates, rounds: int) -> None:
    alone, beside = Waits(), Waits()
    async with asking(url) as ask:
        await warmed_up(ask)
        await phase(ask, rates, Waits(), with_litellm=True)
        for number in range(rounds):
            await phase(ask, rates, alone, with_litellm=False)
            await phase(ask, rates, beside, with_litellm=True)
            print(f"round {number + 1} of {rounds}", end="\r", flush=True)
    print(f"\nall {rounds} rounds, ms{'':22}alone     beside litellm     ratio")
    for name in ("direct", "health"):
        print(told(name, getattr(alone, name), getattr(beside, name), apart="\n"))
    slow = beside.translated
    print(f"calls through litellm: {len(slow)}, p50 {quantile(slow, 0.5):.1f}")


Ask = Callable[[dict[str, object] | None], Awaitable[float]]


@asynccontextmanager
async def asking(url: str) -> AsyncIterator[Ask]:
    """How long a request took, in ms; None asks for `/healthz`."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(url, connector=connector) as session:

        async def ask(fields: dict[str, object] | None) -> float:
            body = None if fields is None else json.dumps(fields)
            began = time.perf_counter()
            sent = session.get("/healthz") if body is None else _posted(session, body)
            async with sent as response:
                raw = await response.read()
            assert response.status == 200, raw
            return (time.perf_counter() - began) * 1000

        yield ask


def _posted(session: aiohttp.ClientSession, body: str) -> "aiohttp.client._RequestContextManager":
    return session.post(
        "/v1/chat/completions", data=body, headers={"content-type": "application/json"}
    )


async def warmed_up(ask: Ask) -> None:
    for number in range(40):
        await ask(_direct(number))
        await ask(_translated(number))


async def phase(ask: Ask, rates: Rates, waits: Waits, *, with_litellm: bool) -> None:
    async with asyncio.TaskGroup() as all_of_them:
        start = all_of_them.create_task
        start(at_rate(rates.direct, rates.seconds, _direct, ask, waits.direct))
        start(at_rate(rates.direct, rates.seconds, lambda _: None, ask, waits.health))
        if with_litellm:
            start(at_rate(rates.translated, rates.seconds, _translated, ask, waits.translated))


async def at_rate(
    per_s: float,
    seconds: float,
    asked: Callable[[int], dict[str, object] | None],
    ask: Ask,
    waits: list[float],
) -> None:
    """Send at this rate, whether answers have come or not, so that queues show."""
    began = time.perf_counter()

    async def one(number: int) -> None:
        waits.append(await ask(asked(number)))

    async with asyncio.TaskGroup() as group:
        for number in range(int(per_s * seconds)):
            await asyncio.sleep(max(0.0, began + number / per_s - time.perf_counter()))
            group.create_task(one(number))


_NUMBERS = count()


def _direct(_: int) -> dict[str, object]:
    return {**small(), "model": "sim-open-8b", "user": str(next(_NUMBERS))}


def _translated(number: int) -> dict[str, object]:
    fields = agents() if number % 2 else small()
    return {**fields, "model": "sim-mid", "stream": number % 4 > 1, "user": str(next(_NUMBERS))}


def told(name: str, alone: Sequence[float], beside: Sequence[float], apart: str = "  ") -> str:
    cells = []
    for at in (0.5, 0.99, 0.999):
        a, b = quantile(alone, at), quantile(beside, at)
        cells.append(f"{name:8} p{at * 100:<5g} {a:>20.2f} {b:>14.2f} {b / a:>12.1f} x")
    return apart.join(cells)


def quantile(values: Sequence[float], at: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(at * len(ordered)))]


if __name__ == "__main__":
    main()
