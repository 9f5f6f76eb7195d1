"""What telemetry itself has lost, in Prometheus' format."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector


class LostCollector(Collector):
    """What was dropped because it could not be sent or written fast enough, by kind."""

    def __init__(self, lost: Callable[[], Mapping[str, int]]) -> None:
        self._lost = lost

    def collect(self) -> Iterator[Metric]:
        """The counts."""
        told = "Log lines, requests and spans that were dropped instead of delaying answers"
        dropped = CounterMetricFamily("farthing_telemetry_dropped", told, labels=["what"])
        for what, count in self._lost().items():
            dropped.add_metric([what], count)
        yield dropped
