"""The load: concurrent clients, each with one request after the other, each reply judged."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from benchmarks.chaos.books import Asked
from benchmarks.chaos.client import ask
from benchmarks.chaos.plan import Phase, Plan
from benchmarks.chaos.replies import Ending, Seen, judge
from benchmarks.chaos.report import Invariant, Report
from benchmarks.chaos.shots import Shot, draw_shot
from benchmarks.chaos.weather import Weather
from router.domain.members import replace


@dataclass(frozen=True, slots=True)
class Given:
    """A request with its reply, and whether that is a complete answer."""

    shot: Shot
    seen: Seen
    answered: bool
    began_s: float


@dataclass(slots=True)
class Load:
    """Sends the requests of phases and judges the replies. `asked` is for comparing the books."""

    plan: Plan
    url: str
    report: Report
    weather: Weather = field(default_factory=Weather)
    asked: list[Asked] = field(default_factory=list)
    on_reply: Callable[[], None] = lambda: None
    _replied: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, phase: Phase, *, in_storm: bool = False) -> list[Given]:
        """All requests of the phase with their replies, whose bodies were judged and shortened."""
        numbers = self._numbers(phase)
        given: list[Given] = []
        async with self._session() as session, asyncio.TaskGroup() as clients:
            for _ in range(self.plan.concurrency):
                clients.create_task(self._client(session, phase, numbers, given, in_storm))
        return given

    async def one(self, shot: Shot) -> Given:
        """A single request outside of all phases."""
        async with self._session() as session:
            return await self._fire(session, shot, in_storm=False)

    @property
    def is_over(self) -> bool:
        """Whether the suspected failure has been seen."""
        return self.plan.suspected in self.report.violations

    async def next_reply(self) -> None:
        """Return when one more request has ended."""
        await self._replied.wait()

    async def _client(
        self,
        session: aiohttp.ClientSession,
        phase: Phase,
        numbers: Iterator[int],
        given: list[Given],
        in_storm: bool,
    ) -> None:
        for number in numbers:
            shot = draw_shot(self.plan.seed, phase.name, number, phase.mix)
            given.append(await self._fire(session, shot, in_storm=in_storm))

    async def _fire(self, session: aiohttp.ClientSession, shot: Shot, *, in_storm: bool) -> Given:
        began_s = time.monotonic()
        seen = await ask(session, f"{self.url}/v1/chat/completions", shot, self.plan.tempo)
        verdict = judge(shot, seen)
        given = Given(shot, seen, verdict.answered, began_s)
        for invariant, what in verdict.findings:
            self.report.violated(invariant, what)
        self.asked.append(Asked(shot, _certain(given), in_storm))
        self.report.requests[_how(given)] += 1
        self.report.manners[shot.manner] += 1
        self.weather.passed(shot, began_s, began_s + seen.took_s)
        self._replied.set()
        self._replied.clear()
        self.on_reply()
        return replace(given, seen=seen.shortened())

    def check_explained(self, given: Iterable[Given]) -> None:
        """Whoever met no fault got an answer; to be checked once it is known what else happened."""
        for each in given:
            shot, seen = each.shot, each.seen
            if each.answered or not shot.is_fair:
                continue
            if not self.weather.explains(shot, each.began_s, each.began_s + seen.took_s):
                what = f"{shot.tag} ({shot.asked}): status {seen.status}, {seen.ending}"
                said = seen.body.decode("utf-8", "replace")
                self.report.violated(Invariant.EXPLAINED, f"{what}, {seen.took_s:.1f} s: {said}")

    def _numbers(self, phase: Phase) -> Iterator[int]:
        until_s = time.monotonic() + phase.seconds
        for number in itertools.count():
            if number >= phase.requests or time.monotonic() >= until_s or self.is_over:
                return
            yield number

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[aiohttp.ClientSession]:
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            yield session


def _certain(given: Given) -> bool | None:
    """Whether the proxy must have recorded an answer; None if it cannot know what arrived."""
    if given.answered:
        return True
    unknown = given.shot.leaves or given.seen.ending is not Ending.WHOLE
    return None if unknown else False


def _how(given: Given) -> str:
    if given.answered:
        return "answered"
    if given.seen.ending is not Ending.WHOLE:
        return str(given.seen.ending)
    status = given.seen.status
    return "broken off by an error event" if status == 200 else f"status {status}"
