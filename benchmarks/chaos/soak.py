"""The soak: warm-up, then rounds of chaos, storm, recovery and calm, then the end and the books."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import aiohttp

from benchmarks.chaos import checks
from benchmarks.chaos.cast import ACTORS
from benchmarks.chaos.checks import Holdings
from benchmarks.chaos.load import Load
from benchmarks.chaos.plan import Phase, Plan, Round
from benchmarks.chaos.report import Invariant, Report
from benchmarks.chaos.rig import Rig, SimulatedUpstream, rigged, upstreams_running
from benchmarks.chaos.shots import pinned_shot
from benchmarks.chaos.troubles import STORM
from benchmarks.chaos.weather import Weather

OnProgress = Callable[[str, Report], None]

_COLLECT_EVERY_S = 0.25
_LONGEST_DOWN_S = 0.5
_RECOVERY_TRIES = 12
_CONNECTIONS_PER_CLIENT = 2
"""A request that is hedged holds two; afterwards both are kept alive."""


async def run_soak(
    plan: Plan, folder: Path, *, mutant: str | None = None, on_progress: OnProgress | None = None
) -> Report:
    """Run the plan with everything in `folder`; returns what held and what did not.

    `mutant` runs a proxy that is broken on purpose instead of the real one. Raises DidNotStart if
    a process cannot be started.
    """
    async with upstreams_running(folder) as upstreams:
        task = _Task(plan, folder, mutant, on_progress)
        return await _soak(upstreams, task, are_ours=True)


async def soak_before(
    upstreams: Sequence[SimulatedUpstream], plan: Plan, folder: Path, *, mutant: str | None = None
) -> Report:
    """As `run_soak`, with upstreams that are already running and will be needed afterwards."""
    return await _soak(upstreams, _Task(plan, folder, mutant), are_ours=False)


@dataclass(frozen=True, slots=True)
class _Task:
    """What is asked of a soak."""

    plan: Plan
    folder: Path
    mutant: str | None = None
    on_progress: OnProgress | None = None


async def _soak(upstreams: Sequence[SimulatedUpstream], task: _Task, *, are_ours: bool) -> Report:
    plan, report = task.plan, Report(task.plan.seed)
    async with rigged(task.folder, upstreams, plan.tempo, task.mutant) as rig:
        soak = _Soak(plan, rig, Load(plan, rig.url, report), report, task.on_progress or _silence)
        at_first = Holdings.of(rig, requests=0)
        warm = await soak.run(at_first)
        if are_ours:
            for upstream in upstreams:
                await upstream.process.kill()
            await checks.check_files_alone(rig, report, at_first=at_first, warm=warm)
        await checks.check_end(rig, report)
        checks.check_money(rig, report, soak.load.asked)
    return report


def _silence(_phase: str, _report: Report) -> None:
    """Progress that is not shown."""


@dataclass(slots=True)
class _Soak:
    plan: Plan
    rig: Rig
    load: Load
    report: Report
    on_progress: OnProgress

    async def run(self, at_first: Holdings) -> Holdings:
        """All phases. Returns what the proxy held when it was warm."""
        async with _meanwhile(_collect(self.rig)):
            await self._calm(self.plan.warm_up)
            warm = self._holdings()
            for each in self.plan.rounds:
                await self._round(each)
                await checks.check_files_at_rest(
                    self.rig, self.report, at_first=at_first, warm=warm, kept_alive=self._kept_alive
                )
                checks.check_memory(self.report, warm=warm, now=self._holdings())
        await self.rig.collect()
        return warm

    async def _round(self, each: Round) -> None:
        self._enter(each.chaos)
        self.load.weather = Weather()
        async with _meanwhile(self._kill_upstreams(each.chaos)):
            given = await self.load.run(each.chaos)
        self.load.check_explained(given)
        if each.storm is not None:
            await self._storm(each.storm)
        await self._recover(each.calm.name)
        await self._calm(each.calm)

    async def _calm(self, phase: Phase) -> None:
        self._enter(phase)
        given = await self.load.run(phase)
        self.load.check_explained(given)
        await checks.check_calm(self.rig, self.report, given)
        await checks.check_settled(self.rig, self.report)

    async def _storm(self, phase: Phase) -> None:
        self._enter(phase)
        await checks.check_settled(self.rig, self.report)
        before = await self.rig.attempts()
        for upstream in self.rig.upstreams:
            await upstream.fail_always(STORM)
        given = await self.load.run(phase, in_storm=True)
        attempts = await self.rig.attempts() - before
        for upstream in self.rig.upstreams:
            await upstream.fail_no_more()
        checks.check_storm(
            self.report,
            requests=len(given),
            attempts=attempts,
            concurrency=self.plan.concurrency,
        )

    async def _recover(self, name: str) -> None:
        """Ask every model by name until its breaker is closed: a pinned model is always asked."""
        for turn in range(0 if self.load.is_over else _RECOVERY_TRIES):
            for model in ACTORS:
                shot = pinned_shot(self.plan.seed, model, f"recovery-{name}-{turn}-{model}")
                await self.load.one(shot)
            if all(each["state"] == "closed" for each in await self.rig.fleet()):
                return
        if not self.load.is_over:
            self.report.violated(Invariant.CALM, f"breakers do not close: {await self.rig.fleet()}")

    async def _kill_upstreams(self, phase: Phase) -> None:
        """One after the other, spread over the phase."""
        dice = Random(f"{self.plan.seed}/{phase.name}/kills")
        began_s, already = time.monotonic(), len(self.load.asked)
        for turn in range(phase.kills):
            share = (turn + 1) / (phase.kills + 1)
            until_s, until = began_s + phase.seconds * share, already + phase.requests * share
            while time.monotonic() < until_s and len(self.load.asked) < until:
                await self.load.next_reply()
            upstream = self.rig.upstreams[turn % len(self.rig.upstreams)]
            await _to_the_end(self._kill(upstream, dice.uniform(0.0, _LONGEST_DOWN_S)))

    async def _kill(self, upstream: SimulatedUpstream, down_s: float) -> None:
        began_s = time.monotonic()
        await upstream.kill_and_restart(down_s)
        self.load.weather.outage(upstream.name, began_s, time.monotonic())
        self.report.measured["kills"] = self.report.measured.get("kills", 0) + 1

    def _enter(self, phase: Phase) -> None:
        self.load.on_reply = lambda: self.on_progress(phase.name, self.report)

    def _holdings(self) -> Holdings:
        return Holdings.of(self.rig, len(self.load.asked))

    @property
    def _kept_alive(self) -> int:
        return self.plan.concurrency * _CONNECTIONS_PER_CLIENT


async def _collect(rig: Rig) -> None:
    """Collect what the upstreams have recorded, continuously; one that is down has to wait."""
    while True:
        with suppress(aiohttp.ClientError, OSError):
            await rig.collect()
        await asyncio.sleep(_COLLECT_EVERY_S)


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Finish the work even if we are cancelled meanwhile: what was killed must come back."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


@asynccontextmanager
async def _meanwhile(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do the work while the block runs; raises what it raised."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
