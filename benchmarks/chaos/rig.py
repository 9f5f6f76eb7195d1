"""The processes of a soak: two upstreams that can be killed and brought back, and the proxy."""

import asyncio
import contextlib
import os
import random
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.chaos.cast import SEED, UPSTREAMS, Tempo, ledger_of, write_config, write_models
from router.domain.usage import Usage

ROOT = Path(__file__).resolve().parents[2]
_START_S = 30.0
_STOP_S = 15.0
_POLL_S = 0.02
_PORTS = range(20_000, 30_000)
"""Below the range from which systems take the ports of outgoing connections: an upstream that is
killed finds its port free when it comes back."""


class DidNotStart(RuntimeError):
    """A process ended or never answered; the message ends with its output."""


class Process:
    """One of our programs in its own process, with its output going to a file."""

    def __init__(self, log: Path, *argv: str) -> None:
        self.log = log
        self.log.unlink(missing_ok=True)
        self._argv = argv
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The running process's id."""
        assert self._process is not None, "it was not started"
        return self._process.pid

    async def start(self, url: str) -> None:
        """Start it and wait until `url` answers. Raises DidNotStart."""
        with self.log.open("ab") as said:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", *self._argv, cwd=ROOT, stdout=said, stderr=said
            )
        deadline_s = time.monotonic() + _START_S
        while not await _answers(url):
            if self._process.returncode is not None or time.monotonic() > deadline_s:
                raise DidNotStart(f"{' '.join(self._argv)}\n{self.said[-2000:]}")
            await asyncio.sleep(_POLL_S)

    @property
    def said(self) -> str:
        """Its output so far."""
        return self.log.read_text("utf-8", "replace")

    async def kill(self) -> None:
        """Kill it without warning; harmless if it has ended."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> int | None:
        """Ask it to stop; returns its status, None if it had to be killed."""
        assert self._process is not None, "it was not started"
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_S):
                return await self._process.wait()
        except TimeoutError:
            await self.kill()
            return None


@dataclass(frozen=True, slots=True)
class UpstreamCall:
    """A call that has ended, as the upstream recorded it; `life` counts its starts."""

    life: int
    number: int
    model: str
    body_sha256: str
    ending: str
    fault: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class Outage:
    """An upstream was down between these Unix times; what it knew since `known_s` was lost."""

    upstream: str
    known_s: float
    back_s: float


@dataclass(slots=True)
class SimulatedUpstream:
    """A `farthing simulate`. Its calls are collected while it is alive, since it may be killed."""

    name: str
    url: str
    process: Process
    session: aiohttp.ClientSession
    life: int = 1
    calls: dict[tuple[int, int], UpstreamCall] = field(default_factory=dict)
    outages: list[Outage] = field(default_factory=list)
    _collected_s: float = 0.0
    _past_requests: int = 0
    _requests: int = 0

    async def start(self) -> None:
        """Start it."""
        await self.process.start(f"{self.url}/healthz")
        self._collected_s = time.time()

    async def reset(self) -> None:
        """Forget all earlier calls, here and there."""
        async with self.session.post(f"{self.url}/simulate/reset") as response:
            response.raise_for_status()
        self.calls.clear()
        self.outages.clear()

    async def kill_and_restart(self, down_s: float) -> None:
        """Kill it, and restart it after this many seconds with all its counts at 0."""
        await self.collect()
        known_s = self._collected_s
        await self.process.kill()
        await asyncio.sleep(down_s)
        self.life += 1
        self._past_requests, self._requests = self._past_requests + self._requests, 0
        await self.start()
        self.outages.append(Outage(self.name, known_s, time.time()))

    async def collect(self) -> None:
        """Collect what it has recorded since the last time."""
        life, now_s = self.life, time.time()
        for call in (await self._get("calls"))["calls"]:
            usage = Usage(**call["usage"])
            self.calls[life, call["number"]] = UpstreamCall(
                life, call["number"], call["model"], call["body_sha256"], call["ending"],
                call["fault"], usage,
            )  # fmt: skip
        self._collected_s = now_s

    async def in_flight(self) -> int:
        """Calls that have not ended."""
        return int((await self.counters())["in_flight"])

    async def attempts(self) -> int:
        """All requests that it ever received, as far as known."""
        models = (await self.counters())["models"].values()
        self._requests = sum(model["requests"] for model in models)
        return self._past_requests + self._requests

    async def counters(self) -> Any:
        """Its own exact counts, since its last start."""
        return await self._get("counters")

    async def fail_always(self, faults: tuple[str, ...]) -> None:
        """From now on all requests of all models meet these faults in turn."""
        script = {"model": "*", "faults": list(faults), "repeat": True}
        async with self.session.post(f"{self.url}/simulate/faults", json=script) as response:
            response.raise_for_status()

    async def fail_no_more(self) -> None:
        """Cancel all faults."""
        async with self.session.delete(f"{self.url}/simulate/faults") as response:
            response.raise_for_status()

    async def _get(self, what: str) -> Any:
        async with self.session.get(f"{self.url}/simulate/{what}") as response:
            return await response.json()


@dataclass(slots=True)
class Rig:
    """Everything that runs during a soak. `session` is for inspection, not for the load."""

    upstreams: Sequence[SimulatedUpstream]
    proxy: Process
    url: str
    ledger: Path
    tempo: Tempo
    session: aiohttp.ClientSession

    async def fleet(self) -> list[Mapping[str, Any]]:
        """The proxy's own view of its models and upstreams."""
        async with self.session.get(f"{self.url}/admin/fleet") as response:
            standings: list[Mapping[str, Any]] = (await response.json())["standings"]
        return standings

    async def collect(self) -> None:
        """Collect what the upstreams have recorded."""
        for upstream in self.upstreams:
            await upstream.collect()

    async def attempts(self) -> int:
        """All requests that upstreams ever received."""
        return sum([await upstream.attempts() for upstream in self.upstreams])

    @property
    def outages(self) -> list[Outage]:
        """When which upstream was down."""
        return [outage for upstream in self.upstreams for outage in upstream.outages]


