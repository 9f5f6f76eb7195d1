"""litellm's processes are kept running: started again, ever more seldom, ended, and taken in turns."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from router.domain.fault import FaultKind
from router.providers.litellm_process.process import READY, LitellmProcess
from router.providers.litellm_process.processes import LitellmProcesses
from router.providers.litellm_process.upstream import LitellmProcessUpstream
from router.providers.simulated import RunningSimulator, default_models, running
from router.providers.translating.arguments import CallTarget
from tests.providers.calls import KEY, call, fault_of, plain
from tests.providers.litellm_kit import soon
from tests.simulated.raw import until

# One process answers all tests here, because it takes seconds to start; so they share a loop.
pytestmark = pytest.mark.asyncio(loop_scope="module")
shared = pytest_asyncio.fixture(scope="module", loop_scope="module")
fresh = pytest_asyncio.fixture(loop_scope="module")

CLAUDE = "claude-sonnet-4-20250514"


@fresh
async def simulator() -> AsyncIterator[RunningSimulator]:
    async with running(default_models(), speed=0, keep_bodies=True) as made:
        yield made


# ------------------------------------------------------------ keeping one


class Pauses:
    """Notes how long is waited between two starts; the one after `allowed` is waited for ever."""

    def __init__(self, allowed: int) -> None:
        self.noted: list[float] = []
        self.allowed = allowed
        self.enough = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.noted.append(seconds)
        if len(self.noted) > self.allowed:
            self.enough.set()
            await asyncio.Event().wait()


def program(text: str) -> Callable[[Path], Sequence[str]]:
    return lambda socket: [sys.executable, "-c", text, str(socket)]


@contextlib.asynccontextmanager
async def keeping(text: str, pauses: Pauses) -> AsyncIterator[LitellmProcess]:
    made = LitellmProcess(pauses.sleep, program(text))
    try:
        yield made
    finally:
        await made.close()


async def test_one_that_cannot_start_is_tried_ever_more_seldom_and_nobody_waits_for_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pauses = Pauses(allowed=8)
    async with keeping("raise SystemExit(3)", pauses) as litellm_process:
        litellm_process.start()
        await soon(pauses.enough)
        to = LitellmProcessUpstream(litellm_process, CallTarget("anthropic", KEY, "", {}))
        fault = await fault_of(to, call(CLAUDE))

    assert pauses.noted == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert (fault.kind, fault.reached_model) == (FaultKind.UNREACHABLE, False)
    assert "litellm's process ended; another one starts in 60 s" in caplog.text


async def test_a_program_that_is_not_there_keeps_nobody_waiting(tmp_path: Path) -> None:
    pauses = Pauses(allowed=1)
    litellm_process = LitellmProcess(pauses.sleep, lambda _: [str(tmp_path / "nothing")])
    litellm_process.start()
    await soon(pauses.enough)
    fault = await fault_of(
        LitellmProcessUpstream(litellm_process, CallTarget("anthropic", KEY, "", {})), call(CLAUDE)
    )
    await litellm_process.close()

    assert (fault.kind, pauses.noted) == (FaultKind.UNREACHABLE, [1, 2])


async def test_one_that_could_be_asked_is_followed_by_another_soon() -> None:
    pauses = Pauses(allowed=3)
    async with keeping(f"print({READY.decode().strip()!r}, flush=True)", pauses) as litellm_process:
        litellm_process.start()
        await soon(pauses.enough)

    assert pauses.noted == [0.5] * 4


async def test_one_that_does_not_listen_to_us_is_ended_all_the_same() -> None:
    stubborn = "import signal; print('hm', flush=True); signal.pause()"
    said_no_more = "import signal, sys; print('ready', flush=True); signal.pause()"
    for text in (stubborn, said_no_more):
        async with keeping(text, Pauses(allowed=0)) as litellm_process:
            litellm_process.start()
            await until(lambda litellm_process=litellm_process: litellm_process.pid is not None)  # type: ignore[misc]
            pid = litellm_process.pid
        assert pid is not None
        assert not psutil.pid_exists(pid)


async def test_whoever_has_no_time_to_wait_for_its_end_ends_it_at_once(tmp_path: Path) -> None:
    asked_to_end = tmp_path / "asked"
    stubborn = (
        "import pathlib, signal, sys; print('hm', flush=True); sys.stdin.read();"
        f" pathlib.Path({str(asked_to_end)!r}).touch(); signal.pause()"
    )
    async with keeping(stubborn, Pauses(allowed=0)) as litellm_process:
        litellm_process.start()
        await until(asked_to_end.exists)
        pid = litellm_process.pid
    assert pid is not None
    assert not psutil.pid_exists(pid)


async def test_nothing_is_started_before_it_is_needed() -> None:
    litellm_process = LitellmProcess()
    to = LitellmProcessUpstream(litellm_process, CallTarget("anthropic", KEY, "", {}))
    await to.close()
    await litellm_process.close()

    assert litellm_process.pid is None


async def test_one_of_another_version_that_does_not_know_the_question_is_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked = tmp_path / "asked"
    litellm_process = LitellmProcess(command=program(_OLDER.format(asked=asked)), look_s=0.2)
    litellm_process.start()
    try:
        await until(asked.exists)
    finally:
        await litellm_process.close()

    assert caplog.messages == []


_OLDER = """
import asyncio, itertools, pathlib, sys
from aiohttp import web

