"""What a proxy adds to each request, side by side: Farthing, others, and the least that Python can do.

    python -m benchmarks.overhead [--only farthing,bare] [--quick] [--rounds 5]
                                  [--json OUT] [--page OUT] [--svg OUT] [--cache DIR]

Installs those that are missing below the cache folder, runs each once a round on a core of its own
before one upstream that costs nothing, and prints medians of the rounds. Needs Linux and two cores.
"""

import argparse
import asyncio
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
import uvloop
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.overhead.contestant import Contestant, Unavailable
from benchmarks.overhead.findings import DIRECT, Findings
from benchmarks.overhead.peers import CONTESTANTS
from benchmarks.overhead.picture import drawn, panels_of
from benchmarks.overhead.rig import Cores, first_answer_of_upstream, running, upstream
from benchmarks.overhead.tables import YARDSTICK, in_page, written
from benchmarks.overhead.turn import FULL, LIFE, QUICK, STEPS, Plan, Turn
from router.domain.members import replace

_CACHE = Path("~/.cache/farthing-overhead")


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that a run has in common."""

    plan: Plan
    cache: Path
    cores: Cores
    folder: Path
    findings: Findings
    bar: Progress

    async def play(self, contestants: Sequence[Contestant]) -> None:
        """All rounds."""
        present = [each for each in contestants if self._is_installed(each)]
        total = self.plan.rounds * (len(present) + 1) * STEPS
        task = self.bar.add_task("", total=total)
        with upstream(self.folder, self.cores) as port:
            for number in range(self.plan.rounds):
                self.findings.rounds.append({})
                await self._direct(port)
                for each in present:
                    self.bar.update(task, description=f"round {number + 1}, {each.name}")
                    await self._turn(each, port)

    async def _direct(self, port: int) -> None:
        found = await first_answer_of_upstream(port)
        await Turn(DIRECT, found, self.plan, self.findings, self._step).play()

    async def _turn(self, contestant: Contestant, port: int) -> None:
        name, home = contestant.name, contestant.home(self.cache)
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            try:
                async with running(
                    contestant, home, Path(folder), port, self.cores.contestant
                ) as found:
                    self.findings.add(name, LIFE, start_s=found.start_s)
                    turn = Turn(name, found, self.plan, self.findings, self._step, contestant.same)
                    await turn.play()
            except (Unavailable, OSError) as error:
                self.findings.absent[name] = str(error)
        gc.collect()

    def _is_installed(self, contestant: Contestant) -> bool:
        if contestant.install is None:
            return True
        home = contestant.home(self.cache)
        done = home / ".installed"
        try:
            if not done.exists():
                self.bar.console.print(f"installing {contestant.name} into {home}")
                shutil.rmtree(home, ignore_errors=True)
                home.mkdir(parents=True)
                contestant.install(home)
                done.touch()
        except (Unavailable, OSError) as error:
            self.findings.absent[contestant.name] = str(error)
            return False
        return True

    def _step(self) -> None:
        for task in self.bar.tasks:
            self.bar.advance(task.id)
        self.bar.refresh()


def chosen(contestants: Sequence[Contestant], only: str) -> Sequence[Contestant]:
    """Those that `only` names, and the yardstick; all if it is empty. Raises ValueError for an unknown name."""
    if not only:
        return contestants
    words = frozenset(only.split(","))
    known = {word for each in contestants for word in (each.name, each.group)}
    if unknown := words - known:
        raise ValueError(f"nobody is called {', '.join(sorted(unknown))}")
    return [each for each in contestants if each.is_named(words | {YARDSTICK})]


def main() -> int:
    """Measure and print; 1 if an answer was wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="names, with commas between them")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--cache", type=Path, default=_CACHE)
    parser.add_argument("--json", type=Path, help="write every number into this file")
    parser.add_argument("--page", type=Path, help="put the tables into this page's places for them")
    parser.add_argument("--svg", type=Path, help="draw a picture into this file")
    args = parser.parse_args()
    plan = QUICK if args.quick else FULL
    plan = replace(plan, rounds=args.rounds or plan.rounds)
    findings = Findings()
    contestants = chosen(CONTESTANTS, args.only)
    measure(plan, args.cache.expanduser(), contestants, findings)
    print(written(findings, {each.name: each.told for each in contestants}))
    if args.json:
        args.json.write_bytes(orjson.dumps(findings.as_json(), option=orjson.OPT_INDENT_2))
    if args.page:
        args.page.write_text(in_page(args.page.read_text("utf-8"), findings), "utf-8")
    if args.svg:
        args.svg.write_text(drawn(panels_of(findings)), "utf-8")
    return 1 if any(findings.problems.values()) else 0


def measure(plan: Plan, cache: Path, contestants: Sequence[Contestant], findings: Findings) -> None:
    """Run everything, and fill `findings`."""
    cores = Cores.of(frozenset(os.sched_getaffinity(0)))
    os.sched_setaffinity(0, {cores.load})
    gc.disable()  # it would stop the load for milliseconds; it may run between turns
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with (
        tempfile.TemporaryDirectory(prefix="farthing-overhead-") as folder,
        Progress(*columns, console=console, auto_refresh=False, transient=True) as bar,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(Run(plan, cache, cores, Path(folder), findings, bar).play(contestants))


if __name__ == "__main__":
    sys.exit(main())
