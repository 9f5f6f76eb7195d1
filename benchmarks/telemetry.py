"""What telemetry costs: the processor's time for a request with each part of it on, beside none of it.

    python -m benchmarks.telemetry [--requests 2400] [--models 8] [--only "all, 10 %"]

Farthings in this process are asked in turns, some requests at a time; clients, an upstream that answers
at once and a collector of traces are another process. What counts is the time that the event loop's
thread takes meanwhile, and all that the threads of a variant take, of its ledger too: so what is left for
later counts, and waiting does not. `off` has not even counts: nobody watches. Of the turns the fastest
quarter counts: what else a machine does makes some of them slower, and none faster.
"""

import argparse
import asyncio
import multiprocessing
import os
import statistics
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp
import yaml
from aiohttp import web
from msgspec import structs

from benchmarks.kept_decisions import _ANSWER, _REQUEST, written
from router.app import real_world, serving
from router.config.load import load_settings
from router.pipeline.request_observer import Nobody
from router.telemetry.log import Lines

_AT_A_TIME = 8
_IN_A_TURN = 48
_LEFT_S = 6.0
"""How long the threads may have left something for later."""


@dataclass(frozen=True)
class Variant:
    """A Farthing: whether it logs requests, which share of traces it records, None for no traces."""

    name: str
    logs: bool = False
    share: float | None = None
    counts: bool = True


VARIANTS = (
    Variant("off", counts=False),
    Variant("metrics"),
    Variant("log", logs=True),
    Variant("traces 10 %", share=0.1),
    Variant("traces 100 %", share=1.0),
    Variant("all, 10 %", logs=True, share=0.1),
    Variant("all, 100 %", logs=True, share=1.0),
)


def _elsewhere(told: Connection) -> None:
    """Clients, the upstream and the collector, in a separate process."""
    asyncio.run(_playing(told))


async def _playing(told: Connection) -> None:
    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=_ANSWER, content_type="application/json")

    async def collect(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(content_type="application/x-protobuf")

    app = web.Application(client_max_size=2**26)
    app.add_routes([web.post("/v1/chat/completions", answer), web.post("/v1/traces", collect)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    told.send(f"http://127.0.0.1:{runner.addresses[0][1]}")
    async with aiohttp.ClientSession() as client:
        while url := await asyncio.to_thread(told.recv):
            each = _IN_A_TURN // _AT_A_TIME
            await asyncio.gather(*(_ask(client, url, each) for _ in range(_AT_A_TIME)))
            told.send("done")


async def _ask(client: aiohttp.ClientSession, url: str, requests: int) -> None:
    for _ in range(requests):
        async with client.post(url, data=_REQUEST) as response:
            assert response.status == 200
            await response.read()


def _config(folder: Path, models: int, url: str, variant: Variant) -> Path:
    path = written(folder, models, decisions=True)
    config = yaml.safe_load(path.read_text("utf-8"))
    config["upstreams"]["up"]["base_url"] = f"{url}/v1"
    config["log"] = {"requests": variant.logs}
    if variant.share is not None:
        config["telemetry"] = {"otlp": {"endpoint": url, "sample": variant.share}}
    path.write_text(yaml.safe_dump(config), "utf-8")
    return path


@dataclass
class _Asked:
    """A running variant: its own threads, and the time of the event loop's thread in each turn, in microseconds."""

    url: str
    threads: Sequence[threading.Thread]
    turns: list[float] = field(default_factory=list)

    @property
    def undisturbed_us(self) -> float:
        """The event loop's thread's time per request, in the fastest quarter of the turns."""
        return statistics.mean(sorted(self.turns)[: max(1, len(self.turns) // 4)])

    @property
    def beside_us(self) -> float:
        """Its threads' time per request, as if they had been disturbed as little."""
        taken_ns = 0
        for thread in filter(
            threading.Thread.is_alive, self.threads
        ):  # one read once, at the start
            stat = Path(f"/proc/self/task/{thread.native_id}/schedstat").read_text()
            taken_ns += int(stat.split()[0])
        a_request_us = taken_ns / 1e3 / (_IN_A_TURN * (len(self.turns) + 1))
        return a_request_us * self.undisturbed_us / statistics.mean(self.turns)


@asynccontextmanager
async def _farthing(config: Path, variant: Variant) -> AsyncIterator[_Asked]:
    before = set(threading.enumerate())
    lines = Lines(os.open(os.devnull, os.O_WRONLY))
    async with serving(load_settings(config, {}), real_world(), lines=lines) as running:
        if not variant.counts:
            # Users cannot switch counts off; this is the baseline for comparison.
            structs.force_setattr(running.pipeline.runtime, "observer", Nobody())
        threads = [each for each in threading.enumerate() if each not in before]
        mine = [each for each in threads if not each.name.startswith("asyncio")]
        yield _Asked(f"{running.url}/v1/chat/completions", mine)


async def _turn_us(others: Connection, url: str) -> float:
    began = time.thread_time()
    others.send(url)
    await asyncio.to_thread(others.recv)
    return (time.thread_time() - began) / _IN_A_TURN * 1e6


async def _measure(requests: int, models: int, others: Connection, variants: list[Variant]) -> None:
    elsewhere = others.recv()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        asked = {}
        for place, variant in enumerate(variants):
            config = _config(folder / str(place), models, elsewhere, variant)
            asked[variant] = await stack.enter_async_context(_farthing(config, variant))
            await _turn_us(others, asked[variant].url)  # warm-up
        for turn in range(requests // _IN_A_TURN):
            first = turn % len(variants)
            for variant in variants[first:] + variants[:first]:
                asked[variant].turns.append(await _turn_us(others, asked[variant].url))
        await asyncio.sleep(_LEFT_S)
        _tell(asked)


def _tell(asked: Mapping[Variant, _Asked]) -> None:
    off = asked[VARIANTS[0]]
    off_us = off.undisturbed_us + off.beside_us
    print("             loop us  threads us  together  ratio")
    for variant, each in asked.items():
        loop_us, beside_us = each.undisturbed_us, each.beside_us
        us = loop_us + beside_us
        print(f"{variant.name:12} {loop_us:8.0f} {beside_us:11.0f} {us:9.0f}  {us / off_us:.3f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2400)
    parser.add_argument("--models", type=int, default=8)
    parser.add_argument("--only", action="append", choices=[each.name for each in VARIANTS[1:]])
    args = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_elsewhere, args=(theirs,), daemon=True
    )
    process.start()
    chosen = [each for each in VARIANTS[1:] if each.name in (args.only or (each.name,))]
    asyncio.run(_measure(args.requests, args.models, ours, [VARIANTS[0], *chosen]))
    process.kill()


if __name__ == "__main__":
    main()
