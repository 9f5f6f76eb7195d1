"""What processes cost, as the system counts it: CPU time and memory of a whole tree."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Stat:
    """A process's parent, and its memory in bytes."""

    pid: int
    parent: int
    rss_bytes: int


def stat_of(line: str) -> Stat:
    """A line of /proc/PID/stat, as proc(5) describes it; the name in parentheses may contain anything."""
    pid, _, rest = line.partition(" (")
    fields = rest.rpartition(") ")[2].split()
    return Stat(int(pid), int(fields[1]), int(fields[21]) * _PAGE_BYTES)


def tree(stats: Iterable[Stat], root: int) -> tuple[Stat, ...]:
    """The process `root` and all its descendants."""
    by_pid = {each.pid: each for each in stats}
    return tuple(each for each in by_pid.values() if _descends(each, root, by_pid))


def _descends(stat: Stat, root: int, by_pid: Mapping[int, Stat]) -> bool:
    while stat.pid != root:
        above = by_pid.get(stat.parent)
        if above is None:
            return False
        stat = above
    return True


def processes_of(root: int) -> tuple[int, ...]:
    """The ids of a process tree as it is now."""
    return tuple(each.pid for each in tree(_all(), root))


def cpu_s(pids: Iterable[int]) -> float:
    """CPU time of processes since their start; threads that have ended no longer count.

    It is read for each thread from schedstat, in ns; the ticks of /proc/PID/stat are 10 ms long, and a
    hundred requests to a fast contestant do not fill three.
    """
    return sum(_cpu_ns(pid) for pid in pids) / 1e9


def _cpu_ns(pid: int) -> int:
    total = 0
    with suppress(OSError):  # it may have ended meanwhile
        for thread in (_PROC / str(pid) / "task").iterdir():
            with suppress(OSError):
                total += int((thread / "schedstat").read_text().split()[0])
    return total


def rss_bytes(pids: Iterable[int]) -> int:
    """The memory of processes; what two of them share is counted twice."""
    return sum(each.rss_bytes for each in _stats(pids))


def _all() -> Iterator[Stat]:
    return _stats(int(each.name) for each in _PROC.iterdir() if each.name.isdecimal())


def _stats(pids: Iterable[int]) -> Iterator[Stat]:
    for pid in pids:
        with suppress(OSError):  # it may have ended meanwhile
            yield stat_of((_PROC / str(pid) / "stat").read_text())
