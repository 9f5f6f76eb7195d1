"""How a crew keeps its seats filled: with real processes that do nothing but keep to the channel."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field

import psutil
import pytest

from router.cli.serve.crew.crew import Crew
from router.cli.serve.crew.orders import Job, Orders
from router.cli.serve.crew.worker import Worker, hired
from tests.e2e.patience import until

IDLER = """
import signal, socket, sys
channel = socket.socket(fileno=int(sys.argv[1]))
lines = channel.makefile("r")
lines.readline()
channel.sendall(b'{"models": 7}\\n')
signal.signal(signal.SIGTERM, signal.SIG_DFL)
for line in lines:
    if "retire" in line:
        break
"""
STILLBORN = "raise SystemExit(3)"
SLOW = "import time; time.sleep(60)"


@dataclass
class Agency:
    """Starts what the next script says, else idlers; remembers everybody."""

    scripts: list[str] = field(default_factory=list)
    hired: list[Worker] = field(default_factory=list)
    dismissed: list[Worker] = field(default_factory=list)

    async def hire(self, number: int) -> Worker:
        script = self.scripts.pop(0) if self.scripts else IDLER
        command = [sys.executable, "-S", "-c", script]
        worker = await hired(command, Job(number, 0, 0, "", {}))
        self.hired.append(worker)
        return worker

    def at_work(self) -> list[int]:
        """The seats of those who are there to stay."""
        there = [each for each in self.hired if each not in self.dismissed and not each.is_leaving]
        return sorted(each.number for each in there)


@dataclass
class SlowAgency(Agency):
    """The next one who is asked for while there is a `gate` starts when that is open."""

    gate: asyncio.Event | None = None

    async def hire(self, number: int) -> Worker:
        gate, self.gate = self.gate, None
        if gate is not None:
            await gate.wait()
        return await super().hire(number)


@asynccontextmanager
async def crew_of(agency: Agency) -> AsyncIterator[Crew]:
    crew = Crew(2, agency.hire, agency.dismissed.append, shutdown_s=5.0)
    try:
        yield crew
    finally:
        await crew.stop()
    assert set(agency.hired) == set(agency.dismissed)
    assert not any(psutil.pid_exists(each.pid) for each in agency.hired)


async def came_true(agency: Agency, seats: list[int], dismissed: int) -> None:
    """Wait until these seats are taken, and this many have left."""
    await asyncio.to_thread(
        until, lambda: agency.at_work() == seats and len(agency.dismissed) == dismissed
    )


async def test_who_dies_is_followed_by_another_one(caplog: pytest.LogCaptureFixture) -> None:
    agency = Agency()
    async with crew_of(agency) as crew:
        assert await crew.start() == 7
        agency.hired[1].send(signal.SIGKILL)
        await came_true(agency, [0, 1], dismissed=1)

    assert f"worker 1 (process {agency.hired[1].pid}) ended by SIGKILL" in caplog.text


async def test_one_that_dies_again_and_again_is_tried_again_and_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    agency = Agency()
    async with crew_of(agency) as crew:
        await crew.start()
        agency.scripts = [STILLBORN, STILLBORN]
        agency.hired[0].send(signal.SIGKILL)
        await came_true(agency, [0, 1], dismissed=3)

    assert "ended with status 3: another one starts in 1.0 s" in caplog.text
    assert "ended with status 3: another one starts in 2.0 s" in caplog.text


async def test_a_signal_does_not_take_the_status_of_one_that_is_just_ending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who waits for it was told that there is no such process, and said that it ended with status 255."""

    def taken(_: object) -> None:
        pytest.fail("the status was asked for")

    worker = await Agency().hire(0)
    assert await worker.models() == 7
    monkeypatch.setattr(subprocess.Popen, "poll", taken)
    for _ in range(2):
        worker.send(signal.SIGKILL)
        assert await worker.ended() == "by SIGKILL"


async def test_a_crew_does_not_begin_with_one_that_cannot_work() -> None:
    agency = Agency([IDLER, STILLBORN])
    async with crew_of(agency) as crew:
        assert await crew.start() is None