@asynccontextmanager
async def upstreams_running(folder: Path) -> AsyncIterator[tuple[SimulatedUpstream, ...]]:
    """Both upstreams, stopped when the block is left. Raises DidNotStart."""
    dice, models = random.Random(os.getpid()), write_models(folder)
    async with _asking() as session:
        upstreams = tuple(_upstream(name, folder, models, session, dice) for name in UPSTREAMS)
        try:
            await asyncio.gather(*(upstream.start() for upstream in upstreams))
            yield upstreams
        finally:
            for upstream in upstreams:
                await upstream.process.kill()


@asynccontextmanager
async def rigged(
    folder: Path, upstreams: Sequence[SimulatedUpstream], tempo: Tempo, mutant: str | None
) -> AsyncIterator[Rig]:
    """The proxy, or a mutant of it, with fresh upstreams; it is stopped when the block is left.

    Raises DidNotStart.
    """
    config = write_config(folder, {each.name: each.url for each in upstreams}, tempo)
    port = free_port(random.Random(os.getpid()))
    proxy, url = _proxy(folder, config, port, mutant), f"http://127.0.0.1:{port}"
    async with _asking() as session:
        try:
            await proxy.start(f"{url}/readyz")
            for upstream in upstreams:
                await upstream.reset()
            yield Rig(upstreams, proxy, url, ledger_of(config), tempo, session)
        finally:
            await proxy.kill()


def _asking() -> aiohttp.ClientSession:
    """For inspection: it keeps no connections, because those are counted."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))


def free_port(dice: random.Random) -> int:
    """A port on which nobody listens."""
    while True:
        port = dice.choice(_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port


def _upstream(
    name: str, folder: Path, models: Path, session: aiohttp.ClientSession, dice: random.Random
) -> SimulatedUpstream:
    port = free_port(dice)
    argv = ("router", "simulate", "--port", str(port), "--models", str(models), "--seed", str(SEED))
    process = Process(folder / f"{name}.log", *argv)
    return SimulatedUpstream(name, f"http://127.0.0.1:{port}", process, session)


def _proxy(folder: Path, config: Path, port: int, mutant: str | None) -> Process:
    where = ("--config", str(config), "--port", str(port))
    if mutant is None:
        return Process(folder / "proxy.log", "router", "serve", *where)
    argv = ("benchmarks.chaos.mutant_server", *where, "--mutant", mutant)
    return Process(folder / "proxy.log", *argv)


async def _answers(url: str) -> bool:
    # A separate connection: one that is kept would count as one of the proxy's clients.
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return response.status == 200
    except (aiohttp.ClientError, OSError):
        return False
