"""Counts and histograms of one process: plain numbers by labels, added to on the way, read when asked.

A request adds to a dozen of them. Those of Prometheus' library take a lock and look up their labels each
time, which takes seven times as long; only its formats are used, and loaded when Prometheus first asks.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
    from prometheus_client.metrics_core import Metric

Labels = tuple[str, ...]
_MOST_SERIES = 1_000
"""Labels are models, policies, outcomes and codes. If there are more sets of them than anybody would read,
the rest is counted together."""
OTHER = "other"


class Collects(Protocol):
    """What Prometheus' library reads from: its `Collector`, or anything that collects like one."""

    def collect(self) -> "Iterable[Metric]":
        """All metrics as they are now."""
        ...


class Count:
    """A number by labels; it never falls. At most 1,000 sets of labels are told apart."""

    def __init__(self, name: str, told: str, labels: Sequence[str], *, unit: int = 1) -> None:
        self.name = name
        self._told = told
        self._labels = labels
        self._unit = unit
        self._numbers: dict[Labels, int] = {}

    def add(self, labels: Labels, number: int = 1) -> None:
        """Add `number` to the count, in whole parts of which `unit` make one."""
        numbers = self._numbers
        if labels not in numbers and len(numbers) >= _MOST_SERIES:
            labels = (OTHER,) * len(labels)
        numbers[labels] = numbers.get(labels, 0) + number

    def family(self) -> "CounterMetricFamily":
        """All numbers, as Prometheus' library has them."""
        from prometheus_client.core import CounterMetricFamily  # noqa: PLC0415 - as said above

        family = CounterMetricFamily(self.name, self._told, labels=self._labels)
        for labels, number in sorted(self._numbers.items()):
            family.add_metric(labels, number / self._unit)
        return family


class Histogram:
    """How durations are spread, by labels: how many were within each bound, in seconds."""

    def __init__(
        self, name: str, told: str, labels: Sequence[str], bounds: Sequence[float]
    ) -> None:
        self.name = name
        self._told = told
        self._labels = labels
        self._bounds = bounds
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}

    def add(self, labels: Labels, seconds: float) -> None:
        """Add one that took `seconds`."""
        counts = self._counts.get(labels)
        if counts is None:
            if len(self._counts) >= _MOST_SERIES:
                labels = (OTHER,) * len(labels)
            counts = self._counts.setdefault(labels, [0] * (len(self._bounds) + 1))
            self._sums.setdefault(labels, 0.0)
        counts[bisect_left(self._bounds, seconds)] += 1
        self._sums[labels] += seconds

    def family(self) -> "HistogramMetricFamily":
        """All of them, as Prometheus' library has them."""
        from prometheus_client.core import HistogramMetricFamily  # noqa: PLC0415 - as said above

        family = HistogramMetricFamily(self.name, self._told, labels=self._labels)
        for labels, counts in sorted(self._counts.items()):
            family.add_metric(labels, list(self._cumulative(counts)), self._sums[labels])
        return family

    def _cumulative(self, counts: Sequence[int]) -> Iterator[tuple[str, float]]:
        sum_so_far = 0
        for bound, count in zip((*self._bounds, inf), counts, strict=True):
            sum_so_far += count
            yield "+Inf" if bound == inf else repr(float(bound)), sum_so_far
