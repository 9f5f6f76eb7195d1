"""The metrics of several workers as one text."""

from collections.abc import Iterator

import pytest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from router.telemetry.crew_metrics import crew_exposition
from router.telemetry.metrics import exposition


class _Fixed(Collector):
    def __init__(self, calls: float) -> None:
        self._calls = calls

    def collect(self) -> Iterator[Metric]:
        calls = CounterMetricFamily("farthing_calls", "Calls by model", labels=["model"])
        calls.add_metric(['a "quoted" one'], self._calls)
        calls.add_metric(["other"], 2 * self._calls)
        yield calls
        yield GaugeMetricFamily("farthing_left", "What is left", value=self._calls / 3)


@pytest.fixture
def text() -> str:
    texts = {0: exposition(_Fixed(1)), 1: None, 2: exposition(_Fixed(5))}
    return crew_exposition(texts, {0: 0, 1: 3, 2: 0}.__getitem__).decode()


def test_every_sample_of_every_worker_is_there_and_says_whose_it_is(text: str) -> None:
    told = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if family.name == "farthing_calls"
    }
    assert told == {
        ("farthing_calls_total", ("model", model), ("worker", worker)): value
        for worker, calls in (("0", 1.0), ("2", 5.0))
        for model, value in (('a "quoted" one', calls), ("other", 2 * calls))
    }


def test_a_metric_is_explained_once_and_keeps_its_kind(text: str) -> None:
    assert text.count("# HELP farthing_calls_total Calls by model\n") == 1
    assert text.count("# TYPE farthing_calls_total counter\n") == 1
    assert text.count("# TYPE farthing_left gauge\n") == 1


def test_a_worker_that_does_not_answer_is_told_to_be_down(text: str) -> None:
    up = [line for line in text.splitlines() if line.startswith("farthing_worker_up")]
    assert up == [
        'farthing_worker_up{worker="0"} 1.0',
        'farthing_worker_up{worker="1"} 0.0',
        'farthing_worker_up{worker="2"} 1.0',
    ]


def test_it_tells_which_workers_were_killed_because_they_stood_still(text: str) -> None:
    killed = [line for line in text.splitlines() if line.startswith("farthing_worker_killed")]
    assert killed == [
        'farthing_worker_killed_total{worker="0"} 0.0',
        'farthing_worker_killed_total{worker="1"} 3.0',
        'farthing_worker_killed_total{worker="2"} 0.0',
    ]