times = itertools.count()

@web.middleware
async def noticed(request, handler):
    if next(times) == 8:
        pathlib.Path("{asked}").touch()
    return await handler(request)

async def main():
    runner = web.AppRunner(web.Application(middlewares=[noticed]))
    await runner.setup()
    await web.UnixSite(runner, sys.argv[1]).start()
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


# ------------------------------------------------------------ several processes


@fresh
async def two() -> AsyncIterator[tuple[LitellmProcesses, Sequence[LitellmProcess]]]:
    pair = [LitellmProcess(look_s=2.0), LitellmProcess(look_s=2.0)]
    made = LitellmProcesses(pair)
    made.start()
    for each in pair:
        await each.session()
    yield made, pair
    await made.close()


@pytest.mark.parametrize("trouble", [signal.SIGKILL, signal.SIGSTOP])
async def test_several_processes_take_turns_and_pass_over_one_that_has_died_or_stands_still(
    two: tuple[LitellmProcesses, Sequence[LitellmProcess]],
    simulator: RunningSimulator,
    trouble: signal.Signals,
) -> None:
    litellm_processes, (one, other) = two
    to = LitellmProcessUpstream(
        litellm_processes, CallTarget("hosted_vllm", KEY, simulator.base_url, {})
    )
    asked = [await litellm_processes.session() for _ in range(4)]
    assert asked[:2] == asked[2:]
    assert set(asked) == {await one.session(), await other.session()}
    assert all([await plain(to, call("sim-mid")) for _ in range(2)])

    assert one.pid is not None
    os.kill(one.pid, trouble)
    await until(lambda: not one.is_running)
    left = await other.session()
    assert [await litellm_processes.session() for _ in range(3)] == [left] * 3
    assert await plain(to, call("sim-mid"))


async def test_one_that_gives_no_sign_of_life_is_asked_rather_than_one_that_is_not_there(
    tmp_path: Path,
) -> None:
    """A machine under load is why one was given up, and why the other is late."""
    gone = LitellmProcess(Pauses(allowed=0).sleep, program("raise SystemExit(3)"))
    slow = LitellmProcess(command=program(_OLDER.format(asked=tmp_path / "asked")), look_s=0.5)
    litellm_processes = LitellmProcesses([gone, slow])
    try:
        left = await slow.session()
        assert slow.pid is not None
        os.kill(slow.pid, signal.SIGSTOP)
        await until(lambda: not slow.is_running)
        assert [await litellm_processes.session() for _ in range(3)] == [left] * 3
    finally:
        await litellm_processes.close()


async def test_no_process_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        LitellmProcesses([])
