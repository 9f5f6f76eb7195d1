"""The metrics of several workers as one text, in which each sample says which worker it is from."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from router.telemetry.metrics import exposition

_LABEL = "worker"


class _CrewCollector(Collector):
    def __init__(self, texts: Mapping[int, bytes | None]) -> None:
        self._texts = texts

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("farthing_worker_up", "1 if a worker answers", labels=[_LABEL])
        for number, text in self._texts.items():
            up.add_metric([str(number)], float(text is not None))
        yield up
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


def crew_exposition(texts: Mapping[int, bytes | None]) -> bytes:
    """One text for Prometheus from the `texts` of workers by number, None for a worker that does not answer."""
    return exposition(_CrewCollector(texts))
