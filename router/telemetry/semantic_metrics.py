"""The semantic cache in Prometheus' format: what was found, what was refused and why, what was checked."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from router.pipeline.semantic import Semantic


class SemanticCollector(Collector):
    """The counts of a semantic cache, and what is known of its mistakes."""

    def __init__(self, semantic: Semantic) -> None:
        self._semantic = semantic

    def collect(self) -> Iterator[Metric]:
        """Looks by how they ended, and by policy the bounds of the share of answers that differ."""
        looks = CounterMetricFamily(
            "farthing_semantic",
            "Lookups by outcome: given, found, alone, tied, or what ruled the nearest out",
            labels=["policy", "outcome"],
        )
        for (policy, outcome), count in sorted(self._semantic.counts.items()):
            looks.add_metric([policy, outcome], count)
        yield looks
        yield from self._watched()

    def _watched(self) -> Iterator[Metric]:
        bounds = GaugeMetricFamily(
            "farthing_semantic_differing",
            "Bounds (95 %) of the share of answers that differ from new ones",
            labels=["policy", "bound"],
        )
        stopped = GaugeMetricFamily(
            "farthing_semantic_stopped", "1 if too many differed", labels=["policy"]
        )
        monitor = self._semantic.monitor
        for policy, tally in sorted(monitor.tallies.items()):
            bounds.add_metric([policy, "lower"], tally.lower)
            bounds.add_metric([policy, "upper"], tally.upper)
            stopped.add_metric([policy], float(monitor.is_stopped(policy)))
        yield bounds
        yield stopped
