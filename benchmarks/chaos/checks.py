"""What must hold between and after the phases: nothing in flight, nothing held, nothing unpaid."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from benchmarks.chaos.books import Asked, audit, read_rows
from benchmarks.chaos.cast import ACTORS
from benchmarks.chaos.gauges import Files, open_files, resident_bytes
from benchmarks.chaos.load import Given
from benchmarks.chaos.report import Invariant, Report
from benchmarks.chaos.rig import Rig

RETRY_SHARE = 0.2
RETRY_FLOOR = 10
"""Of the proxy's allowance of retries (router/dispatch/fleet.py, allowance.py)."""
FAILURES_TO_OPEN = 5
"""A breaker opens after so many failures in a row (router/dispatch/breaker.py)."""

MEMORY_SLACK_BYTES = 32 * 2**20
MEMORY_BYTES_PER_REQUEST = 256
MEMORY_FILLING_REQUESTS = 20_000
MEMORY_BYTES_FILLING = 1536
"""What the process may hold more than after its warm-up: caches and windows that fill up and what the
allocator keeps after the largest answers; next to nothing for each request; and of each of the first ones
what conversations, features and questions are remembered by, up to the bounds that docs/scale.md lists."""

_LOOK_EVERY_S = 0.05
_SPARE_FILES = 4
_COMPLAINTS = ("Traceback", '"level": "error"', "never retrieved", "Unclosed", "not written")


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the proxy held at some time; None if that is not available on this system."""

    requests: int
    files: Files | None
    memory_bytes: int | None

    @classmethod
    def of(cls, rig: Rig, requests: int) -> "Holdings":
        """What it holds now, after this many requests."""
        return cls(requests, open_files(rig.proxy.pid), resident_bytes(rig.proxy.pid))


async def check_settled(rig: Rig, report: Report) -> None:
    """All calls have ended soon after the load has, for the upstreams and for the proxy."""
    left: dict[str, int] = {}

    async def is_settled() -> bool:
        left.clear()
        left.update({each.name: await each.in_flight() for each in rig.upstreams})
        left.update({str(each["name"]): int(each["in_flight"]) for each in await rig.fleet()
                     if each["kind"] == "model"})  # fmt: skip
        return not any(left.values())

    if not await _soon(is_settled, rig.tempo.settle_s):
        stuck = ", ".join(f"{name} {count}" for name, count in left.items() if count)
        report.violated(Invariant.IN_FLIGHT, f"{rig.tempo.settle_s:g} s after the load: {stuck}")


async def check_files_at_rest(
    rig: Rig, report: Report, *, at_first: Holdings, warm: Holdings, kept_alive: int
) -> None:
    """At rest there are the warm proxy's files, and connections to upstreams that are kept."""
    if at_first.files is None or warm.files is None:
        return
    most = Files(at_first.files.sockets + kept_alive, warm.files.others + _SPARE_FILES)
    await _check_files(rig, report, most, "at rest")


async def check_files_alone(
    rig: Rig, report: Report, *, at_first: Holdings, warm: Holdings
) -> None:
    """Once the upstreams have stopped, no connection is left."""
    if at_first.files is None or warm.files is None:
        return
    most = Files(at_first.files.sockets, warm.files.others + _SPARE_FILES)
    await _check_files(rig, report, most, "without clients and upstreams")


def check_memory(report: Report, *, warm: Holdings, now: Holdings) -> None:
    """What is held has not grown with the number of requests."""
    if warm.memory_bytes is None or now.memory_bytes is None:
        return
    requests = now.requests - warm.requests
    filling = MEMORY_BYTES_FILLING * min(requests, MEMORY_FILLING_REQUESTS)
    grown, most = (
        now.memory_bytes - warm.memory_bytes,
        MEMORY_SLACK_BYTES + MEMORY_BYTES_PER_REQUEST * requests + filling,
    )
    course = report.measured.setdefault("memory", f"{_mib(warm.memory_bytes)} warm")
    report.measured["memory"] = f"{course}, {_mib(now.memory_bytes)}"
    if grown > most:
        report.violated(
            Invariant.MEMORY,
            f"{_mib(grown)} more after {requests} requests, where {_mib(most)} are allowed",
        )