async def test_all_are_replaced_and_those_before_leave() -> None:
    agency = Agency()
    async with crew_of(agency) as crew:
        await crew.start()
        crew.renew()
        await came_true(agency, [0, 1], dismissed=2)

    assert [each.is_leaving for each in agency.hired] == [True, True, False, False]


async def test_who_wishes_it_again_meanwhile_gets_all_replaced_once_more() -> None:
    agency = Agency()
    async with crew_of(agency) as crew:
        await crew.start()
        for _ in range(3):
            crew.renew()
        await came_true(agency, [0, 1], dismissed=4)

    assert [each.number for each in agency.hired] == [0, 1, 0, 1, 0, 1]


async def test_one_that_cannot_be_replaced_stays_and_so_do_all_after_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    agency = Agency()
    async with crew_of(agency) as crew:
        await crew.start()
        agency.scripts = [STILLBORN]
        crew.renew()
        await came_true(agency, [0, 1], dismissed=1)
        await asyncio.to_thread(until, lambda: "worker 0 is not replaced" in caplog.text)

    assert not any(each.is_leaving for each in agency.hired)
    assert len(agency.hired) == 3


async def test_a_seat_that_is_empty_is_filled_once_when_all_are_replaced_meanwhile() -> None:
    agency = Agency()
    async with crew_of(agency) as crew:
        await crew.start()
        agency.hired[0].send(signal.SIGKILL)
        await came_true(agency, [1], dismissed=1)
        crew.renew()
        await asyncio.to_thread(until, lambda: len(agency.dismissed) >= 2)
        await asyncio.to_thread(until, lambda: agency.at_work() == [0, 1])


async def test_who_starts_for_a_seat_that_is_taken_meanwhile_leaves_again() -> None:
    agency, gate = SlowAgency(), asyncio.Event()
    async with crew_of(agency) as crew:
        await crew.start()
        agency.gate = gate
        agency.hired[0].send(signal.SIGKILL)
        await asyncio.to_thread(until, lambda: agency.gate is None)
        crew.renew()
        await came_true(agency, [0, 1], dismissed=2)
        gate.set()
        await came_true(agency, [0, 1], dismissed=3)


async def test_when_all_ends_nobody_new_comes() -> None:
    agency = Agency()
    async with crew_of(agency) as crew:
        await crew.start()
        crew.renew()
        crew.stopping.set()


async def test_nor_is_it_an_error_that_one_was_not_replaced_by_then(
    caplog: pytest.LogCaptureFixture,
) -> None:
    agency = Agency()
    async with crew_of(agency) as crew:
        await crew.start()
        agency.scripts = [SLOW]
        crew.renew()
        await asyncio.to_thread(until, lambda: len(agency.hired) == 3)
        crew.stopping.set()
        await came_true(agency, [0, 1], dismissed=1)

    assert "is not replaced" not in caplog.text


def test_orders_of_an_older_supervisor_may_say_more_than_is_known_here() -> None:
    orders = Orders(2, 3, "config.yaml", "::1", 8080, "INFO", 30.0)
    told = {**asdict(orders), "shutdown_s": 30, "longest_s": 600.0}

    assert Orders.of(told) == orders


def test_a_job_of_an_older_supervisor_is_understood() -> None:
    told = {"number": 1, "at": 2, "roll": 3, "folder": "/tmp/crew", "orders": {}}  # noqa: S108 - its words

    assert Job.of(told) == Job(1, 2, 3, "/tmp/crew", {})  # noqa: S108


async def test_a_worker_that_was_installed_under_its_supervisor_says_what_to_do(
    capfd: pytest.CaptureFixture[str],
) -> None:
    job = Job(0, 0, 0, "", {"workers": 2, "of_an_older_version": 1})
    worker = await hired([sys.executable, "-m", "router", "work"], job)

    assert await worker.models() is None
    assert await worker.ended() == "with status 1"
    assert (
        "another version of Farthing: stop 'farthing serve', and start it" in capfd.readouterr().err
    )
