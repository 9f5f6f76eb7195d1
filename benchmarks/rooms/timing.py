"""How long something takes: the median of many rounds, by the clock and by the processor."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns, thread_time_ns


@dataclass(frozen=True, slots=True)
class Time:
    """Microseconds: the median by the clock, and that of the processor's own time."""

    p50_us: float
    cpu_us: float


def timed(prepare: Callable[[], Callable[[], object]], budget_s: float, most: int) -> Time:
    """The time of what `prepare` makes for each round: `most` rounds, or fewer where `budget_s` is over before."""
    walls, cpus = list[int](), list[int]()
    ends = perf_counter_ns() + round(budget_s * 1e9)
    while len(walls) < most and (len(walls) < 3 or perf_counter_ns() < ends):
        act = prepare()
        cpu, began = thread_time_ns(), perf_counter_ns()
        act()
        walls.append(perf_counter_ns() - began)
        cpus.append(thread_time_ns() - cpu)
    return Time(median(walls) / 1000, median(cpus) / 1000)
