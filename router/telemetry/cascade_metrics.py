"""Cascades in Prometheus' format: how their steps ended, and what checks said of accepted answers."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from router.decision.verdicts import Pairing, StepOutcome, Verdicts

_LABELS = ("category", "models", "final", "outcome")
_OF_CHECKS = frozenset({StepOutcome.RIGHT, StepOutcome.WRONG, StepOutcome.UNCHECKED})


class CascadeCollector(Collector):
    """The counts of cascades of a process."""

    def __init__(self, verdicts: Verdicts) -> None:
        self._verdicts = verdicts

    def collect(self) -> Iterator[Metric]:
        """Steps by how they ended, and checks by what they said, each by category and models."""
        steps = CounterMetricFamily(
            "farthing_cascade_steps",
            "Steps by outcome: accepted, rejected, cannot_tell, failed, skipped",
            labels=_LABELS,
        )
        checks = CounterMetricFamily(
            "farthing_cascade_checks",
            "Accepted answers for which the final model was asked as well: right, wrong, unchecked",
            labels=_LABELS,
        )
        counts = Counter[tuple[str, ...]]()
        for (pairing, seen), count in self._verdicts.counts.items():
            counts[_labels(pairing, seen)] += count
        for labels, count in sorted(counts.items()):
            family = checks if labels[-1] in _OF_CHECKS else steps
            family.add_metric(labels, count)
        yield steps
        yield checks


def _labels(pairing: Pairing, seen: StepOutcome) -> tuple[str, ...]:
    return (pairing.category.value, "+".join(pairing.first), pairing.final, seen.value)
