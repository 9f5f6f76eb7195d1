"""The metrics of several workers as one text, in which each sample says which worker it is from."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from router.telemetry.metrics import exposition

_LABEL = "worker"


class _CrewCollector(Collector):
    def __init__(self, texts: Mapping[int, bytes | None], killed: Callable[[int], int]) -> None:
        self._texts = texts
        self._killed = killed

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("farthing_worker_up", "1 if a worker answers", labels=[_LABEL])
        told = "Workers that were killed because they did not run any more"
        killed = CounterMetricFamily("farthing_worker_killed", told, labels=[_LABEL])
        for number, text in self._texts.items():
            up.add_metric([str(number)], float(text is not None))
            killed.add_metric([str(number)], self._killed(number))
        yield up
        yield killed
        yield from self._families().values()

    def _families(self) -> dict[str, Metric]:
        """Each metric once, with the samples of all workers."""
        found: dict[str, Metric] = {}
        for number, text in self._texts.items():
            for family in text_string_to_metric_families((text or b"").decode()):
                one = found.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                for name, labels, value, *_ in family.samples:
                    one.add_sample(name, {**labels, _LABEL: str(number)}, value)
        return found


def crew_exposition(texts: Mapping[int, bytes | None], killed: Callable[[int], int]) -> bytes:
    """One text for Prometheus from the `texts` of workers by number, None for a worker that does not answer.

    `killed` says how often that of a number was killed because its event loop stood still.
    """
    return exposition(_CrewCollector(texts, killed))
