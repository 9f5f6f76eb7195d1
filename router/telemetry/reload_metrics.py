"""Reloads in Prometheus' format."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from router.pipeline.current import Current


class ReloadCollector(Collector):
    """Whether what is in force agrees with the files."""

    def __init__(self, current: Current) -> None:
        self._current = current

    def collect(self) -> Iterator[Metric]:
        """Reloads by how they ended, whether the files are broken now, what is unused, and when all was sound."""
        reloads = CounterMetricFamily(
            "farthing_reloads", "How often the files were read again", labels=["result"]
        )
        for result, count in self._current.counts.items():
            reloads.add_metric([result], count)
        yield reloads
        yield GaugeMetricFamily(
            "farthing_reload_failed",
            "1 while the files are invalid and earlier settings are in force",
            value=float(self._current.standing.is_stale),
        )
        yield GaugeMetricFamily(
            "farthing_learnt_unused",
            "How much of what was learnt is damaged and not in force: the artefact, local evidence",
            value=len(self._current.unused),
        )
        yield GaugeMetricFamily(
            "farthing_reload_succeeded_seconds",
            "When the files were last found valid, as a Unix time",
            value=self._current.succeeded_s,
        )
