"""The processes: the upstream on one core, a contestant on another, each with its output going to a file."""

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos.rig import free_port
from benchmarks.overhead.asked import SMALL, Shape
from benchmarks.overhead.client import Answer
from benchmarks.overhead.contestant import OUR_CODE, Contestant, Launch, Place, Unavailable
from benchmarks.overhead.load import Target, connected

_START_S = 120.0
_ANSWER_S = 10.0
_STOP_S = 15.0
_POLL_S = 0.02
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_NOT_INHERITED = {*_PROXIES, *(name.upper() for name in _PROXIES), "PYTHONPATH"}


@dataclass(frozen=True, slots=True)
class Cores:
    """Which process runs on which core. With two cores the load shares one with the upstream."""

    contestant: int
    load: int
    mock: int

    @classmethod
    def of(cls, available: frozenset[int]) -> "Cores":
        """A division of the available cores. Raises ValueError if there is only one."""
        first, *others = sorted(available)
        if not others:
            raise ValueError(
                "it takes two cores at least: one for who is measured, one for the rest"
            )
        return cls(others[-1], others[0] if len(others) > 1 else first, first)


@dataclass(frozen=True, slots=True)
class Running:
    """A contestant that answers: what to send to it, where, and how long it took from its start to that.

    `pid` is None for the upstream itself.
    """

    launch: Launch
    port: int
    pid: int | None = None
    start_s: float = 0.0

    def target(self, shape: Shape, *, same: bool = False) -> Target:
        """Where questions of this shape go."""
        question, headers = shape.asked_of(self.launch.model), tuple(self.launch.headers.items())
        return Target(self.port, self.launch.path, headers, question, shape.is_stream, same)


@contextmanager
def upstream(folder: Path, cores: Cores) -> Iterator[int]:
    """The port of the upstream, which runs until the block is left."""
    port = free_port(random.Random(os.getpid()))
    argv = (sys.executable, "-m", "benchmarks.overhead.mock", str(port))
    with _process(argv, OUR_CODE, folder / "mock.log", folder, cores.mock):
        yield port


@asynccontextmanager
async def running(
    contestant: Contestant, home: Path, folder: Path, upstream_port: int, core: int
) -> AsyncIterator[Running]:
    """A contestant, from its first right answer until the block is left.

    Raises Unavailable when there is none.
    """
    port = free_port(random.Random(time.monotonic_ns()))
    place = Place(home, folder, port, f"http://127.0.0.1:{upstream_port}")
    launch = contestant.launch(place)
    log, began_s = folder / "log", time.monotonic()
    with _process(launch.argv, launch.env, log, folder, core) as process:
        await _first_answer(Running(launch, port).target(SMALL), process, log)
        yield Running(launch, port, process.pid, time.monotonic() - began_s)


async def first_answer_of_upstream(port: int) -> Running:
    """The upstream itself, as if it were a contestant, once it answers. Raises Unavailable."""
    found = Running(Launch(()), port)
    await _first_answer(found.target(SMALL), None, None)
    return found


async def _first_answer(
    target: Target, process: "subprocess.Popen[bytes] | None", log: Path | None
) -> None:
    deadline_s, problem = time.monotonic() + _START_S, "nobody listens"
    while time.monotonic() < deadline_s:
        with suppress(OSError, TimeoutError):
            answer = await ask_once(target)
            if not answer.problem:
                return
            problem = answer.problem
        if process is not None and process.poll() is not None:
            raise Unavailable(f"it ended with status {process.returncode}: {_said(log)}")
        await asyncio.sleep(_POLL_S)
    raise Unavailable(f"no right answer in {_START_S:.0f} s ({problem}): {_said(log)}")


async def ask_once(target: Target) -> Answer:
    """One question over a separate connection. Raises OSError or TimeoutError."""
    came: asyncio.Queue[Answer] = asyncio.Queue()
    client = await connected(target, lambda _, answer: came.put_nowait(answer))
    client.ask(next(target.requests(0)), time.monotonic_ns())
    try:
        async with asyncio.timeout(_ANSWER_S):
            return await came.get()
    finally:
        client.close()


@contextmanager
def _process(
    argv: tuple[str, ...], env: Mapping[str, str], log: Path, folder: Path, core: int
) -> "Iterator[subprocess.Popen[bytes]]":
    """A program bound to a core, in its own session; all of it ends with the block."""
    bound = (shutil.which("taskset") or "taskset", "-c", str(core), *argv)
    with log.open("wb") as said:
        process = subprocess.Popen(
            bound, cwd=folder, env=_environment(env), stdout=said, stderr=said,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        _stop(process)


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    return {**kept, **more}


def _stop(process: "subprocess.Popen[bytes]") -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_S)


def _said(log: Path | None) -> str:
    return log.read_text("utf-8", "replace")[-1500:] if log else ""
