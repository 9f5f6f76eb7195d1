"""How long something takes: in wall time, in CPU time, and undisturbed by others."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns, thread_time_ns


@dataclass(frozen=True, slots=True)
class Time:
    """Microseconds: the median wall time, the median CPU time, and the 10th percentile of the rounds' CPU time.

    The last one is what is compared: other programs empty caches, and so lengthen CPU time too.
    """

    p50_us: float
    cpu_us: float
    least_us: float


def timed(prepare: Callable[[], Callable[[], object]], budget_s: float, most: int) -> Time:
    """The time of what `prepare` makes for each round: `most` rounds, or fewer if `budget_s` is used up first."""
    walls, cpus = list[int](), list[int]()
    ends = perf_counter_ns() + round(budget_s * 1e9)
    while len(walls) < most and (len(walls) < 3 or perf_counter_ns() < ends):
        act = prepare()
        cpu, began = thread_time_ns(), perf_counter_ns()
        act()
        walls.append(perf_counter_ns() - began)
        cpus.append(thread_time_ns() - cpu)
    cpus.sort()
    return Time(median(walls) / 1000, median(cpus) / 1000, cpus[len(cpus) // 10] / 1000)
