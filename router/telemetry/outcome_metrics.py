"""Scores of answers in Prometheus' format: how many this process has kept, by their source."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from router.pipeline.scoring import Scorer


class OutcomeCollector(Collector):
    """The counts of a scorer."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer

    def collect(self) -> Iterator[Metric]:
        """Scores by source; a source without any is there with 0."""
        kept = CounterMetricFamily(
            "farthing_outcomes", "Scores of answers by who or what gave them", labels=["source"]
        )
        for source, count in sorted(self._scorer.counts.items()):
            kept.add_metric([source], count)
        yield kept