def check_storm(report: Report, *, requests: int, attempts: int, concurrency: int) -> None:
    """Attempts stay within 1.2 times the requests and a floor.

    The floor is what can be in progress before anybody knows: the allowance's own, and for each model
    the failures that open its breaker, plus as many as there are concurrent clients.
    """
    floor = RETRY_FLOOR + len(ACTORS) * (FAILURES_TO_OPEN + concurrency)
    most = (1 + RETRY_SHARE) * requests + floor
    report.measured["storm"] = f"{attempts} attempts for {requests} requests, at most {most:.0f}"
    if attempts > most:
        report.violated(
            Invariant.STORM, f"{attempts} attempts for {requests} requests: more than {most:.0f}"
        )


async def check_calm(rig: Rig, report: Report, given: Sequence[Given]) -> None:
    """Everything succeeds at the first attempt, and no breaker is open."""
    for each in given:
        attempts = each.seen.headers.get("x-farthing-attempts")
        tries = {"0", "1", "2"} if each.shot.asked == "auto:hedged" else {"0", "1"}
        if not each.answered or attempts not in tries:
            said = each.seen.body.decode("utf-8", "replace")
            report.violated(
                Invariant.CALM,
                f"{each.shot.tag} ({each.shot.asked}): status {each.seen.status}, {attempts} attempts: {said}",
            )
    for standing in await rig.fleet():
        if standing["state"] != "closed":
            report.violated(Invariant.CALM, f"after calm requests: {standing}")


def check_money(rig: Rig, report: Report, asked: Sequence[Asked]) -> None:
    """The ledger agrees with the upstreams' own accounts."""
    calls = [call for upstream in rig.upstreams for call in upstream.calls.values()]
    result = audit(asked, read_rows(rig.ledger), calls, rig.outages)
    for finding in result.findings:
        report.violated(Invariant.MONEY, finding)
    report.faults = Counter(call.fault for call in calls if call.fault != "ok")
    report.measured["told by upstreams"] = f"{result.exact_rows} attempts, ${result.exact}"
    report.measured["estimated"] = f"{result.estimated_rows} attempts, ${result.estimated}"
    report.measured["free"] = f"{result.free_rows} attempts"
    report.measured["without the upstream's word"] = f"{result.unseen_rows} attempts"


async def check_end(rig: Rig, report: Report) -> None:
    """The proxy stops cleanly and has logged no complaint."""
    if (status := await rig.proxy.stop()) != 0:
        report.violated(Invariant.ORDERLY, f"told to end, it ended with status {status}")
    for process in (rig.proxy, *(upstream.process for upstream in rig.upstreams)):
        for line in process.said.splitlines():
            if any(word in line for word in _COMPLAINTS):
                report.violated(Invariant.ORDERLY, f"{process.log.name}: {line}")


async def _check_files(rig: Rig, report: Report, most: Files, when: str) -> None:
    pid, found = rig.proxy.pid, most

    async def is_back() -> bool:
        nonlocal found
        found = open_files(pid) or most
        return found.sockets <= most.sockets and found.others <= most.others

    if not await _soon(is_back, rig.tempo.settle_s):
        report.violated(Invariant.DESCRIPTORS, f"{when}: {found}, where {most} is expected")
    report.measured[f"open files {when}"] = f"{found.sockets} sockets, {found.others} others"


async def _soon(is_so: Callable[[], Awaitable[bool]], within_s: float) -> bool:
    deadline_s = time.monotonic() + within_s
    while not await is_so():
        if time.monotonic() > deadline_s:
            return False
        await asyncio.sleep(_LOOK_EVERY_S)
    return True


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:.1f} MiB"
