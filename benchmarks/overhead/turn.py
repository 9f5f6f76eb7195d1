"""One contestant's turn in a round: everything that is measured of it, from its start to its end."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count

from benchmarks.overhead.asked import PLAIN, SMALL, STREAMED, Shape
from benchmarks.overhead.findings import Findings, quantile
from benchmarks.overhead.load import Outcome, Pace, Saturation
from benchmarks.overhead.processes import cpu_s, processes_of, rss_bytes
from benchmarks.overhead.rig import Running

RATES = (10, 200)
"""Requests a second at which latency is measured."""
CONNECTIONS = 64
FEW = 4
"""Streams at a time when it is measured how late their events come."""
MANY_STREAMS, FEW_STREAMS, LIFE = f"{CONNECTIONS} streams", f"{FEW} streams", "life"
_PATIENCE = 3
_SLICE_S = 0.1
_NUMBERS = 10**11
_US, _MB = 1e6, 1e6


def rate_name(per_s: int) -> str:
    """A rate, as a measure."""
    return f"{per_s}/s"


@dataclass(frozen=True, slots=True)
class Plan:
    """How long each measurement takes, in seconds, and how many rounds there are.

    What is done as fast as possible ends when the contestant has used this much CPU time,
    so that others on the machine do not shorten it; but after `_PATIENCE` times that at the latest.
    """

    rounds: int
    warm_s: float
    load_s: float
    slow_s: float
    fast_s: float


STEPS = len(PLAIN) + 2 + len(RATES)
"""Of a turn, for a bar."""
FULL = Plan(rounds=5, warm_s=0.5, load_s=2.0, slow_s=10.0, fast_s=4.0)
QUICK = Plan(rounds=1, warm_s=0.4, load_s=1.2, slow_s=2.0, fast_s=1.5)


@dataclass(frozen=True)
class Turn:
    """Whose turn it is; `step` is called after each measure. `same` as in Contestant."""

    name: str
    running: Running
    plan: Plan
    findings: Findings
    step: Callable[[], object]
    same: bool = False
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @cached_property
    def pids(self) -> tuple[int, ...]:
        """Of the contestant's processes; none for the upstream itself."""
        return () if self.running.pid is None else processes_of(self.running.pid)

    async def play(self) -> None:
        """Measure everything. Raises OSError if it no longer listens."""
        self._remember_memory("idle_mb")
        for shape in PLAIN:
            await self._saturate(shape)
        await self._stream()
        for per_s in RATES:
            await self._pace(per_s)
        self._remember_memory("loaded_mb")

    async def _saturate(self, shape: Shape) -> None:
        outcome, cpu = await self._loaded(shape)
        answers = max(1, len(outcome.good))
        self._add(shape.name, outcome, per_s=len(outcome.good) / outcome.seconds)
        self._add_cpu(shape.name, cpu, answers, outcome)

    async def _stream(self) -> None:
        if self.same:  # a stored answer is not a stream being generated
            self.step()
            self.step()
            return
        await self._stream_many()
        await self._stream_few()

    async def _stream_many(self) -> None:
        outcome, cpu = await self._loaded(STREAMED)
        self._add(MANY_STREAMS, outcome, per_s=outcome.chunks / outcome.seconds)
        self._add_cpu(MANY_STREAMS, cpu, max(1, outcome.chunks), outcome)

    async def _stream_few(self) -> None:
        async with self._load(STREAMED, FEW) as load:
            await load.window(self.plan.load_s)  # a connection's first stream is not typical
            outcome = await load.window(self.plan.load_s)
            while len(outcome.answers) < FEW and outcome.seconds < self.plan.load_s * _PATIENCE:
                outcome += await load.window(self.plan.load_s)
        firsts = [each.first_ns / 1000 for each in outcome.good]
        delays = [delay / 1000 for each in outcome.good for delay in each.delays_ns]
        self._add(
            FEW_STREAMS,
            outcome,
            first_p50_us=quantile(firsts, 0.5),
            first_p99_us=quantile(firsts, 0.99),
            chunk_p50_us=quantile(delays, 0.5),
            chunk_p99_us=quantile(delays, 0.99),
        )

    async def _pace(self, per_s: int) -> None:
        seconds = self.plan.slow_s if per_s == min(RATES) else self.plan.fast_s
        pace = Pace(self.running.target(SMALL, same=self.same), self._first_number())
        before_s = self._cpu_s()
        outcome = await pace.run(per_s, seconds)
        cpu = self._cpu_s() - before_s
        times = [each.done_ns / 1000 for each in outcome.good]
        self.step()
        p50_us, p99_us = quantile(times, 0.5), quantile(times, 0.99)
        self._add(rate_name(per_s), outcome, p50_us=p50_us, p99_us=p99_us)
        self._add_cpu(rate_name(per_s), cpu, max(1, len(outcome.good)), outcome)

    async def _loaded(self, shape: Shape) -> tuple[Outcome, float]:
        """What came through all connections, and the CPU seconds that it took."""
        async with self._load(shape, CONNECTIONS) as load:
            await self._used(load, self.plan.warm_s)
            return await self._used(load, self.plan.load_s)

    @asynccontextmanager
    async def _load(self, shape: Shape, connections: int) -> AsyncIterator[Saturation]:
        load = Saturation(self.running.target(shape, same=self.same), self._first_number())
        try:
            await load.start(connections)
            yield load
        finally:
            load.stop()
            self.step()

    async def _used(self, load: Saturation, seconds: float) -> tuple[Outcome, float]:
        """What comes until this much CPU time is used, and how much that was exactly."""
        outcome, cpu, before_s = Outcome(), 0.0, self._cpu_s()
        limit_s = seconds if self.running.pid is None else seconds * _PATIENCE
        while cpu < seconds and outcome.seconds < limit_s:
            outcome += await load.window(_SLICE_S)
            cpu = self._cpu_s() - before_s
            if load.is_dead:
                break
        return outcome, cpu

    def _first_number(self) -> int:
        return next(self.numbers) * _NUMBERS

    def _cpu_s(self) -> float:
        return cpu_s(self.pids)

    def _add(self, measure: str, outcome: Outcome, **units: float) -> None:
        self.findings.add(self.name, measure, **units)
        self.findings.complain(self.name, measure, outcome.problems)

    def _add_cpu(self, measure: str, cpu: float, answers: int, outcome: Outcome) -> None:
        if self.running.pid is not None:
            share = cpu / outcome.seconds
            self.findings.add(self.name, measure, cpu_us=cpu / answers * _US, share=share)

    def _remember_memory(self, unit: str) -> None:
        if self.running.pid is not None:
            self.findings.add(self.name, LIFE, **{unit: rss_bytes(self.pids) / _MB})
